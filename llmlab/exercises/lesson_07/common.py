"""What several checks of lessons 07 and 08 share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Misconception, tensors
from llmlab.exercises.engine.answers import faces, name_of

TIED = Misconception(
    "The small examples hold, and random ones do not. Is a number from an example written into the code, where a size "
    "of the input belongs?"
)

tensor = partial(tensors.tensor, dtype=torch.float32)
is_close = partial(tensors.is_close, atol=1e-5, equal_nan=True)


def recognise(got: Tensor, models: Mapping[str, list[Tensor]]) -> str | None:
    """The first misconception that gives these very numbers."""
    return name_of(faces(models), partial(is_close, got))


def fixed_numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + int(torch.tensor(shape).prod()))
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


def lower_triangle(T: int) -> Tensor:
    """The causal mask, True where a query may attend."""
    return torch.ones(T, T, dtype=torch.bool).tril()
