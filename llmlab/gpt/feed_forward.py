"""The feed-forward part of a block: each vector by itself, out to a greater width and back.

Sources: Hendrycks and Gimpel 2016 for GELU; Shazeer 2020, "GLU variants improve transformer", for SwiGLU.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from llmlab.gpt._vectors import require_vectors
from llmlab.gpt.config import GPTConfig
from llmlab.utils.arguments import as_count


class FeedForward(nn.Module):
    """Each vector by itself, out to a greater width, through GELU, and back: (..., D) -> (..., D).

    Args:
        d_model: D.
        d_ff: the inner width; None for 4 · D.
        bias: whether both projections add a bias.
    """

    def __init__(self, d_model: int, d_ff: int | None = None, bias: bool = True) -> None:
        super().__init__()
        d_model = as_count("d_model", d_model)
        d_ff = 4 * d_model if d_ff is None else as_count("d_ff", d_ff)
        self.expand = nn.Linear(d_model, d_ff, bias=bias)
        self.contract = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        require_vectors(x, self.expand.weight)
        return self.contract(F.gelu(self.expand(x), approximate="tanh"))


class SwiGLU(nn.Module):
    """Each vector by itself, out to a greater width, times a gate, and back: (..., D) -> (..., D).

    contract(silu(gate(x)) · expand(x)), where silu(z) = z · sigmoid(z): the gate decides, number by number, how much of
    what `expand` found goes through.

    Args:
        d_model: D.
        d_ff: the inner width; None for 8/3 · D, rounded down: the three matrices then hold as much as the two of
            `FeedForward`.
        bias: whether the three projections add a bias.
    """

    def __init__(self, d_model: int, d_ff: int | None = None, bias: bool = True) -> None:
        super().__init__()
        d_model = as_count("d_model", d_model)
        d_ff = 8 * d_model // 3 if d_ff is None else as_count("d_ff", d_ff)
        self.gate = nn.Linear(d_model, d_ff, bias=bias)
        self.expand = nn.Linear(d_model, d_ff, bias=bias)
        self.contract = nn.Linear(d_ff, d_model, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        require_vectors(x, self.gate.weight)
        return self.contract(F.silu(self.gate(x)) * self.expand(x))


def feed_forward_of(config: GPTConfig) -> FeedForward | SwiGLU:
    """The feed-forward part that a model of `config` has in each block, or as each expert of a block."""
    return (FeedForward if config.mlp == "gelu" else SwiGLU)(config.d_model, config.ff_width, config.bias)
