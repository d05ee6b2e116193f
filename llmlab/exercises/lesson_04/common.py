"""What several checks of lessons 04 and 05 share."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def table(n_rows: int, width: int, first: int) -> Tensor:
    """Numbers that no two rows and no two tables share: `first`, then half a step more at each entry, signs mixed."""
    entries = [(first + i / 2) * (-1) ** (i * (i + 1) // 2) for i in range(n_rows * width)]
    return torch.tensor(entries).reshape(n_rows, width)


def shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of nested lists of numbers, or None where they are ragged or hold something else."""
    if isinstance(value, int | float):
        return ()
    if not isinstance(value, list):
        return None
    shapes = {shape_of(item) for item in value}
    inner = shapes.pop() if shapes else ()
    return None if shapes or inner is None else (len(value), *inner)


def is_close(got: Any, expected: Any) -> bool:
    """Whether nested lists of numbers agree: same shape, and each entry within rounding of float32."""
    if isinstance(expected, list):
        return isinstance(got, list) and len(got) == len(expected) and all(map(is_close, got, expected))
    return isinstance(got, int | float) and math.isclose(got, expected, rel_tol=1e-4, abs_tol=1e-4)
