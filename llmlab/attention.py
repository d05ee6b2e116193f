"""Attention: from similarity scores to multi-head causal attention with a cache (lessons 05 and 06).

A ladder. `simplified_attention` has no weights to train; `scaled_dot_product_attention` is the whole method in one
function; `SelfAttention` makes queries, keys and values from one input; `CausalAttention` hides the future;
`MultiHeadAttention` asks several questions at once, and is what the GPT of lesson 07 is built from.

Shapes: `B` batch, `T` tokens, `D` width, `H` heads; leading dimensions are free. Weights are (..., T_query, T_key),
every row sums to 1, and a row that may attend to nothing is zeros. Masks are bool, True = may attend.

There is no positional information in here, and no cross-attention module: `scaled_dot_product_attention` takes
queries from one sequence and keys and values from another.

Sources: Vaswani et al. 2017, "Attention is all you need"; Shazeer 2019 and Ainslie et al. 2023 for fewer key and value
heads; the ladder is that of Raschka, "Build a Large Language Model (From Scratch)", chapter 3.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmlab._checks import require_count, require_dropout
from llmlab._influence import influence_map
from llmlab._kv_cache import KVCache
from llmlab._masks import causal_mask, padding_mask, prefix_mask

__all__ = [
    "AttentionResult",
    "CausalAttention",
    "KVCache",
    "MultiHeadAttention",
    "SelfAttention",
    "causal_mask",
    "influence_map",
    "padding_mask",
    "prefix_mask",
    "scaled_dot_product_attention",
    "simplified_attention",
]


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
        x: float, (..., T, D).

    Raises:
        TypeError: `x` is not a float tensor.
        ValueError: `x` has fewer than two dimensions.

    >>> simplified_attention(torch.tensor([[1.0, 0.0], [0.0, 0.0]])).weights
    tensor([[0.7311, 0.2689],
            [0.5000, 0.5000]])
    """
    _require_vectors("x", x)
    scores = x @ x.transpose(-2, -1)  # (..., T, T)
    weights = scores.softmax(dim=-1)
    return AttentionResult(weights @ x, weights, scores)


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
        q: queries, (..., T_query, d). Leading dimensions of all arguments broadcast.
        k: keys, (..., T_key, d).
        v: values, (..., T_key, d_value).
        mask: bool, broadcastable to (..., T_query, T_key), True = may attend.
        scale: factor of the scores; None means 1/√d, which keeps their variance near 1.
        dropout: share of the weights set to zero; the others grow by 1/(1 - dropout). Applied whenever it is above 0.
        generator: source of the dropout; None draws from PyTorch's global one.

    Raises:
        TypeError: an argument is not a float tensor, or the mask is not bool.
        ValueError: shapes that do not fit, or `dropout` outside [0, 1).

    >>> q, k, v = torch.zeros(1, 2, 8), torch.randn(1, 3, 8), torch.tensor([[[3.0], [6.0], [9.0]]])
    >>> scaled_dot_product_attention(q, k, v).context  # equal scores: the mean of the values
    tensor([[[6.],
             [6.]]])
    """
    for name, value in (("q", q), ("k", k), ("v", v)):
        _require_vectors(name, value)
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"queries and keys must be equally wide, got q {tuple(q.shape)} and k {tuple(k.shape)}")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"each key needs one value, got k {tuple(k.shape)} and v {tuple(v.shape)}")
    if q.shape[-1] == 0:
        raise ValueError(f"queries and keys must be at least 1 wide, got q {tuple(q.shape)} and k {tuple(k.shape)}")
    _require_leading(q, k, v)
    require_dropout(dropout)

    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = q @ k.transpose(-2, -1) * scale  # (..., T_query, T_key)
    if mask is None:
        weights = scores.softmax(dim=-1)
    else:
        _require_mask(mask, scores.shape)
        sees_something = mask.any(dim=-1, keepdim=True)
        # A row of nothing but -inf would be NaN after the softmax, and so would its gradient: leave it, then zero it.
        weights = scores.masked_fill(~mask & sees_something, -math.inf).softmax(dim=-1) * sees_something
    if dropout:
        kept = torch.rand(weights.shape, generator=generator, device=weights.device) >= dropout
        weights = weights * kept / (1 - dropout)
    return AttentionResult(weights @ v, weights, scores)


class SelfAttention(nn.Module):
    """One head: every token asks (query), is found (key) and tells (value), in three projections of the same input.

    Args:
        d_in: width of the input.
        d_out: width of queries, keys, values and output.
        qkv_bias: whether the projections add a bias.
    """

    def __init__(self, d_in: int, d_out: int, qkv_bias: bool = False) -> None:
        super().__init__()
        require_count("d_in", d_in)
        require_count("d_out", d_out)
        self.W_query = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_key = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_value = nn.Linear(d_in, d_out, bias=qkv_bias)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_weights: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(..., T, d_in) -> (..., T, d_out), with the weights (..., T, T) beside it when asked."""
        _require_width(x, self.W_query.in_features)
        result = scaled_dot_product_attention(self.W_query(x), self.W_key(x), self.W_value(x), mask)
        return (result.context, result.weights) if return_weights else result.context


class CausalAttention(SelfAttention):
    """One head that sees itself and the past, with dropout on its weights while training.

    Args:
        d_in: width of the input.
        d_out: width of queries, keys, values and output.
        context_length: the longest sequence that it accepts.
        dropout: share of the weights dropped in training mode.
        qkv_bias: whether the projections add a bias.
    """

    def __init__(
        self, d_in: int, d_out: int, context_length: int, dropout: float = 0.0, qkv_bias: bool = False
    ) -> None:
        super().__init__(d_in, d_out, qkv_bias)
        require_count("context_length", context_length)
        require_dropout(dropout)
        self.context_length, self.dropout = context_length, dropout

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = True,
        cache: KVCache | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(..., T, d_in) -> (..., T, d_out), with the weights (..., T, T_key) beside it when asked.

        Args:
            x: the inputs; with a cache, only those that it does not hold yet.
            mask: bool, broadcastable to (..., T, T_key); combined with the causal one by AND.
            causal: False lets every token see all the others.
            cache: keys and values of the tokens before `x`, to which those of `x` are added.
            return_weights: whether to return the weights too.
        """
        _require_call(x, mask, cache, self.W_query.in_features, self.context_length)
        q, k, v = self.W_query(x), self.W_key(x), self.W_value(x)  # (..., T, d_out)
        if cache is not None:
            k, v = cache.append(k, v)  # (..., T_key, d_out)
        if causal:
            mask = _and_causal(mask, q.shape[-2], k.shape[-2], x.device)
        result = scaled_dot_product_attention(q, k, v, mask, dropout=self.dropout if self.training else 0.0)
        return (result.context, result.weights) if return_weights else result.context


class MultiHeadAttention(nn.Module):
    """H heads side by side, each `d_out / H` wide, from one fused projection; causal unless told otherwise.

    Without `return_weights` PyTorch's fused attention computes the same without ever holding the weights; with it, the
    steps of `scaled_dot_product_attention` are taken. Both give the same output within rounding.

    Args:
        d_in: width of the input.
        d_out: width of the output, shared among the heads.
        context_length: the longest sequence that it accepts.
        n_heads: H, the number of query heads; must divide `d_out`.
        dropout: share of the weights dropped in training mode.
        qkv_bias: whether the projection to queries, keys and values adds a bias.
        n_kv_heads: heads of keys and values, each shared by `n_heads / n_kv_heads` query heads: None for as many as
            query heads, fewer for grouped-query attention, 1 for multi-query attention.

    Raises:
        TypeError, ValueError: sizes that are not counts or do not divide.

    >>> attention = MultiHeadAttention(d_in=6, d_out=8, context_length=5, n_heads=2)
    >>> context, weights = attention(torch.randn(3, 5, 6), return_weights=True)
    >>> context.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 2, 5, 5]))
    """

    def __init__(
        self,
        d_in: int,
        d_out: int,
        context_length: int,
        n_heads: int,
        dropout: float = 0.0,
        qkv_bias: bool = False,
        n_kv_heads: int | None = None,
    ) -> None:
        super().__init__()
        n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
        sizes = {"d_in": d_in, "d_out": d_out, "context_length": context_length}
        for name, value in (sizes | {"n_heads": n_heads, "n_kv_heads": n_kv_heads}).items():
            require_count(name, value)
        require_dropout(dropout)
        if d_out % n_heads:
            raise ValueError(f"the heads share d_out equally: n_heads={n_heads} does not divide d_out={d_out}")
        if n_heads % n_kv_heads:
            raise ValueError(
                f"each key/value head serves equally many query heads: n_kv_heads={n_kv_heads} "
                f"does not divide n_heads={n_heads}"
            )
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_out // n_heads
        self.context_length, self.dropout = context_length, dropout
        self.qkv = nn.Linear(d_in, (n_heads + 2 * n_kv_heads) * self.d_head, bias=qkv_bias)
        self.out_proj = nn.Linear(d_out, d_out)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = True,
        cache: KVCache | None = None,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(..., T, d_in) -> (..., T, d_out), with the weights (..., H, T, T_key) beside it when asked.

        Args:
            x: the inputs; with a cache, only those that it does not hold yet.
            mask: bool, broadcastable to (..., T, T_key), the same for all heads; combined with the causal one by AND.
            causal: False lets every token see all the others.
            cache: keys and values of the tokens before `x`, to which those of `x` are added.
            return_weights: whether to return the weights too; slower, since they have to be held.
        """
        _require_call(x, mask, cache, self.qkv.in_features, self.context_length)
        shared = self.n_kv_heads * self.d_head
        q, k, v = self.qkv(x).split([self.out_proj.in_features, shared, shared], dim=-1)
        q, k, v = self._split_heads(q), self._split_heads(k), self._split_heads(v)  # (..., heads, T, d_head)
        if cache is not None:
            k, v = cache.append(k, v)  # (..., n_kv_heads, T_key, d_head)
        if self.n_kv_heads < self.n_heads:
            k, v = (heads.repeat_interleave(self.n_heads // self.n_kv_heads, dim=-3) for heads in (k, v))

        if mask is not None and mask.dim() > 2:
            mask = mask.unsqueeze(-3)  # (..., 1, T, T_key): the same for every head
        dropout = self.dropout if self.training else 0.0
        if return_weights:
            mask = _and_causal(mask, q.shape[-2], k.shape[-2], x.device) if causal else mask
            heads, weights, _ = scaled_dot_product_attention(q, k, v, mask, dropout=dropout)
            return self.out_proj(self._merge_heads(heads)), weights
        return self.out_proj(self._merge_heads(_fused_attention(q, k, v, mask, causal, dropout)))

    def _split_heads(self, x: Tensor) -> Tensor:
        heads = x.unflatten(-1, (-1, self.d_head))  # (..., T, heads * d_head) -> (..., T, heads, d_head)
        return heads.transpose(-3, -2)  # (..., heads, T, d_head)

    def _merge_heads(self, x: Tensor) -> Tensor:
        return x.transpose(-3, -2).flatten(-2)  # (..., H, T, d_head) -> (..., T, d_out)


def _fused_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool, dropout: float) -> Tensor:
    """The context of `scaled_dot_product_attention`, from PyTorch's one call that never holds the weights."""
    T, T_key = q.shape[-2], k.shape[-2]
    if mask is None and T == T_key:  # PyTorch knows the causal mask of a square by itself
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=causal)
    if causal and T > 1:  # a single query is the newest token and sees all
        mask = _and_causal(mask, T, T_key, q.device)
    if mask is None:
        return F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
    sees_something = mask.any(dim=-1, keepdim=True)  # rows that see nothing are NaN in some versions: zero them here
    context = F.scaled_dot_product_attention(q, k, v, attn_mask=mask | ~sees_something, dropout_p=dropout)
    return context * sees_something


def _and_causal(mask: Tensor | None, T: int, T_key: int, device: torch.device) -> Tensor:
    """The causal mask for the last T of T_key tokens, (T, T_key), and `mask`."""
    causal = causal_mask(T_key, device=device)[T_key - T :]
    return causal if mask is None else mask & causal


def _require_vectors(name: str, value: Tensor) -> None:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        kind = value.dtype if isinstance(value, Tensor) else type(value).__name__
        mend = "token ids are embedded first (llmlab.embeddings)"
        if not isinstance(value, Tensor):
            mend = "torch.tensor(...) makes one of a list of rows"
        raise TypeError(f"{name} must be a float tensor, got {kind}: {mend}")
    if value.dim() < 2:
        raise ValueError(f"{name} must have shape (..., T, D), got {tuple(value.shape)}")


def _require_leading(*tensors: Tensor) -> None:
    leading = [tensor.shape[:-2] for tensor in tensors]
    if any(shape != leading[0] for shape in leading):
        try:
            torch.broadcast_shapes(*leading)
        except RuntimeError:
            shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in zip("qkv", tensors, strict=True))
            raise ValueError(f"the dimensions before the last two must be equal or broadcast, got {shapes}") from None


def _require_width(x: Tensor, d_in: int) -> None:
    _require_vectors("x", x)
    if x.shape[-1] != d_in:
        raise ValueError(f"x must be d_in={d_in} wide, got shape {tuple(x.shape)}")


def _require_call(x: Tensor, mask: Tensor | None, cache: KVCache | None, d_in: int, context_length: int) -> None:
    """Check everything before the cache is touched, so that a refused call leaves it as it was."""
    _require_width(x, d_in)
    held, T = 0 if cache is None else len(cache), x.shape[-2]
    if held + T > context_length:
        in_cache = f" after {held} in the cache" if held else ""
        raise ValueError(
            f"at most context_length={context_length} tokens fit, got {T}{in_cache}: "
            "shorten the input or build the module with a larger context_length"
        )
    if mask is not None:
        _require_mask(mask, (*x.shape[:-1], held + T))


def _require_mask(mask: Tensor, scores_shape: tuple[int, ...]) -> None:
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        kind = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"mask must be a bool tensor, True = may attend, got {kind}: write mask.bool() or mask == 1")
    fits = len(mask.shape) <= len(scores_shape) and all(
        size in (1, wanted) for size, wanted in zip(reversed(mask.shape), reversed(scores_shape), strict=False)
    )
    if not fits:
        raise ValueError(f"mask of shape {tuple(mask.shape)} does not fit scores of shape {tuple(scores_shape)}")
