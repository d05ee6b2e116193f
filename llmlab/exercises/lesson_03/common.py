"""What several checks of lesson 03 share."""

from __future__ import annotations

from typing import Any

from llmlab.exercises.engine import Misconception
from llmlab.exercises.engine.answers import is_row
from llmlab.exercises.lesson_03.sections import SLIDE

TIED = Misconception(
    "The small examples hold, and random ones do not. Is a number from an example written into the code, where one of "
    "the parameters belongs?",
    SLIDE,
)


def windows_of(ids: list[int], max_length: int, stride: int) -> list[list[list[int]]]:
    """The right windows, from the definition: inputs and targets at each multiple of the stride where both fit."""
    starts = [start for start in range(len(ids)) if start % stride == 0 and start + max_length + 1 <= len(ids)]
    return [[ids[start : start + max_length], ids[start + 1 : start + 1 + max_length]] for start in starts]


def is_table(value: Any) -> bool:
    """Whether a plain value is a list of lists of numbers, and not empty."""
    return isinstance(value, list) and bool(value) and all(is_row(row) for row in value)
