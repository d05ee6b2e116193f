"""A training loop, to be written: losses and weights after each step, with several optimizers."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_11.common import all_close, number_of
from llmlab.exercises.lesson_11.losses import LOSS_MISCONCEPTIONS, WRONG_LOSSES, Loss, mean_loss, toy_model
from llmlab.exercises.lesson_11.sections import DESCENT, LOOP


def _numbers(value: Any) -> list[float] | None:
    numbers = [number_of(one) for one in value] if isinstance(value, list) else [None]
    return None if None in numbers else numbers


def _weights(model: nn.Module) -> list[float]:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).tolist()


def _fitted(
    make: Callable[[], tuple[nn.Module, torch.optim.Optimizer]],
    inputs: Tensor,
    targets: Tensor,
    steps: int,
    *,
    loss_of: Loss = mean_loss,
    order: str = "zbs",
) -> tuple[list[float], list[float]]:
    """Losses and weights after `steps`; `order` holds z (zero), b (backward), s (step), l (measure the loss again)."""
    model, optimizer = make()
    losses = []
    for _ in range(steps):
        loss = loss_of(model(inputs), targets)
        for action in order:
            if action == "z":
                optimizer.zero_grad()
            elif action == "b":
                loss.backward()
            elif action == "u":  # uphill
                (-loss).backward()
            elif action == "s":
                optimizer.step()
        reported = loss_of(model(inputs), targets) if "l" in order else loss
        losses.append(reported.item())
    return losses, _weights(model)


def _wrong_fits(
    make: Callable[[], tuple[nn.Module, torch.optim.Optimizer]], inputs: Tensor, targets: Tensor, steps: int
) -> dict[str, list[float]]:
    orders = {
        "weights-do-not-move": "",
        "gradients-not-zeroed": "bs",
        "step-before-backward": "szb",
        "loss-after-the-step": "zbsl",
        "uphill": "zus",
    }
    found = {name: _fitted(make, inputs, targets, steps, order=order)[0] for name, order in orders.items()}
    return found | {name: _fitted(make, inputs, targets, steps, loss_of=loss)[0] for name, loss in WRONG_LOSSES.items()}


def _losses_and_weights(result: Any, args: tuple) -> Any:
    return result if result is None or result is ... else [plain(result), _weights(args[0])]


def _check_fit(fit: Probe) -> Iterator[str]:
    inputs, targets = torch.tensor([[1, 5, 2], [0, 3, 3]]), torch.tensor([[5, 2, 6], [3, 3, 4]])

    def table(rate: float = 0.5) -> tuple[nn.Module, torch.optim.Optimizer]:
        # A table of logits: its gradient does not need its weights, so a step before `backward` raises nothing.
        model = toy_model(7, 5, seed=0)[0]
        model.weight = nn.Parameter(torch.sin(torch.arange(49.0, dtype=torch.float64)).reshape(7, 7))
        return model, torch.optim.SGD(model.parameters(), lr=rate)

    shown = f"{fit.name}(model, optimizer, inputs, targets, 4)"
    value, weights = fit(*table(), inputs, targets, 4, shown=shown, read=_losses_and_weights)
    if value is ...:
        raise Wrong("not-a-list", "It gave `...`.")
    got = _numbers(value)
    expected, weights_after = _fitted(table, inputs, targets, 4)
    call = f"`{shown}` gave `{show(value)}`"
    if got is None:
        raise Wrong("not-a-list", f"{call}.")
    if len(got) != 4:
        raise Wrong("not-one-a-step", f"{call}.")
    if not all_close(got, expected):
        idea = name_of(_wrong_fits(table, inputs, targets, 4).items(), partial(all_close, got))
        raise Wrong(idea or "other-losses", f"{call}; right is `{show(expected)}`.")
    if not all_close(weights, weights_after):
        raise Wrong("model-not-trained", f"{call}, which is right; but the model is not what it should be by then.")
    yield "four steps of plain gradient descent, losses and weights"

    fresh = random.Random()
    generator = seeded(fresh)
    for steps in (1, 3, 6, 2, 5):
        V, D, B, T = fresh.randint(4, 20), fresh.randint(2, 9), fresh.randint(1, 5), fresh.randint(2, 8)
        inputs, targets = torch.randint(V, (2, B, T), generator=generator)
        seed, rate, kind = fresh.getrandbits(30), fresh.uniform(0.05, 0.5), fresh.choice(("SGD", "momentum", "AdamW"))

        def make(V: int = V, D: int = D, seed: int = seed, rate: float = rate, kind: str = kind):  # noqa: ANN202
            model = toy_model(V, D, seed)
            if kind == "AdamW":
                return model, torch.optim.AdamW(model.parameters(), lr=rate / 10)
            return model, torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9 if kind == "momentum" else 0.0)

        call = f"{fit.name}(model, optimizer, inputs, targets, {steps}) with {kind}"
        value, weights = fit(*make(), inputs, targets, steps, shown=call, fresh=True, read=_losses_and_weights)
        got, (expected, weights_after) = _numbers(value), _fitted(make, inputs, targets, steps)
        if got is None or not all_close(got, expected) or not all_close(weights, weights_after):
            raise Wrong("tied-to-the-example", "Seen on a random model.")
    yield "fresh random models, batches and optimizers"

    inputs = torch.arange(6).view(2, 3)
    shown = f"{fit.name}(model, optimizer, inputs, targets, 60)"
    value, _ = fit(*table(rate=30.0), inputs, inputs + 1, 60, shown=shown, read=_losses_and_weights)
    got, (expected, _) = _numbers(value), _fitted(lambda: table(rate=30.0), inputs, inputs + 1, 60)
    if got is None or len(got) != 60:
        raise Wrong("not-one-a-step", f"`{shown}` gave {0 if got is None else len(got)} losses.")
    if not all_close(got, expected):
        raise Wrong("other-losses", f"Seen in `{shown}`, where the last loss is {expected[-1]:.4f}.")
    yield "sixty steps, down to a loss near 0"


EXERCISE = Exercise(
    kind="function",
    examine=_check_fit,
    means="Forward, loss, zero, backward, step: every training run consists of this. If one batch cannot be learned by "
    "heart, look for a bug before you look for more data.",
    hints=(
        "Which of the five lines need the gradients of this step, and which must come before they are computed?",
        "Logits, then their loss over all positions, then forget the old gradients, compute the new ones, step; and "
        "keep `loss.item()`.",
        "`loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())`, `optimizer.zero_grad()`, "
        "`loss.backward()`, `optimizer.step()`, `losses.append(loss.item())`, all in a loop over `range(steps)`.",
    ),
    variant="Let the gradients of four small batches add up before each step, each loss divided by 4 (gradient "
    "accumulation). When does it equal one step on a batch four times as large?",
    misconceptions=LOSS_MISCONCEPTIONS
    | {
        "weights-do-not-move": Misconception(
            "The loss stays what it was: the weights did not move. Is `optimizer.step()` there, and do the gradients "
            "still exist when it comes? `zero_grad` belongs before `backward`.",
            LOOP,
        ),
        "gradients-not-zeroed": Misconception(
            "Each step followed the gradients of all steps before it as well: `backward` adds to what is there. "
            "`optimizer.zero_grad()` comes first.",
            LOOP,
        ),
        "step-before-backward": Misconception(
            "The step comes before `backward`, and so uses the gradients of the step before.", LOOP
        ),
        "loss-after-the-step": Misconception(
            "These are the losses *after* each update. Keep the one that was computed before it, which is there anyway "
            "and costs no second pass.",
            LOOP,
        ),
        "uphill": Misconception("The loss grows: the steps go along the gradient, not against it.", DESCENT),
        "not-one-a-step": Misconception(
            "The list must hold one loss for each step: one is kept in every round of the loop, and the loop goes "
            "`steps` times round, however small the loss is.",
            LOOP,
        ),
        "not-a-list": Misconception("The function returns a list of numbers, one loss for each step.", LOOP),
        "model-not-trained": Misconception(
            "The losses are right, but the weights of the model that was handed over are not: did you train a copy, or "
            "take a step too few or too many?",
            LOOP,
        ),
        "other-losses": Misconception(
            "These are not the losses. Forward, mean cross-entropy over all positions, zero, backward, step, with the "
            "optimizer that is handed over.",
            LOOP,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and another model, batch or optimizer does not. Take the step with `optimizer.step()`, "
            "and no number from the example.",
            LOOP,
        ),
    },
)
