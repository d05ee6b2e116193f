"""The influence map (lesson 06): perturb a token and see which outputs move.

It drives the learner's `attend`, or one of twelve versions of it with a single wrong line (`llmlab.attention._bugs`).
A cell of the map holds how far output i moves when token j is perturbed. What the map cannot see, three more looks do.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import torch
import traitlets
from torch import Tensor

from llmlab.attention import causal_mask, influence_map, padding_mask, prefix_mask, scaled_dot_product_attention
from llmlab.attention._bugs import (
    BUGS,
    LATE_MASK,
    Attend,
    Looks,
    function,
    look,
    right_sharpness,
    source,
    weights,
)
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range

INPUTS = ("The", "piano", "came", "to", "the", "island", "today")
OUTPUTS = ("Das", "Klavier", "kam", "heute", "an")  # of a decoder that translates
D_IN, D, D_OUT = 8, 12, 10

OWN, LATE = "your own", "late mask, renormalised"
CHANGES = {OWN: None, **BUGS, LATE: LATE_MASK}
# The masks as one would type them, (T_output, T_input): `.code()` prints these lines.
MASK_CODE = {
    "decoder": "causal_mask(7)",
    "encoder": "torch.ones(7, 7, dtype=torch.bool)",
    "encoder, 2 tokens padding": "padding_mask([5], 7)[0].expand(7, 7)",
    "prefix of 3 tokens": "prefix_mask(7, prefix=3)",
    "encoder-decoder": "torch.ones(5, 7, dtype=torch.bool)",
}
_NAMES = {"torch": torch, "causal_mask": causal_mask, "padding_mask": padding_mask, "prefix_mask": prefix_mask}
MASKS: dict[str, Tensor] = {name: eval(code, _NAMES) for name, code in MASK_CODE.items()}

Cells = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class InfluenceTrace:
    """Which inputs reach which outputs; all tables are (T_output, T_input).

    Attributes:
        inputs: the tokens that can be perturbed.
        outputs: the tokens whose outputs are watched; the same ones, but for the cross-attention of encoder-decoder.
        allowed: the mask, True = may attend.
        wanted: what should reach what. A token that is hidden as a key still moves its own output through its query.
        reaches: what `influence_map` found.
        moves: how far each output moves when one token is perturbed, as a length; 0.0 where it does not.
        perturbed: the number of the token that is looked at.
        architecture: whose mask it is.
        bug: which version of attention was run.
        own_function: whether that was the learner's own; False means llmlab's.
        looks: four looks at a decoder's attention function; None for the other architectures.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    allowed: Cells
    wanted: Cells
    reaches: Cells
    moves: Cells
    perturbed: int
    architecture: str
    bug: str
    own_function: bool
    looks: Looks | None

    @property
    def lower_triangular(self) -> bool:
        """Each output is reached by its own token and all before it, and by nothing else."""
        return len(self.outputs) == len(self.inputs) and all(
            reaches == (j <= i) for i, row in enumerate(self.reaches) for j, reaches in enumerate(row)
        )

    @property
    def leaks(self) -> tuple[tuple[int, int], ...]:
        """(output, input) where something reaches that should not."""
        return self._cells(lambda reaches, wanted: reaches and not wanted)

    @property
    def blind(self) -> tuple[tuple[int, int], ...]:
        """(output, input) where something should reach and does not."""
        return self._cells(lambda reaches, wanted: wanted and not reaches)

    @property
    def moved(self) -> tuple[int, ...]:
        """The outputs that move when the chosen token is perturbed."""
        return tuple(i for i, row in enumerate(self.reaches) if row[self.perturbed])

    def _cells(self, chosen: Callable[[bool, bool], bool]) -> tuple[tuple[int, int], ...]:
        return tuple(
            (i, j)
            for i, rows in enumerate(zip(self.reaches, self.wanted, strict=True))
            for j, (reaches, wanted) in enumerate(zip(*rows, strict=True))
            if chosen(reaches, wanted)
        )


def attend_with_mask(x, W_query, W_key, W_value, W_out, n_heads, mask, queries_from):
    """Attention from the rows of `queries_from` to those of `x`, with any mask: (T_output, d_out)."""

    def split(t):
        return t.unflatten(-1, (n_heads, -1)).transpose(0, 1)  # (T, D) -> (H, T, d_head)

    queries, keys, values = queries_from @ W_query, x @ W_key, x @ W_value
    heads = scaled_dot_product_attention(split(queries), split(keys), split(values), mask).context
    return heads.transpose(0, 1).flatten(1) @ W_out


def compute(state: dict[str, Any], attend: Attend | None = None, kept: dict[Any, Any] | None = None) -> InfluenceTrace:
    """The trace of a state of the influence map.

    Args:
        state: bug, architecture, heads, perturbed and around.
        attend: the learner's `attend(x, W_query, W_key, W_value, W_out, n_heads)`; None, or a function that is not
            written yet (it returns None or ...), lets llmlab's stand in.
        kept: where to keep what does not depend on the token that is perturbed.

    Raises:
        TypeError, ValueError: the function returned something other than one row a token.
        Exception: whatever the function raises.
    """
    kept = {} if kept is None else kept
    decoder = state["architecture"] == "decoder"
    own = decoder and state["bug"] == OWN and _is_written(attend)
    run = attend if own else function(CHANGES[state["bug"]])
    key = (own, *(state[name] for name in ("bug", "architecture", "heads", "around")))
    if key not in kept:
        kept[key] = _measure(_layer(state, run), _input(state["around"]))
    looks_key = (own, state["bug"])
    if decoder and looks_key not in kept:
        kept[looks_key] = look(run)
    reaches, moves = kept[key]
    mask = MASKS[state["architecture"]]
    # Around zero all scores are 0 and stay so: a query moves nothing there.
    own_query = torch.eye(len(mask), mask.shape[1], dtype=torch.bool) & (mask.sum(1) > 1)[:, None]
    through_query = len(mask) == mask.shape[1] and state["around"] == "a random input"
    return InfluenceTrace(
        inputs=INPUTS,
        outputs=OUTPUTS if len(mask) == len(OUTPUTS) else INPUTS,
        allowed=_cells(mask),
        wanted=_cells(mask | own_query if through_query else mask),
        reaches=_cells(reaches),
        moves=_cells(moves),
        perturbed=state["perturbed"],
        architecture=state["architecture"],
        bug=state["bug"],
        own_function=own,
        looks=kept[looks_key] if decoder else None,
    )


def _cells(table: Tensor) -> Cells:
    return tuple(map(tuple, table.tolist()))


def _is_written(attend: Attend | None) -> bool:
    if attend is None:
        return False
    found = attend(_input("a random input"), *weights(D_IN, D, D_OUT), 3)
    return found is not None and found is not ...


def _input(around: str) -> Tensor:
    x = torch.randn(len(INPUTS), D_IN, generator=torch.Generator().manual_seed(1))
    return x if around == "a random input" else torch.zeros_like(x)


def _layer(state: dict[str, Any], run: Attend) -> Callable[[Tensor], Tensor]:
    """The layer to look at, as a function of the tokens that are perturbed."""
    matrices = weights(D_IN, D, D_OUT)
    if state["architecture"] == "decoder":
        return lambda x: run(x, *matrices, state["heads"])
    mask = MASKS[state["architecture"]]
    other = torch.randn(len(OUTPUTS), D_IN, generator=torch.Generator().manual_seed(2))
    crossed = len(mask) == len(OUTPUTS)
    return lambda x: attend_with_mask(x, *matrices, state["heads"], mask, other if crossed else x)


@torch.no_grad()
def _measure(layer: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The map, and the length of each output's move for one perturbation of each token."""
    reaches = influence_map(layer, x)
    before = layer(x.clone())
    generator = torch.Generator().manual_seed(3)
    steps = torch.randn(x.shape, generator=generator)
    moves = torch.zeros(reaches.shape)
    for j, step in enumerate(steps):
        perturbed = x.clone()
        perturbed[j] += step
        moves[:, j] = (layer(perturbed) - before).norm(dim=1)
    return reaches, moves.masked_fill(~reaches, 0.0)


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
    return (
        '<div class="llmlab-numbers">'
        + " · ".join(f"<span>{escape(name)} <b>{value}</b></span>" for name, value in facts.items())
        + "</div>"
    )


# Inline colours are what is left where a page strips stylesheets; the style sheet adds the hatching.
_COLOUR = {"moves": "rgba(47, 127, 193, 0.28)", "leak": "rgba(200, 89, 10, 0.38)", "still": "rgba(128, 128, 128, 0.14)"}


def _map(trace: InfluenceTrace) -> str:
    head = "".join(
        f'<th scope="col"{_chosen(trace, j)}>{j}<br>{escape(token)}</th>' for j, token in enumerate(trace.inputs)
    )
    body = ""
    for i, token in enumerate(trace.outputs):
        cells = "".join(_cell(trace, i, j) for j in range(len(trace.inputs)))
        body += f'<tr><th scope="row">{i} {escape(token)}</th>{cells}</tr>'
    keys = (("moves", "0.42", "moves this far"), ("still", "·", "hidden, and still"))
    keys += (("leak", "0.42 !", "moves and should not"), ("blind", "0 ?", "should move and does not"))
    legend = " &nbsp; ".join(f"{_key(kind, sign)} {words}" for kind, sign, words in keys)
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="Which token moves which output">'
        '<table class="llmlab-grid llmlab-influence"><thead>'
        f"<tr><td>perturbed →<br>output ↓</td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<div>{legend}</div>"
    )


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
    return (
        "<div>Four looks at this version, each with 3 heads or more:</div>"
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="Four looks at this version">'
        f'<table class="llmlab-grid">{rows}</table></div>'
    )


class InfluenceMap(Explorer):
    """Perturb a token and see which outputs move, in your own causal attention or with one of twelve bugs in it.

    Args:
        attend: your `attend(x, W_query, W_key, W_value, W_out, n_heads)`, which returns one row a token.
            Assign to `.attend` to try another one.

    >>> InfluenceMap().trace.lower_triangular
    False
    """

    sheet = "influence_map.css"

    attend = traitlets.Any()
    bugs = (*BUGS, LATE)

    def __init__(self, attend: Attend | None = None) -> None:
        self._kept: dict[Any, Any] = {}
        super().__init__(
            title="Influence map",
            task="Your target: a map that is exactly lower-triangular, at a random input and around zero. "
            "Then find the three bugs that reach it all the same.",
            controls=[
                Choice("bug", "Attention", tuple(CHANGES), initial="mask after the softmax"),
                Choice("architecture", "Architecture", tuple(MASKS), initial="decoder"),
                Range("heads", "Heads", 1, 4, initial=3),
                Range("perturbed", "Perturbed token", 0, len(INPUTS) - 1, initial=3),
                Choice("around", "Taken at", ("a random input", "zero"), initial="a random input"),
            ],
            attend=attend,
        )

    @traitlets.observe("attend")
    def _attend_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def refresh(self) -> None:
        self._kept = {}
        super().refresh()

    def compute(self, state: dict[str, Any]) -> InfluenceTrace:
        return compute(state, self.attend, self._kept)

    def render(self, trace: InfluenceTrace) -> str:
        return render(trace)

    def describe(self, trace: InfluenceTrace) -> str:
        return describe(trace)

    def note(self, trace: InfluenceTrace) -> str:
        if trace.architecture != "decoder":
            return "Your function and the bugs are a decoder's; for other masks llmlab's own attention is shown."
        if trace.bug != OWN or trace.own_function:
            return ""
        if self.attend is None:
            return "No function was given, so llmlab's own attention is shown."
        name = getattr(self.attend, "__name__", "your function")
        return f"{name} is not written yet, so llmlab's own attention is shown."

    def target(self, trace: InfluenceTrace) -> tuple[bool, str]:
        if trace.looks is None:
            return False, "Not yet: the target is a decoder's map."
        if not trace.lower_triangular:
            return False, f"Not yet: {_count(len(trace.leaks), 'leak')}, {_count(len(trace.blind), 'blind cell')}."
        if not trace.looks.at_random:
            return False, "Not yet: exactly lower-triangular here, but not with several heads."
        if not trace.looks.around_zero:
            return False, "Not yet: exactly lower-triangular here, but not around zero."
        if trace.looks.steady and trace.looks.equal:
            return True, "Reached: exactly lower-triangular, and magnitudes and values are as they should be too."
        return True, "Reached, and yet it is wrong: a bug that no map shows. The magnitudes or the values do."

    def code_for(self, state: dict[str, Any]) -> str:
        heads, mask, rows = state["heads"], MASK_CODE[state["architecture"]], "x"
        if state["architecture"] == "decoder":
            needed, call = [], f"attend(x, *matrices, {heads})"
            body = source(CHANGES[state["bug"]]).removeprefix("import torch\n\n")
        else:
            needed = ["scaled_dot_product_attention", *(name for name in _NAMES if f"{name}(" in mask)]
            rows = "x" if state["architecture"] != "encoder-decoder" else "decoded"
            body = inspect.getsource(attend_with_mask)
            call = f"attend_with_mask(x, *matrices, {heads}, mask, {rows})"
        lines = [
            "import torch",
            f"from llmlab.attention import {', '.join(['influence_map', *needed])}\n",
            body,
            "generator = torch.Generator().manual_seed(0)",
            f"shapes = [({D_IN}, {D})] * 3 + [({D}, {D_OUT})]",
            "matrices = [torch.randn(s, generator=generator).double() / s[0]**0.5 for s in shapes]",
            f"x = {_input_code(state['around'], len(INPUTS), 1)}",
        ]
        if needed:
            lines.append(f"mask = {mask}")
        if rows == "decoded":
            lines.append(f"decoded = {_input_code('a random input', len(OUTPUTS), 2)}")
        lines.append(f"print(influence_map(lambda x: {call}, x).int())")
        return "\n".join(lines)


def _input_code(around: str, T: int, seed: int) -> str:
    if around == "zero":
        return f"torch.zeros({T}, {D_IN}).double()"
    return f"torch.randn({T}, {D_IN}, generator=torch.Generator().manual_seed({seed})).double()"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"
