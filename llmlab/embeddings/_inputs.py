"""Checks of what embeddings are given."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def require_tensor(name: str, value: object) -> Tensor:
    """The tensor that `value` is; raise unless it is one."""
    if not isinstance(value, Tensor):
        maker = "torch.from_numpy" if isinstance(value, np.ndarray) else "torch.tensor"
        raise TypeError(f"{name} must be a tensor, got {type(value).__name__}: {maker}(...) makes one")
    return value


def as_integers(name: str, value: object) -> Tensor:
    """The tensor as int64, in which PyTorch can compare and look up; raise unless it is one of integers."""
    value = require_tensor(name, value)
    if value.is_floating_point() or value.is_complex() or value.dtype == torch.bool:
        raise TypeError(f"{name} must be integers, got {value.dtype} of shape {tuple(value.shape)}")
    return value.long()


def expands(shape: torch.Size, to: torch.Size) -> bool:
    """Whether a tensor of this shape broadcasts to `to`, its last axis as it is."""
    return (
        shape[-1] == to[-1]
        and len(shape) <= len(to)
        and all(size in (1, wanted) for size, wanted in zip(reversed(shape), reversed(to), strict=False))
    )


def check_ids(ids: Tensor, vocab_size: int) -> None:
    """Raise if an id has no row in a table of `vocab_size` rows; the message names the first such id."""
    outside = ids[(ids < 0) | (ids >= vocab_size)]
    if len(outside):
        raise ValueError(
            f"token id {int(outside[0])} is not in the vocabulary, whose ids reach from 0 to {vocab_size - 1}: "
            "does the table belong to the tokenizer that made the ids?"
        )
