"""What several checks of lesson 06 share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Misconception

TIED = Misconception(
    "The small examples hold, and random ones do not. Is a number from an example written into the code, where a size "
    "of the input belongs?"
)


def tensor(value: Any) -> Tensor | None:
    """Nested lists of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        return None


def is_close(got: Tensor, expected: Tensor) -> bool:
    """Whether the values agree within rounding."""
    return got.shape == expected.shape and torch.allclose(got, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


def agrees(got: Tensor, models: dict[str, list[Tensor]]) -> str | None:
    """The first misconception that gives these very numbers."""
    return next((name for name, values in models.items() if any(is_close(got, value) for value in values)), None)


def fixed_numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + int(torch.tensor(shape).prod()))
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


def lower_triangle(T: int) -> Tensor:
    """The causal mask, True where a query may attend."""
    return torch.ones(T, T, dtype=torch.bool).tril()
