"""The two norms of today's models: LayerNorm, as in GPT-2 (lesson 09), and RMSNorm, as in Llama (lesson 14).

Sources: Ba et al. 2016, "Layer normalization"; Zhang and Sennrich 2019, "Root mean square layer normalization".
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmlab.gpt._vectors import require_vectors
from llmlab.gpt.config import GPTConfig
from llmlab.utils.arguments import require_count


class LayerNorm(nn.Module):
    """Each vector with mean 0 and variance 1, then stretched and moved by two trained vectors.

    scale · (x - mean) / √(variance + eps) + shift, over the last axis, with the variance divided by D (not by D - 1).
    PyTorch's function computes it in one pass; lesson 09 writes it out.
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        require_count("d_model", d_model)
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(d_model))
        self.shift = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        require_vectors(x, self.scale)
        return F.layer_norm(x, self.scale.shape, self.scale, self.shift, self.eps)


class RMSNorm(nn.Module):
    """Each vector with a root mean square of 1, then stretched by a trained vector: LayerNorm without mean and shift.

    scale · x / √(mean of x² + eps), over the last axis. PyTorch's function computes it; lesson 14 writes it out.

    >>> RMSNorm(2, eps=1e-6)(torch.tensor([3.0, 4.0]))  # mean of squares 12.5
    tensor([0.8485, 1.1314], grad_fn=<...>)
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        require_count("d_model", d_model)
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        require_vectors(x, self.scale)
        return F.rms_norm(x, self.scale.shape, self.scale, self.eps)


def norm_of(config: GPTConfig) -> LayerNorm | RMSNorm:
    """The norm that a model of `config` has, in each of its places."""
    return (LayerNorm if config.norm == "layer" else RMSNorm)(config.d_model, config.norm_eps)
