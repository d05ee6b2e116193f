"""What multi-head attention checks of rotary positions, and how it counts them (lesson 14)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from llmlab.attention._cache import KVCache
from llmlab.embeddings._inputs import as_integers, expands
from llmlab.utils.arguments import as_count, require_number


def require_rope(theta: float | None, d_head: int) -> None:
    """Raise unless `theta` is None, or heads of this width can be turned with it."""
    if theta is None:
        return
    require_number("rope_theta", theta)
    if not 0 < theta < math.inf:
        raise ValueError(f"rope_theta must be above 0 and finite, got {theta}")
    if d_head % 2:
        raise ValueError(
            f"rotary positions turn pairs of numbers, and a head has {d_head}: choose sizes so that d_out / n_heads is "
            "even"
        )


def as_positions(
    positions: Tensor | int | None, x: Tensor, cache: KVCache | None, theta: float | None
) -> Tensor | None:
    """The position of each token of `x` (..., T, D): (T,), or (..., 1, T) to go with heads; None without rotary ones.

    Raises:
        TypeError, ValueError: positions where there is nothing to turn, no integers, or not one for each token.
    """
    if theta is None:
        if positions is not None:
            raise ValueError(
                "positions turn queries and keys, and this module was built without rope_theta: leave them out, or "
                "give rope_theta=10_000.0"
            )
        return None
    T = x.shape[-2]
    if positions is None:
        positions = 0 if cache is None else len(cache)
    if not isinstance(positions, Tensor):
        start = as_count("positions", positions, least=0)
        return torch.arange(start, start + T, device=x.device)
    positions = as_integers("positions", positions)
    if positions.dim() == 0 or not expands(positions.shape, x.shape[:-1]):
        raise ValueError(
            f"positions must be (T,) or (..., T) for x {tuple(x.shape)}, got shape {tuple(positions.shape)}"
        )
    return positions if positions.dim() == 1 else positions.unsqueeze(-2)
