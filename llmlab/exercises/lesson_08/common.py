"""What several checks of lesson 08 share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.exercises.engine import Misconception
from llmlab.exercises.lesson_08.sections import (
    POSITIONS,
    SOFTMAX,
)

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


def number_of(value: Any) -> float | None:
    """A finite number, also as a tensor with one entry; None for anything else."""
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def is_close(got: float, expected: float) -> bool:
    """Whether the values agree within rounding."""
    return math.isclose(got, expected, rel_tol=1e-3, abs_tol=1e-4)


def all_close(got: list[float], expected: list[float]) -> bool:
    """Whether two lists of numbers agree within rounding, one by one."""
    return len(got) == len(expected) and all(map(is_close, got, expected))


def letters_of(answer: Any) -> str | None:
    """The letters of an answer, in lower case; None for what holds no text."""
    text = "".join(answer) if isinstance(answer, list) and all(isinstance(one, str) for one in answer) else answer
    return "".join(letter for letter in text.lower() if letter.isalnum()) if isinstance(text, str) else None


LOSS_MISCONCEPTIONS = {
    "softmax-twice": Misconception(
        "Two softmaxes: one of yours and the one inside `cross_entropy`, which takes logits. Such a loss cannot go "
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
