"""What the checks of several lessons ask of an answer: is it a number, a row, a letter, and which idea gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from string import whitespace
from typing import Any, TypeVar

from llmlab.exercises.engine.result import Misconception
from llmlab.exercises.engine.values import show
from llmlab.exercises.engine.verdicts import Wrong

T = TypeVar("T")


def is_number(value: Any) -> bool:
    """Whether a plain value is a number, and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Whether a plain value is an int, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_row(value: Any) -> bool:
    """Whether a plain value is a list of numbers; truth values are numbers, as Python counts."""
    return isinstance(value, list) and all(isinstance(number, int | float) for number in value)


def numbers(value: Any, count: int) -> list[float] | None:
    """A plain value that is a list of `count` numbers, as it is; None for anything else."""
    return value if isinstance(value, list) and len(value) == count and all(map(is_number, value)) else None


def faces(models: Mapping[str, Iterable[T]]) -> Iterator[tuple[str, T]]:
    """Ideas that have several faces each, one after the other, each with the name of its idea.

    >>> list(faces({"halved": [5], "squared": [100, -100]}))
    [('halved', 5), ('squared', 100), ('squared', -100)]
    """
    return ((name, face) for name, several in models.items() for face in several)


def name_of(models: Iterable[tuple[str, T]], agrees: Callable[[T], bool]) -> str | None:
    """The idea behind a wrong answer: the first of `models` that agrees with it, without what follows a colon.

    >>> name_of([("halved", 5), ("squared: the sign lost", 100)], lambda result: result == 100)
    'squared'
    """
    return next((name.partition(":")[0] for name, model in models if agrees(model)), None)


def choice(answer: Any, right: str, wrong: Mapping[str, str], held: str) -> Iterator[str]:
    """Check the letter of an option, however it is written: "(B)", "b.", " b ".

    Yields:
        `held`, if it is the right one.

    Raises:
        Wrong: it is another; `wrong` names the idea behind each other option, and "not-an-option" anything else.
    """
    letter = answer.strip(whitespace + "().:").lower() if isinstance(answer, str) else answer
    if letter != right:
        idea = wrong.get(letter, "not-an-option") if isinstance(letter, str) else "not-an-option"
        raise Wrong(idea, f"You answered `{show(answer)}`.")
    yield held


NOT_AN_OPTION = Misconception('Answer with the letter of an option in quotes: "a", "b", "c" or "d".')
