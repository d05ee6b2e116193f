"""A loss that will not fall, to be mended: its value near and far from certainty, and the gradient that it gives."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_11.common import is_close, number_of
from llmlab.exercises.lesson_11.losses import LOSS_MISCONCEPTIONS, WRONG_LOSSES, Loss, mean_loss
from llmlab.exercises.lesson_11.sections import LOOP, POSITIONS, SOFTMAX


def _example() -> tuple[Tensor, Tensor]:
    """Logits (2, 3, 5) and targets (2, 3)."""
    logits = torch.tensor(
        [
            [[2.0, 0.5, -1.0, 0.0, 1.0], [0.0, 3.0, 0.5, -2.0, 1.5], [1.0, 1.0, 4.0, 0.0, -0.5]],
            [[-1.0, 0.0, 0.5, 2.5, 0.0], [0.5, -0.5, 1.0, 0.0, 2.0], [3.0, 0.0, -1.0, 1.0, 0.5]],
        ]
    )
    return logits, torch.tensor([[0, 1, 4], [3, 2, 0]])


def _wrong_batch_losses(logits: Tensor, targets: Tensor) -> dict[str, float]:
    probabilities = logits.softmax(-1)
    chosen = probabilities.gather(-1, targets.unsqueeze(-1))
    others: dict[str, Loss] = {
        "wrong-axis": lambda logits, targets: mean_loss(logits.softmax(1), targets),
        "wrong-axis: over the windows": lambda logits, targets: mean_loss(logits.softmax(0), targets),
        "wrong-axis: over all positions": lambda logits, targets: mean_loss(
            logits.flatten(0, 1).softmax(0).view_as(logits), targets
        ),
        "logarithm-missing": lambda logits, targets: -chosen.mean(),
        "logits-not-logarithms": lambda logits, targets: -logits.gather(-1, targets.unsqueeze(-1)).mean(),
        "sign": lambda logits, targets: -mean_loss(logits, targets),
        "probability-not-loss": lambda logits, targets: chosen.mean(),
        "divided-by-windows": lambda logits, targets: mean_loss(logits, targets) * targets.shape[1],
        "bits-not-nats": lambda logits, targets: mean_loss(logits, targets) / math.log(2),
        "perplexity": lambda logits, targets: mean_loss(logits, targets).exp(),
    }
    return {name: loss(logits, targets).item() for name, loss in (WRONG_LOSSES | others).items()}


def _check_batch_loss(batch_loss: Probe) -> Iterator[str]:
    logits, targets = _example()
    value = batch_loss(logits, targets, shown=f"{batch_loss.name}(logits, targets)")
    got, expected = number_of(value), mean_loss(logits, targets).item()
    call = f"For logits (2, 3, 5) it gave `{show(value)}`"
    if got is None:
        raise Wrong("not-a-number", f"{call}.")
    if not is_close(got, expected):
        idea = name_of(_wrong_batch_losses(logits, targets).items(), partial(is_close, got))
        raise Wrong(idea or "other-value", f"{call}; right is `{show(expected)}`.")
    yield "two windows of three positions"

    sure, answers = 110 * F.one_hot(torch.arange(65).reshape(5, 13), 65).float(), torch.arange(65).reshape(5, 13)
    for answer, said, right in ((answers, "right", 0.0), ((answers + 1) % 65, "wrong", 110.0)):
        value = batch_loss(sure, answer, shown=f"{batch_loss.name}(logits, targets)")
        if not _agrees(value, right):
            shown = f"For logits of 110 and 0, from a model that is sure and {said} each time, it gave `{show(value)}`"
            raise Wrong(
                "logarithm-of-nothing" if _lost(value) else "other-value", f"{shown}; right is `{show(right)}`."
            )
    yield "0 for a model that is sure and right, 110 for one that is as sure and wrong"

    value, gradient = batch_loss(
        logits.clone().requires_grad_(), targets, shown=f"{batch_loss.name}(logits, targets)", read=_with_gradient
    )
    if gradient is None:
        raise Wrong("no-gradient", f"{call}, which is right.")
    if not torch.allclose(torch.tensor(gradient), _gradient(logits, targets), atol=1e-4):
        raise Wrong("other-value", f"{call}, which is right, but its gradient is not that of the mean loss.")
    yield "the gradient of the mean loss"

    generator = seeded(random.Random())
    for B, T, V in ((3, 4, 6), (1, 7, 30), (8, 1, 3), (6, 13, 65)):
        logits = 4 * torch.randn(B, T, V, generator=generator)
        targets = torch.randint(V, (B, T), generator=generator)
        call = f"{batch_loss.name}(logits, targets) for logits ({B}, {T}, {V})"
        if not _agrees(batch_loss(logits, targets, shown=call, fresh=True), mean_loss(logits, targets).item()):
            raise Wrong("tied-to-the-example", "Seen on random logits.")
    yield "fresh random logits"


def _agrees(value: Any, right: float) -> bool:
    got = number_of(value)
    return got is not None and is_close(got, right)


def _lost(value: Any) -> bool:
    """Whether a loss is the logarithm of 0, or of a power of ten that was put in its place."""
    if not isinstance(value, float):
        return False
    digits = value / math.log(10)
    return math.isinf(value) or (digits > 4 and math.isclose(digits, round(digits), abs_tol=1e-3))


def _gradient(logits: Tensor, targets: Tensor) -> Tensor:
    given = logits.clone().requires_grad_()
    return torch.autograd.grad(mean_loss(given, targets), given)[0]


def _with_gradient(result: Any, args: tuple) -> Any:
    """The value, and the gradient of the logits; None for that where no gradient can flow."""
    if result is None or result is ...:
        return result
    if not isinstance(result, Tensor) or not result.requires_grad:
        return [plain(result), None]
    (gradient,) = torch.autograd.grad(result, args[0], allow_unused=True)
    return [plain(result), plain(gradient)]


EXERCISE = Exercise(
    kind="function",
    examine=_check_batch_loss,
    means="The loss of a model that is sure and right is 0, whatever the size of the vocabulary. "
    "`llmlab.training.next_token_loss` computes the same.",
    hints=(
        "How many softmaxes does a logit pass on its way to the loss?",
        "`cross_entropy` takes logits, and begins with a softmax of its own.",
        "Hand it `logits.reshape(B * T, V)`, without a softmax before.",
    ),
    variant="What is the floor of a double softmax for GPT-2's vocabulary of 50,257? How far is it below ln V, and how "
    "long would it take you to notice?",
    misconceptions=LOSS_MISCONCEPTIONS
    | {
        "wrong-axis": Misconception(
            "There is still a softmax before the loss, now over another axis. No softmax belongs there.", SOFTMAX
        ),
        "logarithm-missing": Misconception(
            "This is minus the mean probability of the right token. The loss is minus the mean *logarithm* of it.",
            POSITIONS,
        ),
        "logits-not-logarithms": Misconception(
            "This is minus the mean *logit* of the right token. `nll_loss` takes logarithms of probabilities, which "
            "`log_softmax` makes; `cross_entropy` does both.",
            POSITIONS,
        ),
        "probability-not-loss": Misconception(
            "This is the mean probability of the right token. The loss is minus the mean logarithm of it.", POSITIONS
        ),
        "divided-by-windows": Misconception(
            "The sum was divided by the number of windows, B. The loss is the mean over all B · T positions.", POSITIONS
        ),
        "logarithm-of-nothing": Misconception(
            "The probability of the right token was rounded to 0, and its logarithm is lost. `cross_entropy` (or "
            "`log_softmax`) goes from logits to logarithms in one step, and never rounds in between.",
            SOFTMAX,
        ),
        "no-gradient": Misconception(
            "The number is right, but nothing leads back from it to the logits, so no model can learn by it. Return "
            "the loss as a tensor: no `.item()`, `float()` or `.detach()`.",
            LOOP,
        ),
        "bits-not-nats": Misconception(
            "This is the mean loss in bits. In nats, with the natural logarithm, it is ln 2 times that.", POSITIONS
        ),
        "perplexity": Misconception(
            "This is e to the power of the loss, the perplexity. The loss is the mean itself.", POSITIONS
        ),
        "sign": Misconception("The sign is turned round: a loss is never below 0, and smaller is better.", POSITIONS),
        "not-a-number": Misconception("The function returns one number, the mean over all positions.", POSITIONS),
        "other-value": Misconception(
            "This is not the mean loss. Logits and targets, flattened, into `cross_entropy`, and nothing else.",
            POSITIONS,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random logits do not: what in the code is right for the example alone?", POSITIONS
        ),
    },
)
