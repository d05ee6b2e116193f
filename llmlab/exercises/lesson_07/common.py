"""What several checks of lesson 07 share."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def tensor(value: Any) -> Tensor | None:
    """Nested lists of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None


def is_close(got: Tensor | None, expected: Tensor) -> bool:
    """Whether the values agree within rounding."""
    expected = expected.double()
    return got is not None and got.shape == expected.shape and torch.allclose(got, expected, rtol=1e-4, atol=1e-4)


def fixed_numbers(value: Any, count: int) -> list[float] | None:
    """`count` finite numbers, or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    right = all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in value)
    return value if right else None
