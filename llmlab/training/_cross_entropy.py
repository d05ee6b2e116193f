"""The loss of the training loop: cross-entropy with its gradient written out, which makes a step a few percent shorter.

The gradient of the loss by a logit is the token's probability, minus 1 at the target. So one softmax serves both, and
the detour of the general functions is saved: logarithms of all probabilities, a gradient of mostly zeros, exponentials
again. `next_token_loss` is the same loss in one call of PyTorch, checked and differentiable more than once; a test
holds the two together.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from llmlab.training.loss import IGNORED


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, logits: Tensor, targets: Tensor) -> Tensor:
        kept = targets != IGNORED  # (N,)
        probabilities = logits.softmax(dim=-1, dtype=torch.promote_types(logits.dtype, torch.float32))  # (N, V)
        index = targets.clamp(min=0)[:, None]  # (N, 1)
        # log Σ e^logit = largest logit - log of its probability, which is at least 1 / V: nothing underflows.
        log_total = logits.amax(dim=-1, keepdim=True) - probabilities.amax(dim=-1, keepdim=True).log()  # (N, 1)
        losses = (log_total - logits.gather(-1, index))[:, 0]  # (N,)
        share = kept.to(losses) / kept.sum().clamp(min=1)  # (N,), of each target in the mean; 0 where none counts
        context.save_for_backward(probabilities, index, share)
        context.dtype = logits.dtype
        return torch.where(kept, losses, 0.0) @ share

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        probabilities, index, share = context.saved_tensors
        share = (share * gradient).to(probabilities)[:, None]  # (N, 1)
        # In place: the probabilities serve nothing else, and PyTorch refuses a second pass over a changed tensor.
        by_logit = probabilities.mul_(share).scatter_add_(-1, index, -share)
        return by_logit.to(context.dtype), None


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of -log softmax(logits)[target] over all targets but those that are -100; nothing is checked.

    Args:
        logits: float, (B, T, V); summed up in float32 at least.
        targets: int64, (B, T).
    """
    return _CrossEntropy.apply(logits.flatten(0, -2), targets.flatten())
