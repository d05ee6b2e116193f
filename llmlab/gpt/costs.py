"""What a GPT costs, counted from its sizes without building it; needs no PyTorch."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from llmlab.gpt.config import GPTConfig, require_config


@dataclass(frozen=True)
class ParameterCount:
    """Trained numbers of a GPT, part by part; `attention`, `feed_forward` and `norms` are those of all layers."""

    token_embedding: int
    position_embedding: int
    attention: int
    feed_forward: int
    norms: int
    head: int

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return sum(astuple(self))


def count_parameters(config: GPTConfig) -> ParameterCount:
    """Count the parameters of `GPT(config)` without building it. Tied weights count once, as the token embedding.

    >>> gpt2 = GPTConfig(50257, 1024, 768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True)
    >>> count_parameters(gpt2).total
    124439808
    """
    require_config(config)
    V, T, D, layers = config.vocab_size, config.context_length, config.d_model, config.n_layers
    qkv = D + 2 * config.kv_heads * (D // config.n_heads)  # numbers that the fused projection makes of a vector
    return ParameterCount(
        token_embedding=V * D,
        position_embedding=T * D,
        attention=layers * (D * qkv + config.qkv_bias * qkv + D * D + D),
        feed_forward=layers * (D * 4 * D + 4 * D + 4 * D * D + D),
        norms=(2 * layers + 1) * 2 * D,
        head=0 if config.tie_weights else D * V,
    )
