"""The sizes and parts of a GPT, checked when they are given; needs no PyTorch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from llmlab.utils.arguments import as_count, require_dropout, require_number

_CHOICES = {"norm": ("layer", "rms"), "mlp": ("gelu", "swiglu"), "positions": ("learned", "rotary")}


@dataclass(frozen=True)
class GPTConfig:
    """The sizes and parts of a GPT. The parts are GPT-2's unless others are named.

    GPT-2 is `GPTConfig(50257, 1024, 768, 12, 12, qkv_bias=True, tie_weights=True)`. A Llama differs from it in
    `norm="rms", mlp="swiglu", positions="rotary", bias=False` and, since Llama 2 in its larger sizes, in fewer
    `n_kv_heads`; a Mixtral has `n_experts=8` as well (lesson 14).

    Args:
        vocab_size: V.
        context_length: the longest sequence that the model reads.
        d_model: D, the width of a token's vector from the first layer to the last.
        n_heads: H, the query heads of each layer; must divide `d_model`.
        n_layers: the number of blocks.
        dropout: share of the numbers dropped, in training mode, after the embedding, on attention weights, and on what
            each sub-layer of a block adds.
        qkv_bias: whether the projection to queries, keys and values adds a bias.
        n_kv_heads: heads of keys and values; None for `n_heads`, fewer for grouped-query attention.
        tie_weights: whether the head uses the token embedding's table, turned around.
        norm: "layer" (mean 0 and variance 1, then scaled and shifted) or "rms" (root mean square 1, then scaled).
        norm_eps: what the norm adds to the variance, or to the mean square, so that it never divides by 0.
        mlp: the feed-forward part: "gelu", or "swiglu", which multiplies by a gate.
        d_ff: its inner width; None for 4 · `d_model` with "gelu", and for 8/3 · `d_model`, rounded down, with "swiglu",
            whose three matrices then hold as much as the two of "gelu".
        bias: whether the projection after attention and those of the feed-forward part add a bias.
        positions: "learned" (a table whose rows are added to the token vectors) or "rotary" (queries and keys are
            turned by their positions).
        rope_theta: the base of the wavelengths of rotary positions.
        n_experts: feed-forward parts of each block, of which each token goes through a few that a router chooses; None
            for one part that all go through.
        experts_per_token: how many experts a token goes through; None for 2 (1 where there is only one).

    Raises:
        TypeError, ValueError: sizes that are not counts or do not divide, a switch that is neither True nor False, a
            part that is not known, or parts that do not go together.
    """

    vocab_size: int
    context_length: int
    d_model: int
    n_heads: int
    n_layers: int
    dropout: float = 0.0
    qkv_bias: bool = False
    n_kv_heads: int | None = None
    tie_weights: bool = False
    norm: Literal["layer", "rms"] = "layer"
    norm_eps: float = 1e-5
    mlp: Literal["gelu", "swiglu"] = "gelu"
    d_ff: int | None = None
    bias: bool = True
    positions: Literal["learned", "rotary"] = "learned"
    rope_theta: float = 10_000.0
    n_experts: int | None = None
    experts_per_token: int | None = None

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_length", "d_model", "n_heads", "n_layers"):
            self._set(name, as_count(name, getattr(self, name)))
        for name in ("n_kv_heads", "d_ff", "n_experts", "experts_per_token"):
            if getattr(self, name) is not None:
                self._set(name, as_count(name, getattr(self, name)))
        require_dropout(self.dropout)
        self._set("dropout", float(self.dropout))
        for name in ("norm_eps", "rope_theta"):
            require_number(name, getattr(self, name))
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {getattr(self, name)}")
            self._set(name, float(getattr(self, name)))
        for name in ("qkv_bias", "tie_weights", "bias"):  # "no" would count as True
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f'{name} must be "{known[0]}" or "{known[1]}", got {getattr(self, name)!r}')
        self._require_fitting()

    def _require_fitting(self) -> None:
        """Raise where sizes and parts that are right by themselves do not go together."""
        if self.d_model % self.n_heads:
            raise ValueError(f"the heads share d_model equally: n_heads={self.n_heads} does not divide {self.d_model}")
        if self.n_heads % self.kv_heads:
            raise ValueError(f"n_kv_heads={self.n_kv_heads} does not divide n_heads={self.n_heads}")
        if self.positions == "rotary" and self.d_head % 2:
            raise ValueError(
                f"rotary positions turn pairs of numbers, and a head has {self.d_head}: choose d_model={self.d_model} "
                f"and n_heads={self.n_heads} so that d_model / n_heads is even"
            )
        if self.experts_per_token is not None and self.n_experts is None:
            raise ValueError(
                f"experts_per_token={self.experts_per_token} chooses among experts, and n_experts is None: give "
                "n_experts=8, for example, or leave out experts_per_token"
            )
        if self.n_experts is not None and self.experts_used > self.n_experts:
            raise ValueError(
                f"experts_per_token={self.experts_per_token} is more than n_experts={self.n_experts}: a token goes "
                "through each expert at most once"
            )

    def _set(self, name: str, value: int | float) -> None:
        """Keep a number as Python's own, whether it came from NumPy or not: a config is written to JSON."""
        object.__setattr__(self, name, value)  # the dataclass is frozen

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values, whether named or not."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads

    @property
    def d_head(self) -> int:
        """The width of one head."""
        return self.d_model // self.n_heads

    @property
    def ff_width(self) -> int:
        """The inner width of the feed-forward part, or of each expert, whether named or not."""
        if self.d_ff is not None:
            return self.d_ff
        return 4 * self.d_model if self.mlp == "gelu" else 8 * self.d_model // 3

    @property
    def experts_used(self) -> int:
        """Feed-forward parts that each token goes through, whether named or not."""
        if self.experts_per_token is not None:
            return self.experts_per_token
        return 1 if self.n_experts is None else min(2, self.n_experts)


def require_config(config: GPTConfig) -> None:
    """Raise unless `config` is a GPTConfig."""
    if not isinstance(config, GPTConfig):
        raise TypeError(f"config must be a GPTConfig, got {type(config).__name__}: GPTConfig(vocab_size=50_257, ...)")
