"""What several checks of lesson 02 share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from llmlab.exercises.engine import Misconception
from llmlab.exercises.engine.answers import faces, is_whole, name_of
from llmlab.exercises.lesson_02.sections import REPEAT

TIED_TO_EXAMPLE = Misconception(
    "The small examples hold, and random ones do not. Is a value from an example written into the code?", REPEAT
)


Pair = tuple[int, int]
Algorithms = Mapping[str, Sequence[Callable]]


def named(algorithms: Algorithms, cases: Sequence[tuple], results: Sequence) -> str | None:
    """The first misconception one of whose algorithms gives all `results`; None where none does."""
    return name_of(faces(algorithms), lambda algorithm: [algorithm(*case) for case in cases] == [*results])


def is_list_of_ids(value: Any) -> bool:
    """Whether a plain value is a list of whole numbers."""
    return isinstance(value, list) and all(map(is_whole, value))


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
