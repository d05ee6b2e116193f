"""The validation loss, to be written: tried on batches of unequal size, and on what it does to the model."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_11.common import is_close, number_of
from llmlab.exercises.lesson_11.losses import LOSS_MISCONCEPTIONS, WRONG_LOSSES, Loss, mean_loss, toy_model
from llmlab.exercises.lesson_11.sections import VALIDATION

Batches = list[tuple[Tensor, Tensor]]


class _Witness(nn.Module):
    """A model that answers otherwise while it trains, as dropout would, and remembers how it was called."""

    def __init__(self, V: int, D: int, seed: int) -> None:
        super().__init__()
        self.layers = toy_model(V, D, seed).float()
        self.recorded_gradients = self.called_in_training = False

    def forward(self, ids: Tensor) -> Tensor:
        self.called_in_training |= self.training
        logits = 3 * self.layers(ids)
        self.recorded_gradients |= logits.requires_grad
        return logits * 0.4 if self.training else logits


def _arguments(sizes: tuple[int, int], seed: int, training: bool, batches: Batches) -> tuple:
    return _Witness(*sizes, seed).train(training), batches


def _testimony(result: Any, args: tuple) -> Any:
    if result is None or result is ...:
        return result
    witness = args[0]
    return [
        plain(result),
        witness.training,
        witness.recorded_gradients,
        witness.called_in_training,
        torch.is_grad_enabled() and all(weight.requires_grad for weight in witness.parameters()),
    ]


def _over_all(model: _Witness, batches: Batches, loss_of: Loss = mean_loss) -> float:
    """The mean over all tokens, in evaluation mode; the model's mode and memory are left as they were."""
    with torch.no_grad():
        losses = [(loss_of(3 * model.layers(inputs), targets), len(targets)) for inputs, targets in batches]
    return float(sum(loss * rows for loss, rows in losses) / sum(rows for _, rows in losses))


def _wrong_validations(model: _Witness, batches: Batches) -> dict[str, float]:
    alone = [_over_all(model, [batch]) for batch in batches]
    sizes = [targets.numel() for _, targets in batches]
    named = {name: _over_all(model, batches, loss) for name, loss in WRONG_LOSSES.items() if name != "sum-not-mean"}
    return named | {
        "mean-of-means": sum(alone) / len(alone),
        "one-batch-only": alone[-1],
        "one-batch-only: the first": alone[0],
        "sum-not-mean": sum(loss * size for loss, size in zip(alone, sizes, strict=True)),
        "sum-not-mean: of the batches": sum(alone),
        "bits-not-nats": _over_all(model, batches) / math.log(2),
        "perplexity": math.exp(_over_all(model, batches)),
        "divided-by-windows": sum(loss * size for loss, size in zip(alone, sizes, strict=True))
        / sum(len(targets) for _, targets in batches),
    }


def _batches(V: int, T: int, sizes: list[int], generator: torch.Generator) -> Batches:
    return [tuple(torch.randint(V, (2, B, T), generator=generator)) for B in sizes]


def _check_validation(function: Probe) -> Iterator[str]:
    batches = _batches(7, 3, [4, 4, 1], torch.Generator().manual_seed(5))
    for was_training in (True, False):
        model = _Witness(7, 5, seed=1)
        shown = f"{function.name}(model, batches)"
        answer = function((7, 5), 1, was_training, batches, make=_arguments, shown=shown, read=_testimony)
        value, training_after, recorded, in_training, grad_enabled = answer
        if value is ...:
            raise Wrong("not-a-number", "It gave `...`.")
        got, expected = number_of(value), _over_all(model, batches)
        call = f"For batches of 4, 4 and 1 windows it gave `{show(value)}`"
        if got is None:
            raise Wrong("not-a-number", f"{call}.")
        if in_training:
            raise Wrong(
                "dropout-left-on", f"The model was in training mode when it was asked; {call[0].lower()}{call[1:]}."
            )
        if not is_close(got, expected):
            idea = name_of(_wrong_validations(model, batches).items(), partial(is_close, got))
            raise Wrong(idea or "other-value", f"{call}; right is `{show(expected)}`.")
        if recorded:
            raise Wrong("gradients-recorded", f"{call}, which is right, but gradients were recorded on the way.")
        if not grad_enabled:
            raise Wrong("gradients-left-off", f"{call}, which is right, but afterwards no gradient is recorded.")
        if training_after != was_training:
            raise Wrong(
                "left-in-evaluation" if was_training else "always-back-to-training",
                f"Before, `model.training` was {was_training}, afterwards it is {training_after}.",
            )
    yield "batches of different sizes"
    yield "evaluation mode, no gradients, and the mode as it was"

    fresh = random.Random()
    generator = seeded(fresh)
    for _ in range(6):
        V, T = fresh.randint(4, 30), fresh.randint(2, 9)
        batches = _batches(V, T, [fresh.randint(1, 9) for _ in range(fresh.randint(1, 6))], generator)
        sizes, seed, was_training = (V, fresh.randint(2, 8)), fresh.getrandbits(30), fresh.random() < 0.5
        given = (sizes, seed, was_training, batches)
        call = f"{function.name}(model, batches)"
        answer = function(*given, make=_arguments, shown=call, fresh=True, read=_testimony)
        value, training_after, recorded, in_training, grad_enabled = answer
        got = number_of(value)
        clean = training_after == was_training and grad_enabled and not recorded and not in_training
        if got is None or not clean or not is_close(got, _over_all(_Witness(*sizes, seed), batches)):
            raise Wrong("tied-to-the-example", "Seen on random batches.")
    yield "fresh random models and batches"


EXERCISE = Exercise(
    kind="function",
    examine=_check_validation,
    means="The number depends on model and text alone: not on the batch size, not on chance. "
    "`llmlab.training.evaluate` computes the same.",
    hints=(
        "The last batch holds one window, the others four. How much should its loss count?",
        "Add up loss · number of tokens over all batches, and divide by the number of all tokens. Around it: "
        "`model.eval()`, `torch.no_grad()`, and the old mode afterwards.",
        "`was_training = model.training`, `model.eval()`, in `with torch.no_grad():` the loop with `total += "
        "loss.item() * targets.numel()`, at the end `model.train(was_training)`.",
    ),
    variant="Let some targets be -100, which counts for nothing (padding, or a question in a chat). Which two lines "
    "change?",
    misconceptions=LOSS_MISCONCEPTIONS
    | {
        "dropout-left-on": Misconception(
            "The model was in training mode: with dropout the number would be too high, and another one each time. "
            "`model.eval()` before the first batch.",
            VALIDATION,
        ),
        "gradients-recorded": Misconception(
            "Nothing is learned here, so nothing needs to be recorded for `backward`: `with torch.no_grad():` saves "
            "memory and time.",
            VALIDATION,
        ),
        "gradients-left-off": Misconception(
            "Gradients were switched off and not on again, so nothing can be trained after this. "
            "`with torch.no_grad():` puts that back by itself.",
            VALIDATION,
        ),
        "left-in-evaluation": Misconception(
            "The model stays in evaluation mode, and from now on trains without dropout. Put back the mode in which it "
            "was.",
            VALIDATION,
        ),
        "always-back-to-training": Misconception(
            "A model that was in evaluation mode is in training mode afterwards. Put back the mode in which it *was*: "
            "`model.train(was_training)`.",
            VALIDATION,
        ),
        "mean-of-means": Misconception(
            "Every batch counted alike, so the single window of the last one counted as much as four. Weigh each batch "
            "by its tokens.",
            VALIDATION,
        ),
        "one-batch-only": Misconception(
            "Only one of the batches counted. Is the `return` inside the loop, or the total overwritten?",
            VALIDATION,
        ),
        "bits-not-nats": Misconception(
            "This is the loss in bits. Here it is asked for in nats, as `cross_entropy` gives it.", VALIDATION
        ),
        "perplexity": Misconception(
            "This is e to the power of the loss, the perplexity. The function returns the loss.", VALIDATION
        ),
        "divided-by-windows": Misconception(
            "It was divided by the number of windows. The loss is a mean over tokens.", VALIDATION
        ),
        "not-a-number": Misconception("The function returns one number, the mean loss.", VALIDATION),
        "other-value": Misconception("This is not the mean loss over all tokens of all batches.", VALIDATION),
        "tied-to-the-example": Misconception(
            "The example holds, and other batches do not: what in the code is right for the example alone?",
            VALIDATION,
        ),
    },
)
