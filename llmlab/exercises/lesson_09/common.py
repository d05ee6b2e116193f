"""What several checks of lesson 09 share."""

from __future__ import annotations

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


def name_of(got: Tensor | None, models: dict[str, Tensor]) -> str | None:
    """The first known mistake that gives these values."""
    return next((name for name, value in models.items() if is_close(got, value)), None)
