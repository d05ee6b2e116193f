"""What several checks of lessons 09 and 10 share."""

from __future__ import annotations

import math
from typing import Any

from llmlab.exercises.engine.answers import numbers


def finite_numbers(value: Any, count: int) -> list[float] | None:
    """A plain value that is a list of `count` finite numbers; None for anything else."""
    found = numbers(value, count)
    return found if found and all(map(math.isfinite, found)) else None
