"""The learner's function in an explorer: watched, called by its name, and replaced where it is not written yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets


class _Function(traitlets.Any):
    """Refuses what cannot be called: mostly it is what the function gave, and not the function."""

    def validate(self, obj: Any, value: Any) -> Any:
        if value is not None and not callable(value):
            raise TypeError(
                f"{self.name} must be a function or None, got {type(value).__name__}: "
                "pass the function by its name, without parentheses after it"
            )
        return value


def learners_function() -> traitlets.Any:
    """A trait that holds a function of the learner's, or None; the host draws anew when it is assigned to."""
    return _Function().tag(learners=True)


def is_written(answer: Any) -> bool:
    """Whether a function that returned `answer` has a body: an untouched exercise returns None or `...`."""
    return answer is not None and answer is not ...


def name_of(function: Callable[..., Any]) -> str:
    """How to call a function in a sentence."""
    return getattr(function, "__name__", "your function")


def not_written(function: Callable[..., Any] | None, instead: str) -> str:
    """The note above a picture that is made without the learner's function: `instead` says how. None needs no note."""
    return f"{name_of(function)} is not written yet, so {instead}." if function is not None else ""
