"""Attention that never holds its weights (lesson 13).

Softmax seems to need a whole row of scores at once: the largest of them, and the sum that they are divided by. Both can
be kept up to date while the scores arrive block by block. `online_softmax` does so for the weights themselves;
`online_attention` keeps one more running value, the weighted sum of the values, and so needs no weights at all. Its
answer is that of softmax attention, not an approximation of it.

This is the idea of FlashAttention, in plain PyTorch: what it saves is memory. The speed of FlashAttention comes from
doing it in one kernel whose blocks stay in a GPU's fast memory. Not here: masks, the backward pass, that kernel.

Sources: Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al. 2022, "FlashAttention:
fast and memory-efficient exact attention with IO-awareness".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from llmlab.attention.functions import require_fitting
from llmlab.utils.arguments import as_count
from llmlab.utils.tensors import widened


def online_softmax(scores: Tensor, block: int) -> Tensor:
    """Softmax over the last axis, with the maximum and the sum found block by block.

    Args:
        scores: float, (..., T); -inf for what must get no weight, as long as a row holds something else as well.
        block: how many scores are looked at together, at least 1; the last block may be shorter.

    Returns:
        the weights, (..., T), in the dtype of the scores: those of `scores.softmax(dim=-1)`, up to rounding. The sum of
        16-bit floats is kept in float32: in float16 a sum of ones would stop at 2,048.

    Raises:
        TypeError: `scores` is not a float tensor, or `block` not an int.
        ValueError: `scores` has no axis or an empty one, or `block` is below 1.

    >>> online_softmax(torch.tensor([1.0, 3.0, 2.0, 1000.0]), block=2)
    tensor([0., 0., 0., 1.])
    >>> online_softmax(torch.tensor([0.0, 0.0, 0.0, 0.0]), block=3)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    _require_vectors("scores", scores, dimensions=1)
    block, dtype, scores = as_count("block", block), scores.dtype, widened(scores)
    largest, total = _nothing_seen(scores[..., :1])
    for part in scores.split(block, dim=-1):
        new_largest = torch.maximum(largest, part.amax(dim=-1, keepdim=True))
        # The sum so far was taken relative to the old maximum: one factor moves it to the new one.
        total = total * (largest - new_largest).exp() + (part - new_largest).exp().sum(dim=-1, keepdim=True)
        largest = new_largest
    return ((scores - largest).exp() / total).to(dtype)


def online_attention(q: Tensor, k: Tensor, v: Tensor, block: int) -> Tensor:
    """softmax(q kᵀ / √d) v over blocks of keys: at no time are more than (..., T_query, block) scores held.

    Args:
        q: queries, (..., T_query, d). Leading dimensions of all arguments broadcast.
        k: keys, (..., T_key, d).
        v: values, (..., T_key, d_value).
        block: how many keys are looked at together, at least 1; the last block may be shorter.

    Returns:
        the context vectors, (..., T_query, d_value), in the dtype of the queries: those of
        `scaled_dot_product_attention(q, k, v).context`, up to rounding. Sums of 16-bit floats are kept in float32.

    Raises:
        TypeError: an argument is not a float tensor, or `block` is not an int.
        ValueError: shapes, dtypes or devices that do not fit, or `block` below 1.

    >>> q, k, v = torch.zeros(2, 8), torch.randn(3, 8), torch.tensor([[3.0], [6.0], [9.0]])
    >>> online_attention(q, k, v, block=2)  # equal scores: the mean of the values
    tensor([[6.],
            [6.]])
    """
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        _require_vectors(name, tensor, dimensions=2)
    require_fitting(q, k, v)
    block, dtype = as_count("block", block), q.dtype
    q, k, v = widened(q), widened(k), widened(v)
    largest, total = _nothing_seen(q[..., :1])  # (..., T_query, 1)
    context = torch.zeros_like(total)  # becomes (..., T_query, d_value) with the first block
    for keys, values in zip(k.split(block, dim=-2), v.split(block, dim=-2), strict=True):
        scores = q @ keys.mT / math.sqrt(q.shape[-1])  # (..., T_query, block)
        new_largest = torch.maximum(largest, scores.amax(dim=-1, keepdim=True))
        shrink = (largest - new_largest).exp()
        weights = (scores - new_largest).exp()  # not yet divided by their sum: that comes last
        total = total * shrink + weights.sum(dim=-1, keepdim=True)
        context = context * shrink + weights @ values
        largest = new_largest
    return (context / total).to(dtype)


def _nothing_seen(like: Tensor) -> tuple[Tensor, Tensor]:
    """Maximum and sum before the first score. The lowest finite number, as -inf - (-inf) would be NaN."""
    return torch.full_like(like, torch.finfo(like.dtype).min), torch.zeros_like(like)


def _require_vectors(name: str, tensor: Tensor, dimensions: int) -> None:
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point():
        got = f"a tensor of {tensor.dtype}" if isinstance(tensor, Tensor) else type(tensor).__name__
        raise TypeError(f"{name} must be a float tensor, got {got}: write torch.tensor([...]) with decimal points")
    if tensor.dim() < dimensions or tensor.shape[-dimensions] == 0:
        shape = ("(..., T)", "(..., T, d)")[dimensions - 1]
        raise ValueError(f"{name} must have the shape {shape} with at least one entry, got {tuple(tensor.shape)}")
