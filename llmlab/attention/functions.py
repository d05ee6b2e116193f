"""Attention without anything to train: two functions from vectors to context, with every step in the result."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from llmlab.utils.arguments import require_dropout, require_number
from llmlab.utils.tensors import require_alike, require_generator, widened


class AttentionResult(NamedTuple):
    """What attention computed, with its steps.

    Attributes:
        context: the weighted sums of the values, (..., T_query, d_value).
        weights: what they were weighted with, (..., T_query, T_key); rows sum to 1 before dropout.
        scores: before mask and softmax, scaled where scaling applies, (..., T_query, T_key).
    """

    context: Tensor
    weights: Tensor
    scores: Tensor


def simplified_attention(x: Tensor) -> AttentionResult:
    """Attention without anything to train: queries, keys and values are all `x`, and nothing is scaled.

    Args:
        x: float, (..., T, D); 16-bit floats are computed with in float32.

    Returns:
        context, weights and scores, in the dtype of `x`.

    Raises:
        TypeError: `x` is not a float tensor.
        ValueError: `x` has fewer than two dimensions.

    >>> simplified_attention(torch.tensor([[1.0, 0.0], [0.0, 0.0]])).weights
    tensor([[0.7311, 0.2689],
            [0.5000, 0.5000]])
    """
    require_vectors("x", x)
    dtype, x = x.dtype, widened(x)
    scores = x @ x.transpose(-2, -1)  # (..., T, T)
    weights = scores.softmax(dim=-1)
    return AttentionResult((weights @ x).to(dtype), weights.to(dtype), scores.to(dtype))


def scaled_dot_product_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    *,
    scale: float | None = None,
    dropout: float = 0.0,
    generator: torch.Generator | None = None,
) -> AttentionResult:
    """softmax(q kᵀ · scale) v, step by step: the path for study. (`MultiHeadAttention` has a faster one.)

    Args:
        q: queries, float, (..., T_query, d). Leading dimensions of all arguments broadcast.
        k: keys, (..., T_key, d), of the dtype and on the device of the queries.
        v: values, (..., T_key, d_value), likewise.
        mask: bool, broadcastable to (..., T_query, T_key), True = may attend.
        scale: factor of the scores; None means 1/√d, which keeps their variance near 1.
        dropout: share of the weights set to zero; the others grow by 1/(1 - dropout). Applied whenever it is above 0.
        generator: source of the dropout; None draws from PyTorch's global one.

    Returns:
        context, weights and scores, in the dtype of the queries; 16-bit floats are computed with in float32.

    Raises:
        TypeError: an argument is not a float tensor, or the mask is not bool.
        ValueError: shapes, dtypes or devices that do not fit, or `dropout` outside [0, 1).

    >>> q, k, v = torch.zeros(1, 2, 8), torch.randn(1, 3, 8), torch.tensor([[[3.0], [6.0], [9.0]]])
    >>> scaled_dot_product_attention(q, k, v).context  # equal scores: the mean of the values
    tensor([[[6.],
             [6.]]])
    """
    for name, value in (("q", q), ("k", k), ("v", v)):
        require_vectors(name, value)
    require_fitting(q, k, v)
    require_dropout(dropout)
    require_generator(generator, q.device)
    if scale is None:
        scale = 1 / math.sqrt(q.shape[-1])
    require_number("scale", scale)

    dtype, q, k, v = q.dtype, widened(q), widened(k), widened(v)
    scores = q @ k.transpose(-2, -1) * scale  # (..., T_query, T_key)
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        require_mask(mask, scores.shape, scores.device)
        sees_something = mask.any(dim=-1, keepdim=True)
        # A row of nothing but -inf would be NaN after the softmax, and so would its gradient: leave it, then zero it.
        weights = scores.masked_fill(~mask & sees_something, -math.inf).softmax(dim=-1) * sees_something
    if dropout:
        kept = torch.rand(weights.shape, generator=generator, device=weights.device) >= dropout
        weights = weights * kept / (1 - dropout)
    return AttentionResult((weights @ v).to(dtype), weights.to(dtype), scores.to(dtype))


def require_vectors(name: str, value: Tensor) -> None:
    """Raise unless `value` is a float tensor of shape (..., T, D)."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        mend = "token ids are embedded first (llmlab.embeddings)"
        if not isinstance(value, Tensor):
            mend = "torch.tensor(...) makes one of a list of rows"
        raise TypeError(f"{name} must be a float tensor, got {kind}: {mend}")
    if value.dim() < 2:
        raise ValueError(f"{name} must have shape (..., T, D), got {tuple(value.shape)}")


def require_fitting(q: Tensor, k: Tensor, v: Tensor) -> None:
    """Raise unless queries, keys and values can attend to one another: their shapes, dtypes and devices."""
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"queries and keys must be equally wide, got q {tuple(q.shape)} and k {tuple(k.shape)}")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"each key needs one value, got k {tuple(k.shape)} and v {tuple(v.shape)}")
    if q.shape[-1] == 0:
        raise ValueError(f"queries and keys must be at least 1 wide, got q {tuple(q.shape)} and k {tuple(k.shape)}")
    _require_leading(q, k, v)
    require_alike(q=q, k=k, v=v)


def _require_leading(*tensors: Tensor) -> None:
    leading = [tensor.shape[:-2] for tensor in tensors]
    if any(shape != leading[0] for shape in leading):
        try:
            torch.broadcast_shapes(*leading)
        except RuntimeError:
            shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in zip("qkv", tensors, strict=True))
            raise ValueError(f"the dimensions before the last two must be equal or broadcast, got {shapes}") from None


def require_mask(mask: Tensor, scores_shape: tuple[int, ...], device: torch.device) -> None:
    """Raise unless `mask` is bool, on the device of the scores, and broadcasts to their shape."""
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        kind = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"mask must be a bool tensor, True = may attend, got {kind}: write mask.bool() or mask == 1")
    fits = len(mask.shape) <= len(scores_shape) and all(
        size in (1, wanted) for size, wanted in zip(reversed(mask.shape), reversed(scores_shape), strict=False)
    )
    if not fits:
        raise ValueError(f"mask of shape {tuple(mask.shape)} does not fit scores of shape {tuple(scores_shape)}")
    if mask.device != device:
        raise ValueError(f"mask is on {mask.device}, the inputs are on {device}: write mask.to({str(device)!r})")
