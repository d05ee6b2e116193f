"""Attention with trained projections: the ladder from one head to the multi-head layer of a GPT."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmlab.attention._cache import KVCache, restores_cache
from llmlab.attention._masks import causal_mask
from llmlab.attention._rotary import as_positions, require_rope
from llmlab.attention.functions import require_mask, require_vectors, scaled_dot_product_attention
from llmlab.embeddings.positions import rope_rotation, turn_pairs
from llmlab.utils.arguments import as_count, require_dropout
from llmlab.utils.tensors import require_alike


class SelfAttention(nn.Module):
    """One head: every token asks (query), is found (key) and tells (value), in three projections of the same input.

    Args:
        d_in: width of the input.
        d_out: width of queries, keys, values and output.
        qkv_bias: whether the projections add a bias.
    """

    def __init__(self, d_in: int, d_out: int, qkv_bias: bool = False) -> None:
        super().__init__()
        d_in, d_out = as_count("d_in", d_in), as_count("d_out", d_out)
        self.W_query = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_key = nn.Linear(d_in, d_out, bias=qkv_bias)
        self.W_value = nn.Linear(d_in, d_out, bias=qkv_bias)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, *, return_weights: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(..., T, d_in) -> (..., T, d_out), with the weights (..., T, T) beside it when asked."""
        _require_input(x, self.W_query.weight)
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
        require_dropout(dropout)
        self.context_length, self.dropout = as_count("context_length", context_length), dropout

    @restores_cache
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
        _require_call(x, mask, cache, self.W_query.weight, self.context_length)
        q, k, v = self.W_query(x), self.W_key(x), self.W_value(x)  # (..., T, d_out)
        if cache is not None:
            k, v = cache.append(k, v)  # (..., T_key, d_out)
        if causal:
            mask = _and_causal(mask, q.shape[-2], k.shape[-2], x.device)
        result = scaled_dot_product_attention(q, k, v, mask, dropout=self.dropout if self.training else 0.0)
        return (result.context, result.weights) if return_weights else result.context


class MultiHeadAttention(nn.Module):
    """H heads side by side, each `d_out / H` wide, from one fused projection; causal unless told otherwise.

    Without `return_weights` PyTorch's fused attention computes the same, where it can without ever holding the weights;
    with it, the steps of `scaled_dot_product_attention` are taken. Both give the same output within rounding.

    Args:
        d_in: width of the input.
        d_out: width of the output, shared among the heads.
        context_length: the longest sequence that it accepts.
        n_heads: H, the number of query heads; must divide `d_out`.
        dropout: share of the weights dropped in training mode.
        qkv_bias: whether the projection to queries, keys and values adds a bias.
        n_kv_heads: heads of keys and values, each shared by `n_heads / n_kv_heads` query heads: None for as many as
            query heads, fewer for grouped-query attention, 1 for multi-query attention.
        out_bias: whether the projection of the merged heads adds a bias.
        rope_theta: None, or the base of the wavelengths of rotary positions: queries and keys are then turned by their
            positions (`llmlab.embeddings.apply_rope`, lesson 14), which needs heads of an even width.

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
        out_bias: bool = True,
        rope_theta: float | None = None,
    ) -> None:
        super().__init__()
        d_in, d_out = as_count("d_in", d_in), as_count("d_out", d_out)
        context_length, n_heads = as_count("context_length", context_length), as_count("n_heads", n_heads)
        n_kv_heads = n_heads if n_kv_heads is None else as_count("n_kv_heads", n_kv_heads)
        require_dropout(dropout)
        if d_out % n_heads:
            raise ValueError(f"the heads share d_out equally: n_heads={n_heads} does not divide d_out={d_out}")
        if n_heads % n_kv_heads:
            raise ValueError(
                f"each key/value head serves equally many query heads: n_kv_heads={n_kv_heads} "
                f"does not divide n_heads={n_heads}"
            )
        require_rope(rope_theta, d_out // n_heads)
        self.n_heads, self.n_kv_heads, self.d_head = n_heads, n_kv_heads, d_out // n_heads
        self.context_length, self.dropout, self.rope_theta = context_length, dropout, rope_theta
        self.qkv = nn.Linear(d_in, (n_heads + 2 * n_kv_heads) * self.d_head, bias=qkv_bias)
        self.out_proj = nn.Linear(d_out, d_out, bias=out_bias)

    @restores_cache
    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = True,
        cache: KVCache | None = None,
        return_weights: bool = False,
        positions: Tensor | int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(..., T, d_in) -> (..., T, d_out), with the weights (..., H, T, T_key) beside it when asked.

        Args:
            x: the inputs; with a cache, only those that it does not hold yet.
            mask: bool, broadcastable to (..., T, T_key), the same for all heads; combined with the causal one by AND.
            causal: False lets every token see all the others.
            cache: keys and values of the tokens before `x`, to which those of `x` are added.
            return_weights: whether to return the weights too; slower, since they have to be held.
            positions: with `rope_theta`, the position of the first token, or of each, integers (T,) or (..., T); None
                counts on from the cache.
        """
        _require_call(x, mask, cache, self.qkv.weight, self.context_length)
        positions = as_positions(positions, x, cache, self.rope_theta)
        shared = self.n_kv_heads * self.d_head
        q, k, v = self.qkv(x).split([self.out_proj.in_features, shared, shared], dim=-1)
        q, k, v = self._split_heads(q), self._split_heads(k), self._split_heads(v)  # (..., heads, T, d_head)
        if positions is not None and self.rope_theta is not None:
            rotation = rope_rotation(positions, self.d_head, self.rope_theta, like=q)
            q, k = turn_pairs(q, rotation), turn_pairs(k, rotation)  # a key is kept as it was turned
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
    """The context of `scaled_dot_product_attention`, from PyTorch's one call, which holds no weights where it can."""
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


def _require_input(x: Tensor, weight: Tensor) -> None:
    require_vectors("x", x)
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(f"x must be d_in={weight.shape[1]} wide, got shape {tuple(x.shape)}")
    if x.dtype != weight.dtype or x.device != weight.device:
        require_alike(weight=weight, x=x)


def _require_call(x: Tensor, mask: Tensor | None, cache: KVCache | None, weight: Tensor, context_length: int) -> None:
    """Check everything before the cache is touched, so that a refused call leaves it as it was."""
    _require_input(x, weight)
    held, T = 0 if cache is None else len(cache), x.shape[-2]
    if held + T > context_length:
        in_cache = f" after {held} in the cache" if held else ""
        raise ValueError(
            f"at most context_length={context_length} tokens fit, got {T}{in_cache}: "
            "shorten the input or build the module with a larger context_length"
        )
    if mask is not None:
        require_mask(mask, (*x.shape[:-1], held + T), x.device)
