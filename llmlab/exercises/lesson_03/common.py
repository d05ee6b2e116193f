"""What several checks of lesson 03 share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmlab.exercises.engine import Misconception, Raised, Wrong, plain
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


NOTHING = "nothing"  # what a function gave that gave nothing back


def read_or_nothing(result: Any, args: tuple) -> Any:
    """What a probe reads where a function may give nothing back."""
    return NOTHING if result is None else plain(result)


def for_a_short_text(call: Callable[[], Any], expected: str) -> Any:
    """What a function gives for a text too short for one window; one that refuses it is told what is expected.

    Raises:
        Wrong: the function stopped on purpose, or gave nothing back.
    """
    try:
        got = call()
    except Raised as raised:
        if raised.seen.on_purpose or raised.seen.is_a("AssertionError"):
            raise Wrong("short-text-refused", f"{raised}\nExpected is {expected}.") from None
        raise
    if got == NOTHING:
        raise Wrong("short-text-refused", f"It gave `None`. Expected is {expected}.")
    return got


SHORT_TEXT = Misconception(
    "A text too short for one window is not an error here: the answer for it is no window at all.", SLIDE
)


def is_table(value: Any) -> bool:
    """Whether a plain value is a list of lists of numbers, and not empty."""
    return isinstance(value, list) and bool(value) and all(is_row(row) for row in value)
