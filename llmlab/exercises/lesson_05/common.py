"""What several checks of lesson 05 share."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import show

Models = Mapping[str, list[Tensor]]


def fixed_numbers(*shape: int, step: int = 7) -> Tensor:
    """Quarters between -1.25 and 1.25 without an order: numbers that no version of a random generator changes."""
    count = math.prod(shape)
    return torch.tensor([((step * i * i + 3 * i + 1) % 11 - 5) / 4 for i in range(count)]).reshape(shape)


def random_tensor(fresh: random.Random, *shape: int) -> Tensor:
    """Normally distributed numbers, from the seed that `fresh` gives."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(fresh.getrandbits(60)))


def tensor(value: Any) -> Tensor | None:
    """A plain nested list of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None


def tables(value: Any, count: int) -> bool:
    """Whether a plain result has so many parts and none of them is a mere row: one table alone has rows as parts."""
    return isinstance(value, list) and len(value) == count and not any(is_row(part) for part in value)


def is_row(value: Any) -> bool:
    """Whether a plain value is a list of numbers."""
    return isinstance(value, list) and all(isinstance(number, int | float) for number in value)


def is_close(got: Tensor | None, expected: Tensor) -> bool:
    """Whether the values agree within rounding."""
    return (
        got is not None
        and got.shape == expected.shape
        and torch.allclose(got, expected.double(), rtol=1e-4, atol=1e-5)  # float32 against float64
    )


def recognise(got: Tensor | None, models: Models, otherwise: str) -> str:
    """The first known mistake that gives this result."""
    return next((name for name, values in models.items() if any(is_close(got, value) for value in values)), otherwise)


def shape_of(value: Tensor | None) -> str:
    """The shape in words."""
    return "no table of numbers" if value is None else f"shape {tuple(value.shape)}"


def first(name: str, got: Tensor | None, expected: Tensor) -> str:
    """The first row of what came and of what was expected, or the two shapes."""
    if got is None or got.shape != expected.shape:
        return f"The {name} should have shape {tuple(expected.shape)}; yours: {shape_of(got)}."
    return f"The first row of the {name} was `{show(got[0].tolist())}`, expected `{show(expected[0].tolist())}`."


def attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Context and weights, in double precision."""
    q, k, v = q.double(), k.double(), v.double()
    weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights
