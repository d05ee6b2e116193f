"""What several checks of lesson 02 share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from llmlab.exercises.engine import Misconception
from llmlab.exercises.lesson_02.sections import REPEAT

TIED_TO_EXAMPLE = Misconception(
    "The small examples hold, and random ones do not. Is a value from an example written into the code?", REPEAT
)


def named(algorithms: Mapping[str, Sequence[Callable]], cases: Sequence[tuple], results: list, other: str) -> str:
    """The first misconception one of whose algorithms gives all `results`, else `other`."""
    for name, several in algorithms.items():
        if any([algorithm(*case) for case in cases] == results for algorithm in several):
            return name
    return other


def is_whole(value: Any) -> bool:
    """Whether a value is an int, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


Pair = tuple[int, int]


def pair_counts(ids: list[int]) -> dict[Pair, int]:
    """How often each pair of neighbours occurs."""
    return dict(Counter(pairwise(ids)))


def merge_pair(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """The ids with each occurrence of the pair replaced, from left to right."""
    merged, rest = [], list(ids)
    while rest:
        found = tuple(rest[:2]) == pair
        merged.append(new_id if found else rest[0])
        rest = rest[2 if found else 1 :]
    return merged


def merge_first(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """The ids with only the first occurrence of the pair replaced: a common slip."""
    place = next((i for i, found in enumerate(pairwise(ids)) if found == pair), None)
    return list(ids) if place is None else [*ids[:place], new_id, *ids[place + 2 :]]
