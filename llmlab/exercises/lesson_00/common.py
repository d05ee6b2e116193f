"""What several checks of lesson 00 share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isclose
from typing import Any

from llmlab.exercises.engine import Wrong, show
from llmlab.exercises.engine.answers import name_of, numbers

Ideas = Mapping[str, Callable[[float, float], bool]]


def two_numbers(answer: Any, right: tuple[float, float], ideas: Ideas) -> None:
    """Raise `Wrong` unless the answer is the right pair; the first of `ideas` that gives the pair names the mistake."""
    if numbers(answer, 2) is None:
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    first, second = answer
    if not all(isclose(given, wanted, rel_tol=1e-6) for given, wanted in zip(answer, right, strict=True)):
        # Added up in float32, shares may give 0.9999999.
        idea = name_of(ideas.items(), lambda gives: gives(first, second))
        raise Wrong(idea or "count-again", f"You answered {show(first)} and {show(second)}.")


def letters_of(answer: Any) -> str | None:
    """The letters of an answer, in lower case; None for what holds no text."""
    text = "".join(answer) if isinstance(answer, list) and all(isinstance(one, str) for one in answer) else answer
    return "".join(letter for letter in text.lower() if letter.isalnum()) if isinstance(text, str) else None
