"""The picture of the influence map as HTML, and the same in words."""

from __future__ import annotations

from html import escape

from llmlab.attention._bugs import Looks, right_sharpness
from llmlab.explorers.host.markup import numbers, scrolling, table
from llmlab.explorers.influence_map.values import CHANGES, LATE, InfluenceTrace


def render(trace: InfluenceTrace) -> str:
    """The map as an HTML table, the numbers above it, and below it the line that is wrong and the other looks."""
    return _numbers(trace) + _map(trace) + _line(trace) + _looks(trace)


def describe(trace: InfluenceTrace) -> str:
    """The map in words."""
    moved = ", ".join(f"{i} {trace.outputs[i]}" for i in trace.moved) or "none"
    sentences = [
        f"Architecture: {trace.architecture}. Attention: {trace.bug if trace.looks else 'the right one'}.",
        f"Perturb token {trace.perturbed}, {trace.inputs[trace.perturbed]}: outputs that move: {moved}.",
        f"In the whole map {sum(map(sum, trace.reaches))} of {len(trace.outputs) * len(trace.inputs)} cells move.",
    ]
    for cells, what in ((trace.leaks, "moves and should not"), (trace.blind, "should move and does not")):
        if cells:
            some = ", ".join(f"output {i} with token {j}" for i, j in cells[:3])
            more = f" and {len(cells) - 3} more" if len(cells) > 3 else ""
            sentences.append(f"What {what}: {some}{more}.")
    if trace.looks:
        sentences += [f"{name}: {shown}, {_verdict(right)}." for name, shown, right in _four_looks(trace.looks)]
    return " ".join(sentences)


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
    keys = (("moves", "0.42", "moves this far"), ("still", "·", "hidden, and still"))
    keys += (("leak", "0.42 !", "moves and should not"), ("blind", "0 ?", "should move and does not"))
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
    number = "NaN" if size != size else f"{size:.2f}" if size >= 0.005 else "&lt;.01"
    text = {"moves": number, "leak": f"{number} !", "blind": "0 ?", "still": "·"}[kind]
    chosen = " llmlab-chosen" if j == trace.perturbed else ""
    return f'<td class="llmlab-{kind}{chosen}"{_paint(kind)}>{text}</td>'


def _line(trace: InfluenceTrace) -> str:
    change = CHANGES[trace.bug]
    if change is None or trace.looks is None:
        return ""
    what = "Its line, another way to the same result" if trace.bug == LATE else "Its line, and what should stand there"
    right, written = (f"<code>{escape(line)}</code>" for line in change)
    return f'<div class="llmlab-line">{what}:<br>{written}<br>{right}</div>'


def _four_looks(looks: Looks) -> list[tuple[str, str, bool]]:
    """(name, what is seen, whether it is as it should be)."""
    shape = {True: "exactly lower-triangular", False: "not lower-triangular"}
    now, right = ("  ".join(f"{value:.2f}" for value in values) for values in (looks.sharpness, right_sharpness()))
    error = "NaN" if looks.difference == float("inf") else f"off by {looks.difference:.2f}"
    return [
        ("Map at a random input", shape[looks.at_random], looks.at_random),
        ("Map around zero", shape[looks.around_zero], looks.around_zero),
        ("Magnitudes at width 16, 64, 256", f"{now} (right: {right})", looks.steady),
        ("Values on a small example", "equal" if looks.equal else error, looks.equal),
    ]


def _verdict(right: bool) -> str:
    return "as it should be" if right else "wrong"


def _looks(trace: InfluenceTrace) -> str:
    if trace.looks is None:
        return ""
    rows = ""
    for name, shown, right in _four_looks(trace.looks):
        mark, flag = ("✓", "") if right else ("✗", "llmlab-flag")
        rows += f'<tr><th scope="row">{name}</th><td class="{flag}">{mark} {_verdict(right)}</td><td>{shown}</td></tr>'
    looks = scrolling("Four looks at this version", f'<table class="llmlab-grid">{rows}</table>')
    return f"<div>Four looks at this version, each with 3 heads or more:</div>{looks}"
