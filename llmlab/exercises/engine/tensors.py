"""What the checks of several lessons ask of a result that is a tensor."""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import Tensor


def tensor(value: Any, dtype: torch.dtype = torch.float64) -> Tensor | None:
    """Nested lists of numbers as a tensor; None for anything else.

    >>> tensor([[1, 2], [3]]) is None
    True
    """
    try:
        return torch.tensor(value, dtype=dtype)
    except (TypeError, ValueError, RuntimeError):
        return None


def is_close(got: Tensor | None, expected: Tensor, *, atol: float = 1e-4, equal_nan: bool = False) -> bool:
    """Whether shape and values agree, but for the rounding of float32."""
    return (
        got is not None
        and got.shape == expected.shape
        and torch.allclose(got.double(), expected.double(), rtol=1e-4, atol=atol, equal_nan=equal_nan)
    )


def seeded(fresh: random.Random) -> torch.Generator:
    """A generator of PyTorch's, seeded by one of Python's."""
    return torch.Generator().manual_seed(fresh.getrandbits(60))
