"""What several checks of lesson 06 share."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import show, tensors
from llmlab.exercises.engine.answers import faces, is_row, name_of

Models = Mapping[str, list[Tensor]]

is_close = partial(tensors.is_close, atol=1e-5)


def fixed_numbers(*shape: int, step: int = 7) -> Tensor:
    """Quarters between -1.25 and 1.25 without an order: numbers that no version of a random generator changes."""
    count = math.prod(shape)
    return torch.tensor([((step * i * i + 3 * i + 1) % 11 - 5) / 4 for i in range(count)]).reshape(shape)


def random_tensor(fresh: random.Random, *shape: int) -> Tensor:
    """Normally distributed numbers, from the seed that `fresh` gives."""
    return torch.randn(shape, generator=tensors.seeded(fresh))


def tables(value: Any, count: int) -> bool:
    """Whether a plain result has so many parts and none of them is a mere row: one table alone has rows as parts."""
    return isinstance(value, list) and len(value) == count and not any(is_row(part) for part in value)


def recognise(got: Tensor | None, models: Models, otherwise: str) -> str:
    """The first known mistake that gives this result."""
    return name_of(faces(models), partial(is_close, got)) or otherwise


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
