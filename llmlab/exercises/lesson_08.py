"""The six exercises of lesson 08, training: what each check tries, what it recognises, what it says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Wrong, plain, show

POSITIONS = "A loss for every position"
SOFTMAX = "One softmax too many"
DESCENT = "Gradient descent"
LOOP = "The loop"
SCHEDULE_SECTION = "Warm-up and cosine"
VALIDATION_SECTION = "Training text and validation text"
CURVES = "Reading curves"
NOTHING_SECTION = "A notebook that starts from nothing"

Loss = Callable[[Tensor, Tensor], Tensor]


def _mean_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Minus the logarithm of the probability of each target, averaged."""
    chosen = logits.log_softmax(dim=-1).gather(-1, targets.unsqueeze(-1))
    return -chosen.mean()


# What each mistake makes of a loss; in all exercises of this lesson that compute one.
_WRONG_LOSSES: dict[str, Loss] = {
    "softmax-twice": lambda logits, targets: _mean_loss(logits.softmax(-1), targets),
    "last-position-only": lambda logits, targets: _mean_loss(logits[:, -1:], targets[:, -1:]),
    "shifted-again": lambda logits, targets: _mean_loss(logits[:, :-1], targets[:, 1:]),
    "sum-not-mean": lambda logits, targets: _mean_loss(logits, targets) * targets.numel(),
}


def _number(value: Any) -> float | None:
    """A finite number, also as a tensor with one entry; None for anything else."""
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _close(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=1e-3, abs_tol=1e-4)


def _numbers(value: Any) -> list[float] | None:
    numbers = [_number(one) for one in value] if isinstance(value, list) else [None]
    return None if None in numbers else numbers


def _all_close(got: list[float], expected: list[float]) -> bool:
    return len(got) == len(expected) and all(map(_close, got, expected))


def _letters(answer: Any) -> str | None:
    """The letters of an answer, in lower case; None for what holds no text."""
    text = "".join(answer) if isinstance(answer, list) and all(isinstance(one, str) for one in answer) else answer
    return "".join(letter for letter in text.lower() if letter.isalnum()) if isinstance(text, str) else None


_LOSS_MISCONCEPTIONS = {
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


# 08.1 ------------------------------------------------------------------------------------------------------------


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
        "wrong-axis": lambda logits, targets: _mean_loss(logits.softmax(1), targets),
        "wrong-axis: over the windows": lambda logits, targets: _mean_loss(logits.softmax(0), targets),
        "wrong-axis: over all positions": lambda logits, targets: _mean_loss(
            logits.flatten(0, 1).softmax(0).view_as(logits), targets
        ),
        "logarithm-missing": lambda logits, targets: -chosen.mean(),
        "sign": lambda logits, targets: -_mean_loss(logits, targets),
        "probability-not-loss": lambda logits, targets: chosen.mean(),
        "divided-by-windows": lambda logits, targets: _mean_loss(logits, targets) * targets.shape[1],
    }
    return {name: loss(logits, targets).item() for name, loss in (_WRONG_LOSSES | others).items()}


def _check_batch_loss(batch_loss: Probe) -> Iterator[str]:
    logits, targets = _example()
    value = batch_loss(logits, targets, shown=f"{batch_loss.name}(logits, targets)")
    got, expected = _number(value), _mean_loss(logits, targets).item()
    call = f"For logits (2, 3, 5) it gave `{show(value)}`"
    if got is None:
        raise Wrong("not-a-number", f"{call}.")
    if not _close(got, expected):
        models = _wrong_batch_losses(logits, targets)
        named = next((name for name, wrong in models.items() if _close(got, wrong)), "other-value")
        raise Wrong(named.partition(":")[0], f"{call}; right is `{show(expected)}`.")
    yield "two windows of three positions"

    sure = 30 * F.one_hot(torch.arange(65).reshape(5, 13), 65).float()
    got = _number(batch_loss(sure, torch.arange(65).reshape(5, 13), shown=f"{batch_loss.name}(logits, targets)"))
    if got is None or not _close(got, 0.0):
        raise Wrong("other-value", f"For a model that is sure and right each time it gave `{show(got)}`, not 0.")
    yield "a loss of 0 for a model that is sure and right"

    generator = torch.Generator().manual_seed(random.Random().getrandbits(60))
    for B, T, V in ((3, 4, 6), (1, 7, 30), (8, 1, 3), (5, 2, 65)):
        logits = 4 * torch.randn(B, T, V, generator=generator)
        targets = torch.randint(V, (B, T), generator=generator)
        call = f"{batch_loss.name}(logits, targets) for logits ({B}, {T}, {V})"
        got = _number(batch_loss(logits, targets, shown=call, fresh=True))
        if got is None or not _close(got, _mean_loss(logits, targets).item()):
            raise Wrong("tied-to-the-example", "Seen on random logits.")
    yield "fresh random logits"


BATCH_LOSS = Exercise(
    id="08.1",
    title="Find the bug: the loss that will not fall",
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
    misconceptions=_LOSS_MISCONCEPTIONS
    | {
        "wrong-axis": Misconception(
            "There is still a softmax before the loss, now over another axis. No softmax belongs there.", SOFTMAX
        ),
        "logarithm-missing": Misconception(
            "This is minus the mean probability of the right token. The loss is minus the mean *logarithm* of it.",
            POSITIONS,
        ),
        "probability-not-loss": Misconception(
            "This is the mean probability of the right token. The loss is minus the mean logarithm of it.", POSITIONS
        ),
        "divided-by-windows": Misconception(
            "The sum was divided by the number of windows, B. The loss is the mean over all B · T positions.", POSITIONS
        ),
        "sign": Misconception("The sign is turned round: a loss is never below 0, and smaller is better.", POSITIONS),
        "not-a-number": Misconception("The function returns one number, the mean over all positions.", POSITIONS),
        "other-value": Misconception(
            "This is not the mean loss. Logits and targets, flattened, into `cross_entropy`, and nothing else.",
            POSITIONS,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random logits do not. Does a number from the example stand in the code?"
        ),
    },
)


# 08.2 ------------------------------------------------------------------------------------------------------------


def _toy_model(V: int, D: int, seed: int) -> nn.Module:
    """(B, T) -> (B, T, V), in double precision, so that rounding decides nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return nn.Sequential(nn.Embedding(V, D), nn.Linear(D, V)).double()


def _weights(model: nn.Module) -> list[float]:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).tolist()


def _fitted(
    make: Callable[[], tuple[nn.Module, torch.optim.Optimizer]],
    inputs: Tensor,
    targets: Tensor,
    steps: int,
    *,
    loss_of: Loss = _mean_loss,
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
    return found | {
        name: _fitted(make, inputs, targets, steps, loss_of=loss)[0] for name, loss in _WRONG_LOSSES.items()
    }


def _losses_and_weights(result: Any, args: tuple) -> Any:
    return result if result is None or result is ... else [plain(result), _weights(args[0])]


def _check_fit(fit: Probe) -> Iterator[str]:
    inputs, targets = torch.tensor([[1, 5, 2], [0, 3, 3]]), torch.tensor([[5, 2, 6], [3, 3, 4]])

    def table(rate: float = 0.5) -> tuple[nn.Module, torch.optim.Optimizer]:
        # A table of logits: its gradient does not need its weights, so a step before `backward` raises nothing.
        model = _toy_model(7, 5, seed=0)[0]
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
    if not _all_close(got, expected):
        models = _wrong_fits(table, inputs, targets, 4)
        named = next((name for name, wrong in models.items() if _all_close(got, wrong)), "other-losses")
        raise Wrong(named, f"{call}; right is `{show(expected)}`.")
    if not _all_close(weights, weights_after):
        raise Wrong("model-not-trained", f"{call}, which is right; but the model is not what it should be by then.")
    yield "four steps of plain gradient descent, losses and weights"

    fresh = random.Random()
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for steps in (1, 3, 6, 2, 5):
        V, D, B, T = fresh.randint(4, 20), fresh.randint(2, 9), fresh.randint(1, 5), fresh.randint(2, 8)
        inputs, targets = torch.randint(V, (2, B, T), generator=generator)
        seed, rate, kind = fresh.getrandbits(30), fresh.uniform(0.05, 0.5), fresh.choice(("SGD", "momentum", "AdamW"))

        def make(V: int = V, D: int = D, seed: int = seed, rate: float = rate, kind: str = kind):  # noqa: ANN202
            model = _toy_model(V, D, seed)
            if kind == "AdamW":
                return model, torch.optim.AdamW(model.parameters(), lr=rate / 10)
            return model, torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9 if kind == "momentum" else 0.0)

        call = f"{fit.name}(model, optimizer, inputs, targets, {steps}) with {kind}"
        value, weights = fit(*make(), inputs, targets, steps, shown=call, fresh=True, read=_losses_and_weights)
        got, (expected, weights_after) = _numbers(value), _fitted(make, inputs, targets, steps)
        if got is None or not _all_close(got, expected) or not _all_close(weights, weights_after):
            raise Wrong("tied-to-the-example", "Seen on a random model.")
    yield "fresh random models, batches and optimizers"

    inputs = torch.arange(6).view(2, 3)
    shown = f"{fit.name}(model, optimizer, inputs, targets, 60)"
    value, _ = fit(*table(rate=30.0), inputs, inputs + 1, 60, shown=shown, read=_losses_and_weights)
    got, (expected, _) = _numbers(value), _fitted(lambda: table(rate=30.0), inputs, inputs + 1, 60)
    if got is None or len(got) != 60:
        raise Wrong("not-one-a-step", f"`{shown}` gave {0 if got is None else len(got)} losses.")
    if not _all_close(got, expected):
        raise Wrong("other-losses", f"Seen in `{shown}`, where the last loss is {expected[-1]:.4f}.")
    yield "sixty steps, down to a loss near 0"


FIT = Exercise(
    id="08.2",
    title="Overfit one batch",
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
    misconceptions=_LOSS_MISCONCEPTIONS
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


# 08.3 ------------------------------------------------------------------------------------------------------------

_SETTINGS = (12, 4, 2.0, 0.5)  # steps, warm-up, highest, lowest


def _rate(step: int, steps: int, warmup: int, highest: float, lowest: float) -> float:
    if step < warmup:
        return highest * (step + 1) / warmup
    way = (step - warmup) / (steps - 1 - warmup)
    return lowest + (highest - lowest) * 0.5 * (1 + math.cos(math.pi * way))


def _wrong_rates() -> dict[str, list[float]]:
    """The rates of `_SETTINGS` by each known mistake."""
    steps, warmup, highest, lowest = _SETTINGS

    def falling(shape: Callable[[float], float], way: Callable[[int], float] | None = None) -> list[float]:
        """The right warm-up, then another fall."""
        way = way or (lambda step: (step - warmup) / (steps - 1 - warmup))
        rates = [_rate(step, *_SETTINGS) for step in range(warmup)]
        return rates + [shape(way(step)) for step in range(warmup, steps)]

    def rising(line: Callable[[int], float], last: int = warmup) -> list[float]:
        """Another warm-up, then the right fall."""
        return [line(step) for step in range(last)] + [_rate(step, *_SETTINGS) for step in range(last, steps)]

    def cosine(way: float) -> float:
        return lowest + (highest - lowest) * 0.5 * (1 + math.cos(math.pi * way))

    return {
        "starts-at-zero": rising(lambda step: highest * step / warmup),
        "warm-up-from-the-lowest": rising(lambda step: lowest + (highest - lowest) * (step + 1) / warmup),
        "warm-up-from-the-lowest: at 0": rising(lambda step: lowest + (highest - lowest) * step / warmup),
        "warm-up-too-long": rising(lambda step: highest * (step + 1) / warmup, warmup + 1),
        "no-warm-up": rising(lambda step: highest),
        "no-warm-up: all cosine": [cosine(step / (steps - 1)) for step in range(steps)],
        "cosine-from-step-0": falling(cosine, lambda step: step / (steps - 1)),
        "cosine-from-step-0: of steps": falling(cosine, lambda step: step / steps),
        "lowest-not-reached": falling(cosine, lambda step: (step - warmup) / (steps - warmup)),
        "falls-to-zero": falling(lambda way: highest * 0.5 * (1 + math.cos(math.pi * way))),
        "lowest-added": falling(lambda way: lowest + highest * 0.5 * (1 + math.cos(math.pi * way))),
        "lowest-as-a-share": falling(
            lambda way: highest * (lowest + (1 - lowest) * 0.5 * (1 + math.cos(math.pi * way)))
        ),
        "straight-line": falling(lambda way: highest + (lowest - highest) * way),
        "half-forgotten": falling(lambda way: lowest + (highest - lowest) * (1 + math.cos(math.pi * way))),
        "pi-forgotten": falling(lambda way: lowest + (highest - lowest) * 0.5 * (1 + math.cos(way))),
        "quarter-of-a-cosine": falling(lambda way: lowest + (highest - lowest) * math.cos(math.pi / 2 * way)),
        "upside-down": falling(lambda way: lowest + (highest - lowest) * 0.5 * (1 - math.cos(math.pi * way))),
        "never-falls": falling(lambda way: highest),
    }


def _check_schedule(schedule: Probe) -> Iterator[str]:
    steps = _SETTINGS[0]
    values = [schedule(step, *_SETTINGS) for step in range(steps)]
    for step, value in enumerate(values):
        if _number(value) is None:
            raise Wrong("not-a-number", f"`{schedule.spell(step, *_SETTINGS)}` gave `{show(value)}`.")
    got = [_number(value) for value in values]
    expected = [_rate(step, *_SETTINGS) for step in range(steps)]
    if not _all_close(got, expected):
        named = next((name for name, wrong in _wrong_rates().items() if _all_close(got, wrong)), "other-rates")
        step = next(step for step in range(steps) if not _close(got[step], expected[step]))
        raise Wrong(
            named.partition(":")[0],
            f"`{schedule.spell(step, *_SETTINGS)}` gave `{show(values[step])}`; right is `{show(expected[step])}`.",
        )
    yield "twelve steps, four of them warm-up"

    fresh = random.Random()
    for number in range(12):
        steps = fresh.randint(4, 500)
        warmup = 0 if number < 3 else fresh.randint(1, steps - 2)
        highest = fresh.uniform(1e-3, 1.0)
        lowest = 0.0 if number % 4 == 0 else fresh.uniform(0.01, 0.9) * highest
        settings = (steps, warmup, highest, lowest)
        for step in {0, warmup // 2, warmup, (warmup + steps) // 2, steps - 1, fresh.randrange(steps)}:
            call = f"{schedule.name}(…)" + ("" if warmup else " with warmup_steps = 0")
            value = _number(schedule(step, *settings, fresh=True, shown=call))
            right = _rate(step, *settings)
            if value is None or not math.isclose(value, right, rel_tol=1e-3, abs_tol=1e-5 * highest):
                raise Wrong("tied-to-the-example", "Seen on random settings; the warm-up may have no step.")
    yield "fresh random settings, also without a warm-up"


SCHEDULE = Exercise(
    id="08.3",
    title="The schedule",
    kind="function",
    examine=_check_schedule,
    means="A rate that grows while little is known, is long while the valley is far, and short at its floor. "
    "`llmlab.training.learning_rate_at` computes the same.",
    hints=(
        "Which step is the first with the full rate, and which one must have exactly the lowest?",
        "Two cases. In the warm-up a straight line. After it, the share of the way that is behind, from 0 to 1, goes "
        "into half a cosine, which goes from 1 to −1; (1 + cos) / 2 goes from 1 to 0.",
        "`way = (step - warmup_steps) / (steps - 1 - warmup_steps)`, then "
        "`lowest + (highest - lowest) * (1 + math.cos(math.pi * way)) / 2`.",
    ),
    variant="Newer models keep the highest rate for most of the run and fall in a straight line in the last tenth. "
    "Write it. What can be decided later with it than with a cosine?",
    misconceptions={
        "starts-at-zero": Misconception(
            "The first step has a rate of 0, so it does nothing. In the warm-up it is step + 1 that grows: 1 / "
            "warmup_steps of the highest first.",
            SCHEDULE_SECTION,
        ),
        "warm-up-from-the-lowest": Misconception(
            "The warm-up begins at the lowest rate. It begins near 0: lowest is where the cosine ends.",
            SCHEDULE_SECTION,
        ),
        "warm-up-too-long": Misconception(
            "Step `warmup_steps` is counted into the warm-up and gets more than the highest rate: the warm-up is "
            "`step < warmup_steps`.",
            SCHEDULE_SECTION,
        ),
        "no-warm-up": Misconception("The rate does not grow at the start: the warm-up is missing.", SCHEDULE_SECTION),
        "cosine-from-step-0": Misconception(
            "The cosine is counted from step 0, so it has already fallen when the warm-up ends. Its way begins at "
            "`warmup_steps`.",
            SCHEDULE_SECTION,
        ),
        "lowest-not-reached": Misconception(
            "The last step, `steps - 1`, does not reach the lowest rate: divide by `steps - 1 - warmup_steps`.",
            SCHEDULE_SECTION,
        ),
        "falls-to-zero": Misconception(
            "The rate falls to 0, and so the last steps do nothing. It falls to lowest.", SCHEDULE_SECTION
        ),
        "lowest-added": Misconception(
            "lowest was added to the whole curve, which lifts its beginning above the highest: scale the cosine by "
            "`highest - lowest`.",
            SCHEDULE_SECTION,
        ),
        "lowest-as-a-share": Misconception(
            "lowest was taken for a share of the highest. Here it is a learning rate itself.", SCHEDULE_SECTION
        ),
        "straight-line": Misconception("The rate falls in a straight line, not along a cosine.", SCHEDULE_SECTION),
        "half-forgotten": Misconception("1 + cos goes from 2 to 0. It has to be divided by 2.", SCHEDULE_SECTION),
        "pi-forgotten": Misconception(
            "Half a cosine goes from 0 to π. Without the π it has hardly fallen by the end.", SCHEDULE_SECTION
        ),
        "quarter-of-a-cosine": Misconception(
            "That is a quarter of a cosine, from 1 to 0, which is steepest at the end. Half a cosine, "
            "(1 + cos(π · way)) / 2, is level at both ends.",
            SCHEDULE_SECTION,
        ),
        "upside-down": Misconception(
            "The curve is upside down: after the warm-up it starts at the lowest rate and rises.", SCHEDULE_SECTION
        ),
        "never-falls": Misconception("After the warm-up the rate stays where it is.", SCHEDULE_SECTION),
        "not-a-number": Misconception("The function returns one number, the learning rate.", SCHEDULE_SECTION),
        "other-rates": Misconception(
            "These are not the rates: a line up to the highest, then half a cosine down to the lowest at the last "
            "step.",
            SCHEDULE_SECTION,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other settings do not. Does a number stand where a name belongs?", SCHEDULE_SECTION
        ),
    },
)


# 08.4 ------------------------------------------------------------------------------------------------------------


class _Witness(nn.Module):
    """A model that answers otherwise while it trains, as dropout would, and remembers how it was called."""

    def __init__(self, V: int, D: int, seed: int) -> None:
        super().__init__()
        self.layers = _toy_model(V, D, seed).float()
        self.recorded_gradients = self.called_in_training = False

    def forward(self, ids: Tensor) -> Tensor:
        self.recorded_gradients |= torch.is_grad_enabled()
        self.called_in_training |= self.training
        logits = 3 * self.layers(ids)
        return logits * 0.4 if self.training else logits


def _testimony(result: Any, args: tuple) -> Any:
    if result is None or result is ...:
        return result
    witness = args[0]
    return [
        plain(result),
        witness.training,
        witness.recorded_gradients,
        witness.called_in_training,
        torch.is_grad_enabled(),
    ]


Batches = list[tuple[Tensor, Tensor]]


def _over_all(model: _Witness, batches: Batches, loss_of: Loss = _mean_loss) -> float:
    """The mean over all tokens, in evaluation mode; the model's mode and memory are left as they were."""
    with torch.no_grad():
        losses = [(loss_of(3 * model.layers(inputs), targets), len(targets)) for inputs, targets in batches]
    return float(sum(loss * rows for loss, rows in losses) / sum(rows for _, rows in losses))


def _wrong_validations(model: _Witness, batches: Batches) -> dict[str, float]:
    alone = [_over_all(model, [batch]) for batch in batches]
    sizes = [targets.numel() for _, targets in batches]
    named = {name: _over_all(model, batches, loss) for name, loss in _WRONG_LOSSES.items() if name != "sum-not-mean"}
    return named | {
        "mean-of-means": sum(alone) / len(alone),
        "one-batch-only": alone[-1],
        "first-batch-only": alone[0],
        "sum-not-mean": sum(loss * size for loss, size in zip(alone, sizes, strict=True)),
        "sum-of-means": sum(alone),
        "divided-by-windows": sum(loss * size for loss, size in zip(alone, sizes, strict=True))
        / sum(len(targets) for _, targets in batches),
    }


# Names under which a wrong value is found -> the misconception behind it.
_SAME_IDEA = {"first-batch-only": "one-batch-only", "sum-of-means": "sum-not-mean"}


def _batches(V: int, T: int, sizes: list[int], generator: torch.Generator) -> Batches:
    return [tuple(torch.randint(V, (2, B, T), generator=generator)) for B in sizes]


def _check_validation(function: Probe) -> Iterator[str]:
    batches = _batches(7, 3, [4, 4, 1], torch.Generator().manual_seed(5))
    for was_training in (True, False):
        model = _Witness(7, 5, seed=1).train(was_training)
        answer = function(model, batches, shown=f"{function.name}(model, batches)", read=_testimony)
        value, training_after, recorded, in_training, grad_enabled = answer
        if value is ...:
            raise Wrong("not-a-number", "It gave `...`.")
        got, expected = _number(value), _over_all(model, batches)
        call = f"For batches of 4, 4 and 1 windows it gave `{show(value)}`"
        if got is None:
            raise Wrong("not-a-number", f"{call}.")
        if in_training:
            raise Wrong(
                "dropout-left-on", f"The model was in training mode when it was asked; {call[0].lower()}{call[1:]}."
            )
        if not _close(got, expected):
            models = _wrong_validations(model, batches)
            named = next((name for name, wrong in models.items() if _close(got, wrong)), "other-value")
            raise Wrong(_SAME_IDEA.get(named, named), f"{call}; right is `{show(expected)}`.")
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
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for _ in range(6):
        V, T = fresh.randint(4, 30), fresh.randint(2, 9)
        batches = _batches(V, T, [fresh.randint(1, 9) for _ in range(fresh.randint(1, 6))], generator)
        model = _Witness(V, fresh.randint(2, 8), fresh.getrandbits(30)).train(fresh.random() < 0.5)
        call = f"{function.name}(model, batches)"
        answer = function(model, batches, shown=call, fresh=True, read=_testimony)
        value, training_after, recorded, in_training, grad_enabled = answer
        got = _number(value)
        clean = training_after == model.training and grad_enabled and not recorded and not in_training
        if got is None or not clean or not _close(got, _over_all(model, batches)):
            raise Wrong("tied-to-the-example", "Seen on random batches.")
    yield "fresh random models and batches"


VALIDATION = Exercise(
    id="08.4",
    title="The validation loss",
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
    variant="Report the *perplexity* too, exp of the loss: among how many equally likely tokens the model would be as "
    "unsure. What is it for a model that knows nothing?",
    misconceptions=_LOSS_MISCONCEPTIONS
    | {
        "dropout-left-on": Misconception(
            "The model was in training mode: with dropout the number would be too high, and another one each time. "
            "`model.eval()` before the first batch.",
            VALIDATION_SECTION,
        ),
        "gradients-recorded": Misconception(
            "Nothing is learned here, so nothing needs to be recorded for `backward`: `with torch.no_grad():` saves "
            "memory and time.",
            VALIDATION_SECTION,
        ),
        "gradients-left-off": Misconception(
            "Gradients were switched off and not on again, so nothing can be trained after this. "
            "`with torch.no_grad():` puts that back by itself.",
            VALIDATION_SECTION,
        ),
        "left-in-evaluation": Misconception(
            "The model stays in evaluation mode, and from now on trains without dropout. Put back the mode in which it "
            "was.",
            VALIDATION_SECTION,
        ),
        "always-back-to-training": Misconception(
            "A model that was in evaluation mode is in training mode afterwards. Put back the mode in which it *was*: "
            "`model.train(was_training)`.",
            VALIDATION_SECTION,
        ),
        "mean-of-means": Misconception(
            "Every batch counted alike, so the single window of the last one counted as much as four. Weigh each batch "
            "by its tokens.",
            VALIDATION_SECTION,
        ),
        "one-batch-only": Misconception(
            "Only one of the batches counted. Is the `return` inside the loop, or the total overwritten?",
            VALIDATION_SECTION,
        ),
        "divided-by-windows": Misconception(
            "It was divided by the number of windows. The loss is a mean over tokens.", VALIDATION_SECTION
        ),
        "not-a-number": Misconception("The function returns one number, the mean loss.", VALIDATION_SECTION),
        "other-value": Misconception("This is not the mean loss over all tokens of all batches.", VALIDATION_SECTION),
        "tied-to-the-example": Misconception(
            "The example holds, and other batches do not. Does a number from the example stand in the code?",
            VALIDATION_SECTION,
        ),
    },
)


# 08.5 ------------------------------------------------------------------------------------------------------------


def _check_bugs(answer: Any) -> Iterator[str]:
    letters = _letters(answer)
    shown = f"You answered `{show(answer)}`."
    if letters is None or len(letters) != 4 or set(letters) - set("abcde"):
        raise Wrong("not-four-letters", shown)
    W, X, Y, Z = letters
    if Y == "e":
        raise Wrong("too-good-to-be-true", shown)
    if Y != "d":
        raise Wrong("copying", shown)
    if X == "e":
        raise Wrong("only-the-batches-read", shown)
    if X != "b":
        raise Wrong("two-curves-part", shown)
    if W == "a" or Z == "c":
        raise Wrong("slow-or-on-a-floor", shown)
    if letters != "cbda":
        raise Wrong("nothing-is-healthy", shown)
    yield "c b d a"


BUGS = Exercise(
    id="08.5",
    title="Which bug made this curve?",
    kind="value",
    examine=_check_bugs,
    means="A floor with no gradient, two curves that part, a loss below what text allows, a slow line that still "
    "falls: four shapes that you will meet again.",
    hints=(
        "In which run do the two losses part, and in which one is the loss lower than the text allows?",
        "Two runs stay high. One still falls, with gradients of about the length that they had at the start. The other "
        "lies still, and its gradients are next to nothing.",
        "W lies on a floor, X has read too little, Y copies what it has just read, Z is on its way, slowly.",
    ),
    variant="In run W the loss stays far above the floor of 5.40. What would the model have to do to get there, and "
    "why is its gradient so short?",
    misconceptions={
        "too-good-to-be-true": Misconception(
            "Run Y reaches a loss of 0. After 'the king' many words are right, so no honest model can: the answer must "
            "stand in the question.",
            CURVES,
        ),
        "copying": Misconception(
            "In run Y both losses go to 0. With too little text only that of the batches would. The answer stands in "
            "the question: the target is the token that was just read.",
            CURVES,
        ),
        "only-the-batches-read": Misconception(
            "Run X looks best on its batches. Look at its validation loss, which turns up.", CURVES
        ),
        "two-curves-part": Misconception(
            "In run X the loss of the batches goes to 0 and the validation loss turns up: it knows its text by heart.",
            CURVES,
        ),
        "slow-or-on-a-floor": Misconception(
            "W and Z both stay high, for different reasons. Compare the last column: Z still has long gradients, and "
            "falls; W has next to none, and lies still.",
            CURVES,
        ),
        "nothing-is-healthy": Misconception(
            "In each of the four something is wrong, and each cause from a to d occurs once. Which run stays high with "
            "a gradient, and which without?",
            CURVES,
        ),
        "not-four-letters": Misconception(
            "The answer is one text with four letters from a to e, for W, X, Y and Z in this order.", CURVES
        ),
    },
)


# 08.6 ------------------------------------------------------------------------------------------------------------


def _check_failing(answer: Any) -> Iterator[str]:
    letters = _letters(answer)
    shown = f"You answered `{show(answer)}`."
    if letters is None or set(letters) - set("abcdefg"):
        raise Wrong("not-letters", shown)
    found = set(letters)
    if not found:
        raise Wrong("worked-before", shown)
    if found & set("bcdg"):
        raise Wrong("these-have-their-names", shown)
    if "a" not in found:
        raise Wrong("order-of-the-page", shown)
    if "e" not in found:
        raise Wrong("deleted-cell", shown)
    if "f" not in found:
        raise Wrong("one-error-brings-another", shown)
    yield "a, e and f"


FAILING = Exercise(
    id="08.6",
    title="Restart and run all",
    kind="value",
    examine=_check_failing,
    means="A name exists if a cell *above* makes it. What an earlier run has left behind in the kernel does not count.",
    hints=(
        "For each cell, which names does it use, and does a cell above it make them?",
        "The numbers in brackets are the past. After a restart only the order on the page counts, and what was deleted "
        "is gone.",
        "a stands above all that it uses; rate was made by the deleted cell; and what the failing cell e should have "
        "made is missing afterwards.",
    ),
    variant="Restart the kernel of a notebook of your own from last month and run all cells. If something fails, which "
    "of the three reasons is it?",
    misconceptions={
        "worked-before": Misconception(
            "It worked because of what earlier cells had left in the kernel. A restart forgets all of it.",
            NOTHING_SECTION,
        ),
        "order-of-the-page": Misconception(
            "Cell a stands first on the page, so it now runs before the cells that make `F`, `model`, `inputs` and "
            "`targets`. Its number, 4, is the past.",
            NOTHING_SECTION,
        ),
        "deleted-cell": Misconception(
            "No cell on the page makes `rate`: the one that did was deleted. Cell e used what was left of it in the "
            "kernel.",
            NOTHING_SECTION,
        ),
        "one-error-brings-another": Misconception(
            "Cell e fails, so it makes no `optimizer`; a cell below that needs it fails too.", NOTHING_SECTION
        ),
        "these-have-their-names": Misconception(
            "One of the cells that you name finds everything: b and c import, d uses `nn` and `torch` from above it, "
            "and g uses `torch`. An error in another cell does not take these names away.",
            NOTHING_SECTION,
        ),
        "not-letters": Misconception(
            "The answer is one text with letters from a to g, such as `'bcd'`.", NOTHING_SECTION
        ),
    },
)


EXERCISES = (BATCH_LOSS, FIT, SCHEDULE, VALIDATION, BUGS, FAILING)
