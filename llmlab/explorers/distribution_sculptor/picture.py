"""The picture of the distribution sculptor as HTML, the reason of what is seen, and the same in words.

Bars on an axis that no control moves, with a ghost of the plain softmax; scissors for both cuts; the draws as marbles;
below, what the same setting does after each of the six contexts. All numbers are in numbers.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from llmlab.explorers.distribution_sculptor.counted import CONTEXTS
from llmlab.explorers.distribution_sculptor.numbers import percent
from llmlab.explorers.distribution_sculptor.values import OPEN, ROWS, TOP_K, TOP_P, SculptorTrace
from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural

AXIS = 0.4  # the right end, in every state; what is longer ends in an arrow
CUTS = [int(k) for k in TOP_K if k != "all" and int(k) <= ROWS]


def render(trace: SculptorTrace) -> str:
    """The trace as HTML: a bar for each of the most probable tokens, with what can be cut and drawn."""
    soft, now, plain = trace.softened.tolist(), trace.probabilities.tolist(), trace.plain.tolist()
    drawn = _marbles(trace)
    rows = ""
    for i in range(ROWS):
        said = f"{trace.tokens[i]}: plain {plain[i]:.3f}, now {now[i]:.3f}; came next {trace.seen[i]}×"
        rows += _row(i, escape(trace.tokens[i]), (now[i], soft[i], plain[i]), trace.seen[i] == 0, drawn[i], said)
        if i + 1 in CUTS:
            rows += _knife(str(i + 1), "cut here: top-k")
    rest = [sum(values[ROWS:]) for values in (now, soft, plain)]
    said = f"{len(now) - ROWS} other tokens together: plain {rest[2]:.3f}, now {rest[0]:.3f}"
    rows += _row(ROWS, f"{len(now) - ROWS} others", rest, True, drawn[ROWS], said)
    rows += _knife("all", "cut nothing: top-k")
    return (
        f'<div class="llmlab-sculpture"{touch(key="rows", group="cuts", sweep=True)}>{rows}</div>{_top_p(trace)}'
        f'<p class="llmlab-said"><b>{escape(trace.context)}</b> … {_sentence(trace)}</p>{_tiles(trace)}'
        f'<p class="llmlab-hint">{_legend()}</p>'
    )


def _legend() -> str:
    """What each look of a bar means; none breaks between its mark and its words."""
    looks = {"real": "came next in the text", "nonsense": "never did", "gone": "cut", "ghost": "plain softmax"}
    marks = [f'<span class="llmlab-swatch llmlab-{look}"></span> {said}' for look, said in looks.items()]
    return " ".join(f'<span class="llmlab-meant">{mark}</span>' for mark in (*marks, "● one of 20 draws"))


def _row(at: int, name: str, shares: Sequence[float], never: bool, marbles: str, said: str) -> str:
    """One token; `shares` are its probability now, the softmax at this temperature, and the plain one."""
    now, soft, plain = shares
    kept = now > 0
    look = "llmlab-gone" if not kept else "llmlab-nonsense" if never else "llmlab-real"
    share = now if kept else soft
    beyond = '<span class="llmlab-beyond">▸</span>' if share > AXIS else ""
    return (
        f'<div class="llmlab-lane-row"{touch(key=f"row{at}")}><span>{name}</span>'
        f'<span class="llmlab-lane"{touch(tip=said, link=f"t{at}")}>'
        f'<span class="llmlab-share {look}"{touch(key=f"bar{at}")} style="width:{_percent(share)}"></span>'
        f'<span class="llmlab-ghost" style="width:{_percent(plain)}"></span>{beyond}</span>'
        f'<span>{now:.1%}</span><span class="llmlab-marbles">{marbles}</span></div>'
    )


def _percent(share: float) -> str:
    return f"{100 * min(share / AXIS, 1.0):.2f}%"


def _knife(k: str, tip: str) -> str:
    its = touch(key=f"cut{k}", press={"top_k": k}, tip=f"{tip} {k}")
    return f'<div class="llmlab-knife" data-k="{k}"{its}></div>'


def _marbles(trace: SculptorTrace) -> list[str]:
    rows = [""] * (ROWS + 1)
    for number, place in enumerate(trace.drawn[: trace.shown]):
        rows[min(place, ROWS)] += f"<i{touch(key=f'm{number}', flip=True)}></i>"
    return rows


def _top_p(trace: SculptorTrace) -> str:
    """The kept tokens as one stacked bar that ends at 1, with a place to cut it for each value of top-p."""
    parts = ""
    for i, share in enumerate(trace.after_top_k[:ROWS].tolist()):
        kept = bool(trace.kept[i])
        kind = "llmlab-gone" if not kept else "llmlab-nonsense" if trace.seen[i] == 0 else "llmlab-real"
        its = touch(key=f"part{i}", link=f"t{i}")
        parts += f'<span class="llmlab-part {kind}"{its} style="width:{100 * share:.2f}%"></span>'
    tail = float(trace.after_top_k[ROWS:].sum())
    kind = "llmlab-nonsense" if bool(trace.kept[ROWS:].any()) else "llmlab-gone"
    parts += f'<span class="llmlab-part {kind}"{touch(key="parts")} style="width:{100 * tail:.2f}%"></span>'
    cuts = "".join(
        f'<span class="llmlab-slot"{touch(key=f"p{p}", press={"top_p": p}, tip=f"cut here: top-p {p}")} data-p="{p}" '
        f'style="left:{100 * float(p):.0f}%"></span>'
        for p in TOP_P
    )
    return (
        '<div class="llmlab-line"><span class="llmlab-lane-name">added up</span><div class="llmlab-stack">'
        f'<div class="llmlab-parts">{parts}</div>'
        f'<div class="llmlab-slots"{touch(key="slots", group="follow", sweep=True)}>{cuts}</div></div></div>'
    )


def _sentence(trace: SculptorTrace) -> str:
    words = ""
    for number, place in enumerate(trace.drawn[: trace.shown]):
        kind = ' class="llmlab-odd"' if trace.seen[place] == 0 else ""
        its = touch(key=f"w{number}", link=f"t{min(place, ROWS)}")
        words += f"<span{kind}{its}>{escape(trace.tokens[place])}</span> "
    return words


def _tiles(trace: SculptorTrace) -> str:
    """The same setting after all six contexts."""
    tiles = ""
    judged = zip(CONTEXTS, trace.everywhere, trace.good_everywhere, strict=True)
    for context, (unseen, openness), good in judged:
        said = f"{context}: chance of nonsense {percent(unseen)}, {min(openness, 1):.0%} as open as it could be"
        its = touch(key=f"tile {context}", press={"context": context}, tip=said)
        tiles += (
            f'<span class="llmlab-tile{" llmlab-fine" if good else ""}"{its}>'
            f"<b>{'✓' if good else '✗'}</b> {escape(context)} …"
            f'<span class="llmlab-meter"><i class="llmlab-real" style="width:{100 * min(openness, 1):.0f}%"></i>'
            f'<i class="llmlab-need" style="left:{100 * OPEN:.0f}%"></i></span><span class="llmlab-meter">'
            f'<i class="llmlab-nonsense" style="width:{100 * min(unseen, 1):.1f}%"></i></span></span>'
        )
    return (
        '<div class="llmlab-tiles-title"><b>The same setting after every context</b> <small>upper bar: how open the '
        "choice is (line: what the target asks); lower bar: nonsense</small></div>"
        f'<div class="llmlab-tiles"{touch(key="tiles", group="contexts")}>{tiles}</div>'
    )


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: SculptorTrace) -> str:
    """What the settings have done, cause and effect."""
    odd = sum(trace.seen[place] == 0 for place in trace.drawn[: trace.shown])
    drawn = f"Of {plural(trace.shown, 'draw')} {odd} {'is' if odd == 1 else 'are'} nonsense."
    choices = f"as open as {trace.choices:.1f} equal tokens"
    if not trace.temperature:
        return "Temperature 0 leaves the largest logit alone: every draw is the same, and no cut changes that."
    if trace.unseen > 0 and trace.temperature > 1:
        cause = "dividing by a temperature above 1 brings the logits together, and the long tail of tokens that never "
        cause += f"came next gets {percent(trace.unseen)} between them"
    elif trace.unseen > 0:
        cause = f"no cut stops before the tail: tokens that never came next keep {percent(trace.unseen)}"
    else:
        kept = int((trace.probabilities > 0).sum())
        cause = f"{kept} of the {trace.n_seen} tokens that came next are left, and no others"
        cause += " (the one that reaches top-p stays)" * (trace.top_p is not None and trace.top_k is None)
    return f"<b>{choices.capitalize()}</b>: {cause}. {drawn}"


def describe(trace: SculptorTrace) -> str:
    """The trace in words: what is kept, the most probable tokens, how open the choice is, what is drawn."""
    best = ", ".join(
        f"{token} {share:.1%}"
        for token, share in zip(trace.tokens[:3], trace.probabilities[:3].tolist(), strict=True)
        if share > 0
    )
    kept, size = int((trace.probabilities > 0).sum()), len(trace.tokens)
    return (
        f"After “{trace.context}”: {kept} of {size} tokens can be drawn. Most probable: {best}. The entropy is "
        f"{trace.entropy:.2f} bits, as open as {trace.choices:.1f} equally likely tokens; {percent(trace.unseen)} "
        f"goes to tokens that never came next in the counted text. The first draw is {trace.tokens[trace.drawn[0]]}."
    )
