"""What several checks of lesson 11 ask of an answer."""

from __future__ import annotations

import math
from typing import Any

from llmlab.exercises.engine.answers import is_number


def number_of(value: Any) -> float | None:
    """A finite number, also as a tensor with one entry; None for anything else."""
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    return float(value) if is_number(value) and math.isfinite(value) else None


def is_close(got: float, expected: float) -> bool:
    """Whether the values agree within rounding."""
    return math.isclose(got, expected, rel_tol=1e-3, abs_tol=1e-4)


def all_close(got: list[float], expected: list[float]) -> bool:
    """Whether two lists of numbers agree within rounding, one by one."""
    return len(got) == len(expected) and all(map(is_close, got, expected))
