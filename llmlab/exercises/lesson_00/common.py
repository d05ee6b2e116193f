"""What several checks of lesson 00 share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isclose
from typing import Any

from llmlab.exercises.engine import Wrong, show

Ideas = Mapping[str, Callable[[float, float], bool]]


def two_numbers(answer: Any, right: tuple[float, float], ideas: Ideas) -> None:
    """Raise `Wrong` unless the answer is the right pair; the first of `ideas` that gives the pair names the mistake."""
    numbers = isinstance(answer, list) and len(answer) == 2
    if not numbers or any(isinstance(part, bool) or not isinstance(part, int | float) for part in answer):
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    first, second = answer
    if not all(map(isclose, answer, right)):  # added up in floats, shares may give 0.9999999999999999
        idea = next((name for name, gives in ideas.items() if gives(first, second)), "count-again")
        raise Wrong(idea, f"You answered {show(first)} and {show(second)}.")
