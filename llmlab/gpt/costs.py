"""What a GPT costs, counted from its sizes without building it; needs no PyTorch."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field

from llmlab.gpt.config import GPTConfig, require_config
from llmlab.utils.arguments import as_count


@dataclass(frozen=True)
class ParameterCount:
    """Trained numbers of a GPT, part by part; `attention`, `feed_forward` and `norms` are those of all layers.

    Attributes:
        resting: of those in `feed_forward`, the numbers of experts that a token does not go through; 0 without experts.
    """

    token_embedding: int
    position_embedding: int
    attention: int
    feed_forward: int
    norms: int
    head: int
    resting: int = field(default=0, repr=False)

    @property
    def total(self) -> int:
        """The sum of all parts: what has to be kept in memory."""
        return sum(astuple(self)) - self.resting

    @property
    def active(self) -> int:
        """The parameters that one token goes through: all of them, unless there are experts."""
        return self.total - self.resting


@dataclass(frozen=True)
class OperationCount:
    """Operations (FLOPs) of a forward pass in its matrix products, part by part, over all layers."""

    attention_projections: int
    attention_scores: int
    feed_forward: int
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
    >>> mixtral = GPTConfig(32_000, 32_768, 4_096, 32, 32, n_kv_heads=8, norm="rms", mlp="swiglu", d_ff=14_336,
    ...                     bias=False, positions="rotary", rope_theta=1e6, n_experts=8)
    >>> count_parameters(mixtral).total, count_parameters(mixtral).active  # 8x7B
    (46702792704, 12879925248)
    """
    require_config(config)
    V, T, D, layers = config.vocab_size, config.context_length, config.d_model, config.n_layers
    qkv = _qkv_width(config)
    expert = sum(d_in * d_out + config.bias * d_out for d_in, d_out in _feed_forward_matrices(config))
    router = D * config.n_experts if config.n_experts else 0
    n_experts = config.n_experts or 1
    return ParameterCount(
        token_embedding=V * D,
        position_embedding=T * D if config.positions == "learned" else 0,
        attention=layers * (D * qkv + config.qkv_bias * qkv + D * D + config.bias * D),
        feed_forward=layers * (n_experts * expert + router),
        norms=(2 * layers + 1) * (2 * D if config.norm == "layer" else D),
        head=0 if config.tie_weights else D * V,
        resting=layers * (n_experts - config.experts_used) * expert,
    )


def count_operations(config: GPTConfig, n_tokens: int, *, n_held: int = 0, batch_size: int = 1) -> OperationCount:
    """Count the operations of one forward pass: two for each multiply-and-add of a matrix product.

    All scores of attention count, those that the causal mask hides too. Additions, norms, softmax, activations and
    rotations are left out, as is custom: they grow with the width, the products with its square.

    Args:
        config: the sizes of the model.
        n_tokens: tokens that each sequence brings.
        n_held: tokens of each sequence that a cache holds already.
        batch_size: sequences.

    Raises:
        TypeError, ValueError: no config, or counts that are none; more tokens than fit in the context.

    >>> small = GPTConfig(vocab_size=11, context_length=7, d_model=12, n_heads=3, n_layers=2)
    >>> count_operations(small, 7).total
    54936
    >>> count_operations(small, 1, n_held=6).total
    7848
    """
    require_config(config)
    T, held, B = as_count("n_tokens", n_tokens), as_count("n_held", n_held, least=0), as_count("batch_size", batch_size)
    if held + T > config.context_length:
        in_cache = f" after {held} in the cache" if held else ""
        raise ValueError(
            f"at most context_length={config.context_length} tokens fit, got {T}{in_cache}: count fewer, or a model "
            "with a longer context"
        )
    D, layers = config.d_model, config.n_layers
    expert = sum(d_in * d_out for d_in, d_out in _feed_forward_matrices(config))
    router = D * config.n_experts if config.n_experts else 0
    return OperationCount(
        attention_projections=2 * layers * B * T * (D * _qkv_width(config) + D * D),
        attention_scores=2 * layers * B * 2 * T * (held + T) * D,  # q kᵀ and weights · v, D wide over all heads
        feed_forward=2 * layers * B * T * (config.experts_used * expert + router),
        head=2 * B * T * D * config.vocab_size,
    )


def _qkv_width(config: GPTConfig) -> int:
    """Numbers that the fused projection makes of a vector: queries, keys and values."""
    return config.d_model + 2 * config.kv_heads * config.d_head


def _feed_forward_matrices(config: GPTConfig) -> list[tuple[int, int]]:
    """Inputs and outputs of each matrix of the feed-forward part, or of one expert."""
    D, width = config.d_model, config.ff_width
    return [(D, width)] * (2 if config.mlp == "swiglu" else 1) + [(width, D)]
