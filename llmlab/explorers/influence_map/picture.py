"""The picture of the influence map as HTML: a token is shaken, and lines lead to the outputs that move.

Beside it the whole map in shades; below, all versions as small maps, and the looks that a test can be made of, which
are in versions.py.
"""

from __future__ import annotations

import math
from html import escape

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural
from llmlab.explorers.influence_map.numbers import written
from llmlab.explorers.influence_map.values import InfluenceTrace
from llmlab.explorers.influence_map.versions import looks, masks, versions

SMALLEST, LARGEST = 3e-3, 5.0  # a move of this length has the palest shade, one of that the full one
KINDS = {(1, 1): "moves", (1, 0): "leak", (0, 1): "blind", (0, 0): "still"}
SAID = {
    "moves": "moves it by {}, as it may",
    "leak": "moves it by {}: a leak",
    "blind": "does not move it, and should",
    "still": "does not move it: hidden",
}
SIGNS = {"moves": "", "leak": "!", "blind": "?", "still": "·"}


def render(trace: InfluenceTrace) -> str:
    """The lines and the map, the versions, the looks, and the line that is wrong."""
    return (
        f'<div class="llmlab-shaken">{_lines(trace)}{_map(trace)}</div>{_legend()}'
        f"{versions(trace)}{masks(trace)}{looks(trace)}"
    )


def kind(trace: InfluenceTrace, i: int, j: int) -> str:
    """What output i does when token j is shaken: a key of `SAID`."""
    return KINDS[trace.reaches[i][j], trace.wanted[i][j]]


def size(move: float) -> float:
    """How strong a move is drawn, from 0 to 1: equal factors are equal steps."""
    if not math.isfinite(move):
        return 1.0
    share = math.log(max(move, SMALLEST) / SMALLEST) / math.log(LARGEST / SMALLEST)
    return min(max(share, 0.0), 1.0)


def opacity(move: float) -> float:
    """How strong a move's cell is: the smallest is told from none, and on the strongest its number is legible."""
    return 0.28 + 0.5 * size(move)


def _lines(trace: InfluenceTrace) -> str:
    """Inputs above, outputs below, a line from the shaken token to each output that moves."""
    j, T, outputs = trace.perturbed, len(trace.inputs), len(trace.outputs)
    x = (j + 0.5) * 1000 / T
    lines = ends = ""
    for i, token in enumerate(trace.outputs):
        u, what, move = (i + 0.5) * 1000 / outputs, kind(trace, i, j), trace.moves[i][j]
        if what != "still":
            width = 1 + 10 * size(move) if what != "blind" else 2
            lines += (
                f'<path class="llmlab-line-{what}"{touch(key=f"line{i}", link=f"o{i}")} d="M{x:.0f} 0C{x:.0f} 70 '
                f'{u:.0f} 50 {u:.0f} 120" style="stroke-width:{width:.1f}px" vector-effect="non-scaling-stroke"></path>'
            )
        said = f"output {i}, {token}: token {j}, {trace.inputs[j]}, {SAID[what].format(_plain(move))}"
        ends += (
            f'<span class="llmlab-end llmlab-end-{what}"{touch(key=f"out{i}", link=f"o{i}", tip=said)}>'
            f"{escape(token)}<b>{SIGNS[what]}</b></span>"
        )
    starts = "".join(
        f'<span class="llmlab-chip"{touch(key=f"in{at}", press={"perturbed": at}, tip=f"shake token {at}, {token}")}>'
        f"{escape(token)}</span>"
        for at, token in enumerate(trace.inputs)
    )
    moved = f"{plural(len(trace.moved), 'output')} of {outputs} {'moves' if len(trace.moved) == 1 else 'move'}"
    return (
        f"<div><div><b>Shake a token</b> <small>{escape(trace.inputs[j])}: {moved}</small></div>"
        f'<div class="llmlab-starts"{touch(key="starts", group="follow", sweep=True)}>{starts}</div>'
        '<svg viewBox="0 0 1000 120" preserveAspectRatio="none" aria-hidden="true">'
        f'{lines}</svg><div class="llmlab-starts">{ends}</div><div class="llmlab-hint">inputs above, outputs '
        "below</div></div>"
    )


def _plain(move: float) -> str:
    return written(move).replace("&lt;", "less than ")


def _map(trace: InfluenceTrace) -> str:
    """All tokens at once, a column each; numbers stand in the column of the shaken one alone."""
    T = len(trace.inputs)
    cells = "<span></span>" + "".join(
        f'<span class="llmlab-head"{touch(key=f"head{j}")}>{escape(token[:6])}</span>'
        for j, token in enumerate(trace.inputs)
    )
    for i, token in enumerate(trace.outputs):
        cells += f'<span class="llmlab-head llmlab-asking"{touch(key=f"row{i}", link=f"o{i}")}>{escape(token)}</span>'
        for j, shaken in enumerate(trace.inputs):
            what, move = kind(trace, i, j), trace.moves[i][j]
            said = f"token {j}, {shaken}; output {i}, {token}: {SAID[what].format(_plain(move))}"
            its = touch(key=f"{i}.{j}", press={"perturbed": j}, link=f"o{i}", tip=said)
            number = written(move) if j == trace.perturbed and what in ("moves", "leak") else ""
            shade = f'<i style="opacity:{opacity(move):.2f}"></i>' if what in ("moves", "leak") else ""
            cells += f'<span class="llmlab-cell llmlab-{what}"{its}>{shade}<b>{number}{SIGNS[what]}</b></span>'
    return (
        "<div><div><b>The whole map</b> <small>one column per shaken token, one row per output; press a column</small>"
        "</div>"
        f'<div class="llmlab-cells"{touch(key="cells", group="follow", sweep=True)} '
        f'style="grid-template-columns:minmax(3.4em,max-content) repeat({T},minmax(0,1fr))">{cells}</div></div>'
    )


def _legend() -> str:
    keys = (
        ("moves", "moves, as it may"),
        ("leak", "! moves and should not: a leak"),
        ("blind", "? should move and does not"),
        ("still", "· hidden"),
    )
    spans = "".join(f'<span><i class="llmlab-swatch llmlab-swatch-{name}"></i> {words}</span>' for name, words in keys)
    return f'<p class="llmlab-hint llmlab-keys">{spans}</p>'
