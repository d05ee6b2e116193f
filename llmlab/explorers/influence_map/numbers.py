"""All numbers of the influence map as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from html import escape

from llmlab.attention._bugs import BUGS, Looks, right_sharpness
from llmlab.explorers.host.markup import numbers, scrolling, table
from llmlab.explorers.influence_map.measuring import CHANGES, LATE
from llmlab.explorers.influence_map.values import InfluenceTrace

NAMES = {
    "random": "Map at a random input",
    "zero": "Map around zero",
    "magnitudes": "Magnitudes at width 16, 64, 256",
    "values": "Values on a small example",
}


def more(trace: InfluenceTrace) -> str:
    """The map with all numbers, the line that is wrong, the four looks at this version, and who catches what."""
    return _numbers(trace) + _map(trace) + _line(trace) + _looks(trace) + _catches(trace)


def _numbers(trace: InfluenceTrace) -> str:
    cells = len(trace.outputs) * len(trace.inputs)
    facts = {
        "cells that move": f"{sum(map(sum, trace.reaches))} of {cells}",
        "leaks": len(trace.leaks),
        "blind": len(trace.blind),
        f"moved by {trace.inputs[trace.perturbed]}": f"{len(trace.moved)} of {len(trace.outputs)} outputs",
    }
    return numbers(facts)


# Inline colours are what is left where a page strips stylesheets; the style sheet adds the hatching.
_COLOUR = {"moves": "rgba(47, 127, 193, 0.28)", "leak": "rgba(200, 89, 10, 0.38)", "still": "rgba(128, 128, 128, 0.14)"}


def _map(trace: InfluenceTrace) -> str:
    head = "<td>perturbed →<br>output ↓</td>" + "".join(
        f'<th scope="col"{_chosen(trace, j)}>{j}<br>{escape(token)}</th>' for j, token in enumerate(trace.inputs)
    )
    body = ""
    for i, token in enumerate(trace.outputs):
        cells = "".join(_cell(trace, i, j) for j in range(len(trace.inputs)))
        body += f'<tr><th scope="row">{i} {escape(token)}</th>{cells}</tr>'
    keys = [("moves", "0.42", "moves this far"), ("still", "·", "hidden, and still")]
    keys += [("leak", "0.42 !", "moves and should not"), ("blind", "0 ?", "should move and does not")]
    legend = " &nbsp; ".join(f"{_key(kind, sign)} {words}" for kind, sign, words in keys)
    cells = table(body, head=head, kind="llmlab-influence")
    return f"{scrolling('Which token moves which output', cells)}<div>{legend}</div>"


def _key(kind: str, sign: str) -> str:
    return f'<span class="llmlab-key llmlab-{kind}"{_paint(kind)}>&nbsp;{sign}&nbsp;</span>'


def _paint(kind: str) -> str:
    return f' style="background-color: {_COLOUR[kind]}"' if kind in _COLOUR else ""


def _chosen(trace: InfluenceTrace, j: int) -> str:
    return ' class="llmlab-chosen"' if j == trace.perturbed else ""


def _cell(trace: InfluenceTrace, i: int, j: int) -> str:
    reaches, wanted = trace.reaches[i][j], trace.wanted[i][j]
    kind = {(1, 1): "moves", (1, 0): "leak", (0, 1): "blind", (0, 0): "still"}[reaches, wanted]
    size = trace.moves[i][j]
    number = written(size)
    text = {"moves": number, "leak": f"{number} !", "blind": "0 ?", "still": "·"}[kind]
    chosen = " llmlab-chosen" if j == trace.perturbed else ""
    return f'<td class="llmlab-{kind}{chosen}"{_paint(kind)}>{text}</td>'


def written(size: float) -> str:
    """How far an output moved, in two decimals; what is small but not nothing does not look like nothing. Escaped."""
    return "NaN" if size != size else f"{size:.2f}" if size >= 0.005 else "&lt;.01"


def _line(trace: InfluenceTrace) -> str:
    change = CHANGES[trace.bug]
    if change is None or trace.looks is None:
        return ""
    what = "Its line, another way to the same result" if trace.bug == LATE else "Its line, and what should stand there"
    right, written = (f"<code>{escape(line)}</code>" for line in change)
    return f'<div class="llmlab-line">{what}:<br>{written}<br>{right}</div>'


def four_looks(looks: Looks) -> list[tuple[str, str, bool]]:
    """For each of `LOOKS`: its name in the test, what is seen, and whether it is as it should be."""
    shape = {True: "exactly lower-triangular", False: "not lower-triangular"}
    now, right = ("  ".join(f"{value:.2f}" for value in values) for values in (looks.sharpness, right_sharpness()))
    error = "NaN" if looks.difference == float("inf") else f"off by {looks.difference:.2f}"
    return [
        ("random", shape[looks.at_random], looks.at_random),
        ("zero", shape[looks.around_zero], looks.around_zero),
        ("magnitudes", f"{now} (right: {right})", looks.steady),
        ("values", "equal" if looks.equal else error, looks.equal),
    ]


def verdict(right: bool) -> str:
    """Whether a look shows what it should, in words."""
    return "as it should be" if right else "wrong"


def _looks(trace: InfluenceTrace) -> str:
    if trace.looks is None:
        return ""
    rows = ""
    for name, shown, right in four_looks(trace.looks):
        mark, flag = ("✓", "") if right else ("✗", "llmlab-flag")
        said = f'<td class="{flag}">{mark} {verdict(right)}</td><td>{shown}</td>'
        rows += f'<tr><th scope="row">{NAMES[name]}</th>{said}</tr>'
    looks = scrolling("Four looks at this version", f'<table class="llmlab-grid">{rows}</table>')
    return f"<div>Four looks at this version, each with 3 heads or more:</div>{looks}"


def _catches(trace: InfluenceTrace) -> str:
    """Which look catches which bug; those of the test in bold."""
    head = "<td></td>" + "".join(f'<th scope="col">{_bold(name, name in trace.test)}</th>' for name in NAMES)
    rows = ""
    for bug in BUGS:
        cells = "".join(f"<td>{'✗ caught' if name in trace.seen_by[bug] else 'passes'}</td>" for name in NAMES)
        rows += f'<tr><th scope="row">{bug}</th>{cells}</tr>'
    catches = scrolling("Which look catches which bug", table(rows, head=head))
    return f"<div>Which look catches which bug (bold: in your test):</div>{catches}"


def _bold(text: str, on: bool) -> str:
    return f"<b>{text}</b>" if on else text
