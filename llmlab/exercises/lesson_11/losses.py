"""The loss that several exercises of lesson 11 compute, what goes wrong with it, and a model to try it on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from llmlab.exercises.engine import Misconception
from llmlab.exercises.lesson_11.sections import POSITIONS, SOFTMAX

Loss = Callable[[Tensor, Tensor], Tensor]


def mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the logarithm of the probability of each target, averaged."""
    chosen = logits.log_softmax(dim=-1).gather(-1, targets.unsqueeze(-1))
    return -chosen.mean()


# What each mistake makes of a loss; in all exercises of this lesson that compute one.
WRONG_LOSSES: dict[str, Loss] = {
    "softmax-twice": lambda logits, targets: mean_loss(logits.softmax(-1), targets),
    "last-position-only": lambda logits, targets: mean_loss(logits[:, -1:], targets[:, -1:]),
    "shifted-again": lambda logits, targets: mean_loss(logits[:, :-1], targets[:, 1:]),
    "sum-not-mean": lambda logits, targets: mean_loss(logits, targets) * targets.numel(),
}

LOSS_MISCONCEPTIONS = {
    "softmax-twice": Misconception(
        "Two softmaxes: one before the loss, and the one that belongs to it, which takes logits. Such a loss cannot go "
        "below ln(V − 1 + e) − 1.",
        SOFTMAX,
    ),
    "last-position-only": Misconception(
        "Only the last position of each window counted. Every position predicts its next token.", POSITIONS
    ),
    "shifted-again": Misconception(
        "The targets were shifted once more. They already are: target t belongs to the logits at position t.", POSITIONS
    ),
    "sum-not-mean": Misconception(
        "The losses were added up. The loss is their mean, so that it does not depend on how many there are.", POSITIONS
    ),
}


def toy_model(V: int, D: int, seed: int) -> nn.Module:
    """(B, T) -> (B, T, V), in double precision, so that rounding decides nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return nn.Sequential(nn.Embedding(V, D), nn.Linear(D, V)).double()
