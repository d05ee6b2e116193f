"""The values of the influence map: which token moves which output, what should, and which looks catch which bug."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from llmlab.attention._bugs import BUGS, Attend, Looks, function, look, weights
from llmlab.explorers.host.learner import is_written
from llmlab.explorers.influence_map.measuring import (
    CHANGES,
    D_IN,
    D_OUT,
    INPUTS,
    MASKS,
    OUTPUTS,
    OWN,
    RANDOM,
    D,
    input_around,
    layer,
    measure,
)
from llmlab.explorers.influence_map.recorded import LOOKS, Map, fewest_looks, known_map, known_passes, passes

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
        heads: how many.
        around: where tokens are shaken, "a random input" or "zero".
        architecture: whose mask it is.
        bug: which version of attention was run.
        own_function: whether that was the learner's own; False means llmlab's.
        looks: four looks at a decoder's attention function; None for the other architectures.
        small_maps: the map of each version at this input and this number of heads, by name; None for the learner's,
            unless it is the one that was run.
        test: those of `LOOKS` that the learner has taken into the test.
        seen_by: for each version the looks that it does not pass; of the learner's only if it is the one that was run.
        fewest: how many looks catch all bugs, at least.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    allowed: Cells
    wanted: Cells
    reaches: Cells
    moves: Cells
    perturbed: int
    heads: int
    around: str
    architecture: str
    bug: str
    own_function: bool
    looks: Looks | None
    small_maps: dict[str, Map | None]
    test: tuple[str, ...]
    seen_by: dict[str, tuple[str, ...]]
    fewest: int

    @property
    def bugs(self) -> tuple[str, ...]:
        """The names of the bugs."""
        return tuple(BUGS)

    @property
    def caught(self) -> tuple[str, ...]:
        """The bugs that the learner's test catches."""
        return tuple(bug for bug in BUGS if set(self.test) & set(self.seen_by[bug]))

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


def compute(state: dict[str, Any], attend: Attend | None = None, kept: dict[Any, Any] | None = None) -> InfluenceTrace:
    """The trace of a state of the influence map.

    Args:
        state: bug, architecture, heads, perturbed, around, and test_random to test_values: the looks of the test.
        attend: the learner's `attend(x, W_query, W_key, W_value, W_out, n_heads)`; None, or a function that is not
            written yet (it returns None or ...), lets llmlab's stand in.
        kept: where to keep what is measured of that function, which does not depend on the token that is perturbed.

    Raises:
        TypeError, ValueError: the function returned something other than one row per token.
        Exception: whatever the function raises.
    """
    kept = {} if kept is None else kept
    decoder, heads, around = state["architecture"] == "decoder", state["heads"], state["around"]
    own = decoder and state["bug"] == OWN and _has_body(attend)
    if own and attend is not None:
        if (heads, around) not in kept:
            kept[heads, around] = measure(layer(attend, "decoder", heads), input_around(around))
        if "looks" not in kept:
            kept["looks"] = look(attend)
        (reaches, moves), looks = kept[heads, around], kept["looks"]
    else:
        version = state["bug"] if decoder else OWN  # the other architectures have no bugs
        reaches, moves = _measured(version, state["architecture"], heads, around)
        looks = _looks(version) if decoder else None
    mask = MASKS[state["architecture"]]
    # Around zero all scores are 0 and stay so: a query moves nothing there.
    own_query = torch.eye(len(mask), mask.shape[1], dtype=torch.bool) & (mask.sum(1) > 1)[:, None]
    through_query = len(mask) == mask.shape[1] and around == RANDOM
    return InfluenceTrace(
        inputs=INPUTS,
        outputs=OUTPUTS if len(mask) == len(OUTPUTS) else INPUTS,
        allowed=_cells(mask),
        wanted=_cells(mask | own_query if through_query else mask),
        reaches=_cells(reaches),
        moves=_cells(moves),
        perturbed=state["perturbed"],
        heads=heads,
        around=around,
        architecture=state["architecture"],
        bug=state["bug"],
        own_function=own,
        looks=looks,
        small_maps={
            name: known_map(name, heads, around) if name != OWN else _cells(reaches) if own else None
            for name in CHANGES
        },
        test=tuple(name for name in LOOKS if state[f"test_{name}"]),
        seen_by={
            name: _failed(known_passes(name)) if name != OWN else _failed(passes(looks)) if own else ()
            for name in CHANGES
        },
        fewest=fewest_looks(),
    )


@lru_cache(maxsize=256)
def _measured(version: str, architecture: str, heads: int, around: str) -> tuple[Tensor, Tensor]:
    """The map of one of llmlab's own versions, and how far outputs move."""
    return measure(layer(function(CHANGES[version]), architecture, heads), input_around(around))


@lru_cache(maxsize=32)
def _looks(version: str) -> Looks:
    return look(function(CHANGES[version]))


def _failed(passed: tuple[bool, ...]) -> tuple[str, ...]:
    return tuple(name for name, fine in zip(LOOKS, passed, strict=True) if not fine)


def _cells(table: Tensor) -> Cells:
    return tuple(map(tuple, table.tolist()))


def _has_body(attend: Attend | None) -> bool:
    if attend is None:
        return False
    found = attend(input_around(RANDOM), *weights(D_IN, D, D_OUT), 3)
    return is_written(found)
