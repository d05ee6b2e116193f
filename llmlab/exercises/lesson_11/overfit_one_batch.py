"""A training loop, to be written: losses and weights after each step, with several optimizers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle
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
    if not isinstance(value, list):
        return None
    numbers = [number for one in value if (number := number_of(one)) is not None]
    return numbers if len(numbers) == len(value) else None


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
    longest: float = math.inf,
) -> tuple[list[float], list[float]]:
    """Losses and weights after `steps`; `order` holds z (zero), b (backward), s (step), l (measure the loss again).

    Gradients longer than `longest` are clipped to it.
    """
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
                if longest < math.inf:
                    nn.utils.clip_grad_norm_(model.parameters(), longest)
                optimizer.step()
        reported = loss_of(model(inputs), targets) if "l" in order else loss
        losses.append(reported.item())
    return losses, _weights(model)


_USUAL_LIMITS = (0.1, 0.25, 0.5, 1.0, 2.0)  # all shorter than the gradients of the example


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
    for longest in _USUAL_LIMITS:
        found[f"gradient-clipped: {longest}"] = _fitted(make, inputs, targets, steps, longest=longest)[0]
    return found | {name: _fitted(make, inputs, targets, steps, loss_of=loss)[0] for name, loss in WRONG_LOSSES.items()}


def _losses_and_weights(result: Any, args: tuple) -> Any:
    """The losses, the weights, and whether what was returned keeps what a `backward` needs."""
    if result is None or result is ...:
        return result
    kept = [result, *result] if isinstance(result, list | tuple) else [result]
    return [plain(result), _weights(args[0]), any(isinstance(one, Tensor) and one.requires_grad for one in kept)]


class _Table(nn.Module):
    """A table of logits, written large: its gradients are long, and need no weights, so that a step before `backward`
    raises nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.sin(torch.arange(49.0, dtype=torch.float64)).reshape(7, 7) / _LARGE)

    def forward(self, ids: Tensor) -> Tensor:
        return _LARGE * self.weight[ids]


_LARGE = 6


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hundreds of steps of models this small: several threads would mostly wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _table(rate: float = 0.5) -> tuple[nn.Module, torch.optim.Optimizer]:
    model = _Table()
    return model, torch.optim.SGD(model.parameters(), lr=rate / _LARGE**2)


def _random_model(V: int, D: int, seed: int, rate: float, kind: str) -> tuple[nn.Module, torch.optim.Optimizer]:
    model = toy_model(V, D, seed)
    if kind == "AdamW":
        return model, torch.optim.AdamW(model.parameters(), lr=rate / 10)
    return model, torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9 if kind == "momentum" else 0.0)


def _arguments(trained: Callable[[], tuple[nn.Module, torch.optim.Optimizer]], *given: Any) -> tuple:
    return *trained(), *given


def _check_fit(fit: Probe) -> Iterator[str]:
    with _one_thread():
        yield from _checks(fit)


def _checks(fit: Probe) -> Iterator[str]:
    inputs, targets = torch.tensor([[1, 5, 2], [0, 3, 3]]), torch.tensor([[5, 2, 6], [3, 3, 4]])

    shown = f"{fit.name}(model, optimizer, inputs, targets, 4)"
    value, weights, graphs = fit(_table, inputs, targets, 4, make=_arguments, shown=shown, read=_losses_and_weights)
    if value is ...:
        raise Wrong("not-a-list", "It gave `...`.")
    got = _numbers(value)
    expected, weights_after = _fitted(_table, inputs, targets, 4)
    call = f"`{shown}` gave `{show(value)}`"
    if got is None:
        raise Wrong("not-a-list", f"{call}.")
    if len(got) != 4:
        raise Wrong("not-one-a-step", f"{call}.")
    if not all_close(got, expected):
        idea = name_of(_wrong_fits(_table, inputs, targets, 4).items(), partial(all_close, got))
        raise Wrong(idea or "other-losses", f"{call}; right is `{show(expected)}`.")
    if not all_close(weights, weights_after):
        raise Wrong("model-not-trained", f"{call}, which is right; but the model is not what it should be by then.")
    if graphs:
        raise Wrong("tensors-kept", f"`{shown}` gave the right losses, as tensors with `requires_grad=True`.")
    yield "four steps of plain gradient descent, losses and weights"

    # Before the random ones: some of those come to a low loss, too, and shall not be the first to show what it changes.
    low = torch.arange(6).view(2, 3)
    shown = f"{fit.name}(model, optimizer, inputs, targets, 60)"
    steep = partial(_table, 30.0)
    value, *_ = fit(steep, low, low + 1, 60, make=_arguments, shown=shown, read=_losses_and_weights)
    sixty, (expected, _) = _numbers(value), _fitted(steep, low, low + 1, 60)
    if sixty is not None and len(sixty) not in (4, 60):  # with 4, as in the example, it is tied to that
        raise Wrong("not-one-a-step", f"`{shown}` gave {len(sixty)} losses.")
    if sixty is not None and len(sixty) == 60 and not all_close(sixty, expected):
        raise Wrong("other-losses", f"Seen in `{shown}`, where the last loss is {expected[-1]:.4f}.")

    fresh = random.Random()
    generator = seeded(fresh)
    for steps, kind in zip((1, 3, 6, 2, 5, 4), cycle(("SGD", "momentum", "AdamW")), strict=False):
        V, D, B, T = fresh.randint(4, 20), fresh.randint(2, 9), fresh.randint(1, 5), fresh.randint(2, 8)
        inputs, targets = torch.randint(V, (2, B, T), generator=generator)
        seed, rate = fresh.getrandbits(30), fresh.uniform(0.05, 0.5)
        trained = partial(_random_model, V, D, seed, rate, kind)
        call = f"{fit.name}(model, optimizer, inputs, targets, {steps}) with {kind}"
        value, weights, _ = fit(
            trained, inputs, targets, steps, make=_arguments, shown=call, fresh=True, read=_losses_and_weights
        )
        got, (expected, weights_after) = _numbers(value), _fitted(trained, inputs, targets, steps)
        if got is None or not all_close(got, expected) or not all_close(weights, weights_after):
            raise Wrong("tied-to-the-example", "Seen on a random model.")
    yield "fresh random models, batches and optimizers"

    if sixty is None or len(sixty) != 60:
        raise Wrong("not-one-a-step", f"`{shown}` gave {0 if sixty is None else len(sixty)} losses.")
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
        "gradient-clipped": Misconception(
            "The gradient was shortened before the step. Clipping is for later: here nothing but the optimizer may "
            "change weights or gradients.",
            LOOP,
        ),
        "tensors-kept": Misconception(
            "The losses are to be Python numbers. A tensor that came out of the model keeps all of that step's "
            "activations alive, so memory fills up: `.item()` makes a number of it.",
            LOOP,
        ),
        "other-losses": Misconception(
            "These are not the losses. Forward, mean cross-entropy over all positions, zero, backward, step, with the "
            "optimizer that is handed over.",
            LOOP,
        ),
        "tied-to-the-example": Misconception(
            "The example holds (four steps, plain gradient descent), and another model, batch, optimizer or number of "
            "steps does not. Is the step taken by `optimizer.step()`, and does no number from the example stand in the "
            "code?",
            LOOP,
        ),
    },
)
