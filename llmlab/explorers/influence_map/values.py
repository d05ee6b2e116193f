"""The values of the influence map: which token moves which output, and what should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from llmlab.attention import causal_mask, influence_map, padding_mask, prefix_mask, scaled_dot_product_attention
from llmlab.attention._bugs import BUGS, LATE_MASK, Attend, Looks, function, look, weights
from llmlab.explorers.host.learner import is_written

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
MASK_NAMES = {"torch": torch, "causal_mask": causal_mask, "padding_mask": padding_mask, "prefix_mask": prefix_mask}
MASKS: dict[str, Tensor] = {name: eval(code, MASK_NAMES) for name, code in MASK_CODE.items()}

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
    own = decoder and state["bug"] == OWN and _has_body(attend)
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


def _has_body(attend: Attend | None) -> bool:
    if attend is None:
        return False
    found = attend(_input("a random input"), *weights(D_IN, D, D_OUT), 3)
    return is_written(found)


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
