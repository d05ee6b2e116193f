"""All versions of attention as small maps, the masks of other architectures, and the looks that a test is made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape

from llmlab.attention._bugs import BUGS, Looks, right_sharpness
from llmlab.explorers.host.touch import touch
from llmlab.explorers.influence_map.measuring import CHANGES, LATE, MASKS
from llmlab.explorers.influence_map.numbers import four_looks
from llmlab.explorers.influence_map.recorded import LOOKS
from llmlab.explorers.influence_map.values import InfluenceTrace

SHORT = {
    "random": "map at a random input",
    "zero": "map around zero",
    "magnitudes": "magnitudes",
    "values": "values",
}
SHARPEST = 0.6  # a bar of the magnitudes that fills its lane, in every state


def versions(trace: InfluenceTrace) -> str:
    """Fourteen small maps at this input and this number of heads; pressed, one is looked at."""
    tiles = ""
    for name in CHANGES:
        small = trace.small_maps[name]
        drawing = _small(small) if small else '<span class="llmlab-unknown">?</span>'
        sign, said = _fate(trace, name)
        its = touch(key=f"version {name}", press={"bug": name, "architecture": "decoder"}, tip=f"{name}: {said}")
        tiles += f'<span class="llmlab-version"{its}>{drawing}<span>{escape(name)}</span>{sign}</span>'
    return (
        "<div><b>Fourteen versions</b> <small>the same map, small; press one. Your test: ✓ caught, ✗ escapes</small>"
        f'</div><div class="llmlab-versions"{touch(key="versions", group="versions")}>{tiles}</div>'
    )


def _fate(trace: InfluenceTrace, name: str) -> tuple[str, str]:
    """What the learner's test says of a version: a sign, and words."""
    caught = bool(set(trace.test) & set(trace.seen_by[name]))
    if name in BUGS:
        if caught:
            return '<b class="llmlab-caught">✓</b>', "caught by your test"
        return '<b class="llmlab-escapes">✗</b>', "escapes your test"
    if name == LATE:
        return "<b>=</b>", "right, and passes every look"
    if not trace.own_function:
        return "<b></b>", "press to see its map"
    return "<b></b>", "caught by your test" if caught else "passes your test"


@lru_cache(maxsize=256)
def _small(reaches: tuple[tuple[bool, ...], ...]) -> str:
    """A map as three paths: what moves, what leaks, what is blind; a line along the diagonal."""
    paths = {"moves": "", "leak": "", "blind": ""}
    for i, row in enumerate(reaches):
        for j, reached in enumerate(row):
            what = "leak" if reached and j > i else "moves" if reached else "blind" if j <= i else ""
            if what:
                paths[what] += f"M{j} {i}h1v1h-1z" if what != "blind" else f"M{j + 0.3:.1f} {i + 0.3:.1f}h.4v.4h-.4z"
    drawn = "".join(f'<path class="llmlab-small-{what}" d="{path}"></path>' for what, path in paths.items() if path)
    return f'<svg viewBox="0 0 7 7" aria-hidden="true">{drawn}<path class="llmlab-diagonal" d="M0 0L7 7"></path></svg>'


def masks(trace: InfluenceTrace) -> str:
    """The masks of five architectures, small; pressed, one is looked at."""
    tiles = ""
    for name in MASKS:
        its = touch(key=f"mask {name}", press={"architecture": name}, name=f"look at: {name}")
        tiles += f'<span class="llmlab-version"{its}>{_mask(name)}<span>{name}</span></span>'
    return (
        "<div><b>Other masks</b> <small>what may be looked at, for five architectures</small></div>"
        f'<div class="llmlab-versions"{touch(key="masks", group="masks")}>{tiles}</div>'
    )


@lru_cache(maxsize=8)
def _mask(name: str) -> str:
    rows = MASKS[name].tolist()
    path = "".join(f"M{j} {i}h1v1h-1z" for i, row in enumerate(rows) for j, on in enumerate(row) if on)
    return f'<svg viewBox="0 0 7 7" aria-hidden="true"><path class="llmlab-small-moves" d="{path}"></path></svg>'


def looks(trace: InfluenceTrace) -> str:
    """The four looks: pressed, one goes into the test or out of it; each shows what it finds in this version."""
    found = {name: (shown, right) for name, shown, right in four_looks(trace.looks)} if trace.looks else {}
    tiles = ""
    for name in LOOKS:
        taken = name in trace.test
        said = f"{SHORT[name]}: {'in your test; press to take it out' if taken else 'press to take it into your test'}"
        its = touch(key=f"look {name}", press={f"test_{name}": not taken}, tip=said)
        tiles += (
            f'<span class="llmlab-look{" llmlab-taken" if taken else ""}"{its}><span><b>{"☑" if taken else "☐"}</b> '
            f"{SHORT[name]}</span>{_evidence(trace.looks, name, found)}</span>"
        )
    of = f"<small>what each shows of <b>{escape(trace.bug)}</b></small>" if trace.looks else ""
    return (
        f'<div><b>Four looks</b> {of}</div><div class="llmlab-looks"{touch(key="looks", group="looks")}>{tiles}</div>'
        f"{_line(trace)}"
    )


def _evidence(seen: Looks | None, name: str, found: dict[str, tuple[str, bool]]) -> str:
    if seen is None:
        return "<small>a decoder's</small>"
    shown, right = found[name]
    sign = '<b class="llmlab-right">✓</b>' if right else '<b class="llmlab-wrong">✗</b>'
    if name == "magnitudes":
        return f"<span>{sign} {_bars(seen.sharpness, right_sharpness())}</span>"
    return f"<span>{sign} {shown}</span>"


def _bars(now: Sequence[float], right: Sequence[float]) -> str:
    """The magnitudes at three widths, each beside a mark for the right one."""
    bars = "".join(
        f'<i class="llmlab-bar-of" style="height:{_share(value)}"></i>'
        f'<i class="llmlab-should" style="bottom:{_share(mark)}"></i>'
        for value, mark in zip(now, right, strict=True)
    )
    return f'<span class="llmlab-bars">{bars}</span> line: right'


def _share(value: float) -> str:
    return f"{100 * min(value / SHARPEST, 1) if value == value else 100:.0f}%"


def _line(trace: InfluenceTrace) -> str:
    """The line of this version against the right one, as a change is written."""
    change = CHANGES[trace.bug]
    if change is None or trace.looks is None:
        return '<div class="llmlab-diff"></div>'
    right, here = (escape(line) for line in change)
    sign = "=" if trace.bug == LATE else "−"
    return (
        f'<div class="llmlab-diff"><code class="llmlab-here"><b>{sign}</b> {here}</code>'
        f'<code class="llmlab-there"><b>+</b> {right}</code></div>'
    )
