"""The sizes of a GPT, checked when they are given; needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from llmlab.utils.arguments import as_count, require_dropout


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT. GPT-2's are `GPTConfig(50257, 1024, 768, 12, 12, qkv_bias=True, tie_weights=True)`.

    Args:
        vocab_size: V.
        context_length: the longest sequence that the model reads.
        d_model: D, the width of a token's vector from the first layer to the last.
        n_heads: H, the query heads of each layer; must divide `d_model`.
        n_layers: the number of blocks.
        dropout: share of the numbers dropped, in training mode, after the embedding, on attention weights, and on what
            each half of a block adds.
        qkv_bias: whether the projection to queries, keys and values adds a bias.
        n_kv_heads: heads of keys and values; None for `n_heads`, fewer for grouped-query attention.
        tie_weights: whether the head uses the token embedding's table, turned around.

    Raises:
        TypeError, ValueError: sizes that are not counts or do not divide, a switch that is neither True nor False.
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

    def __post_init__(self) -> None:
        sizes = ["vocab_size", "context_length", "d_model", "n_heads", "n_layers"]
        for name in sizes if self.n_kv_heads is None else [*sizes, "n_kv_heads"]:
            self._set(name, as_count(name, getattr(self, name)))
        require_dropout(self.dropout)
        self._set("dropout", float(self.dropout))
        for name in ("qkv_bias", "tie_weights"):  # "no" would count as True
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.d_model % self.n_heads:
            raise ValueError(f"the heads share d_model equally: n_heads={self.n_heads} does not divide {self.d_model}")
        if self.n_heads % self.kv_heads:
            raise ValueError(f"n_kv_heads={self.n_kv_heads} does not divide n_heads={self.n_heads}")

    def _set(self, name: str, value: int | float) -> None:
        """Keep a number as Python's own, whether it came from NumPy or not: a config is written to JSON."""
        object.__setattr__(self, name, value)  # the dataclass is frozen

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values, whether named or not."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads


def require_config(config: GPTConfig) -> None:
    """Raise unless `config` is a GPTConfig."""
    if not isinstance(config, GPTConfig):
        raise TypeError(f"config must be a GPTConfig, got {type(config).__name__}: GPTConfig(vocab_size=50_257, ...)")
