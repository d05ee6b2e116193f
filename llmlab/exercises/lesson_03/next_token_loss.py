"""A loss with one shift too many, to be mended: its value by hand, its gradient, and random batches of other shapes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn.functional import cross_entropy, log_softmax, one_hot, softmax

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.lesson_03.sections import BATCHES, LABEL, MANY, ONE_SHIFT


def _wrong_losses(logits: torch.Tensor, targets: torch.Tensor) -> dict[str, list[float]]:
    """What each known mistake gives on the example: misconception -> losses."""
    B, T, V = logits.shape
    each = cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # (B, T)

    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return cross_entropy(logits.reshape(-1, V), targets.reshape(-1))

    losses = {
        "shifted-twice": [loss(logits[:, :-1], targets[:, 1:])],
        "shifted-back": [loss(logits[:, 1:], targets[:, :-1])],
        "only-the-last-position": [each[:, -1].mean(), each[:, -1].sum()],
        "last-position-left-out": [each[:, :-1].mean()],
        "first-position-left-out": [each[:, 1:].mean()],
        "only-the-first-window": [each[0].mean()],
        "targets-turned-round": [loss(logits, targets.roll(shift, axis)) for shift in (-1, 1) for axis in (0, 1)],
        "softmax-first": [
            loss(softmax(logits, -1), targets),
            -softmax(logits, -1).gather(2, targets[..., None]).mean(),
        ],
        "softmax-over-the-wrong-axis": [
            -log_softmax(logits, axis).gather(2, targets[..., None]).mean() for axis in (0, 1)
        ],
        "sum-instead-of-mean": [each.sum(), each.sum() / B, each.sum() / T],
        "rows-mixed": [
            loss(logits.transpose(1, 2), targets),
            loss(logits.transpose(0, 1), targets),
            loss(logits, targets.T),
            cross_entropy(logits.reshape(B, V, T), targets),
        ],
        "sign-missing": [-each.mean()],
        "mean-over-the-vocabulary": [(log_softmax(logits, -1) * one_hot(targets, V)).mean() * sign for sign in (1, -1)],
        "perplexity": [each.mean().exp()],
    }
    return {name: [float(value) for value in values] for name, values in losses.items()}


def _example_batch(B: int, T: int, V: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(B, T, V, generator=generator)
    return logits, torch.randint(V, (B, T), generator=generator)


def _written_example() -> tuple[torch.Tensor, torch.Tensor]:
    """B=2, T=3, V=5, in numbers that no version of a random generator changes."""
    B, T, V = 2, 3, 5
    logits = torch.tensor([(7 * i * i + 3 * i) % 11 - 5 for i in range(B * T * V)]).reshape(B, T, V) * 0.5
    return logits, torch.tensor([[3, 1, 4], [1, 0, 2]])


def _loss_by_hand(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Mean over every position of log(sum of exp(logits)) minus the target's logit, in double precision."""
    losses = [
        math.log(sum(math.exp(value) for value in row)) - row[target]
        for rows, row_targets in zip(logits.double().tolist(), targets.tolist(), strict=True)
        for row, target in zip(rows, row_targets, strict=True)
    ]
    return sum(losses) / len(losses)


def _close(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=1e-5, abs_tol=1e-5)  # float32 sums of up to 100 terms stay within 1e-6


def _gradient(result: Any, args: tuple) -> list[list[float]]:
    """How strongly each position's logits act on the loss, (B, T)."""
    if not (isinstance(result, torch.Tensor) and result.requires_grad):
        raise Wrong("no-gradient", "The loss does not lead back to the logits, so `loss.backward()` cannot train.")
    (gradient,) = torch.autograd.grad(result, args[0])
    return gradient.abs().sum(-1).tolist()


def _check_next_token_loss(next_token_loss: Probe) -> Iterator[str]:
    logits, targets = _written_example()
    name = next_token_loss.name
    got = next_token_loss(logits, targets, shown=f"{name}(logits (2, 3, 5), targets (2, 3))")
    expected = _loss_by_hand(logits, targets)
    shown = f"For logits of shape (2, 3, 5) it gave `{show(got)}`, the mean over all 6 positions is {expected:.4f}."
    if not isinstance(got, int | float):
        raise Wrong("not-a-scalar", f"For logits of shape (2, 3, 5) it gave `{show(got)}`.")
    if not _close(got, expected):
        idea = name_of(faces(_wrong_losses(logits, targets)), lambda wrong: _close(got, wrong)) or "other-loss"
        raise Wrong("loss-is-nan" if math.isnan(got) else idea, shown)
    yield "one number, right on an example by hand"

    leaf = logits.clone().requires_grad_()
    reaches = next_token_loss(leaf, targets, shown=f"{name}(logits (2, 3, 5), targets (2, 3))", read=_gradient)
    if not all(value > 0 for row in reaches for value in row):
        raise Wrong("no-gradient", "At least one position gets no gradient.")
    yield "every position gets gradient"

    fresh = random.Random()
    shapes = [(1, 4, 3), (3, 1, 4), *([*fresh.sample(range(2, 9), 3)] for _ in range(8))]
    for B, T, V in shapes:
        logits, targets = _example_batch(B, T, V, seed=fresh.getrandbits(60))
        got = next_token_loss(logits, targets, shown="a random batch", fresh=True)
        if not isinstance(got, int | float) or not _close(got, _loss_by_hand(logits, targets)):
            raise Wrong("tied-to-the-example")
    yield "fresh random batches of other shapes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_next_token_loss,
    means="The data set shifts, the loss does not: every logit meets the token right after its input, and all "
    "positions count.",
    hints=(
        "The data set gives targets[b, t] = the token after inputs[b, t]. Which target do the logits at t belong to?",
        "Two places could do the shift, the data set or the loss. It has been done in the data set; here logits and "
        "targets at the same position belong together.",
        "`cross_entropy(logits.flatten(0, 1), targets.flatten())`, without any slice.",
    ),
    variant="Give the loss untrained logits, all zero, with V = 50,257. Which number comes out, and why is it ln V?",
    misconceptions={
        "shifted-twice": Misconception(
            "Logits at t are compared with the target of t + 1: the shift of the data set and one more. The model "
            "would learn to predict the token after the next.",
            ONE_SHIFT,
        ),
        "shifted-back": Misconception(
            "Logits at t + 1 are compared with the target of t, which the model has already read as its input: the "
            "shift of the data set has been taken back.",
            ONE_SHIFT,
        ),
        "only-the-last-position": Misconception(
            "Only the last position of each window is counted. Every position has a target and is trained.", MANY
        ),
        "last-position-left-out": Misconception(
            "The last position is left out. Its target is there: the data set put the token after the window into it.",
            ONE_SHIFT,
        ),
        "first-position-left-out": Misconception(
            "The first position is left out. It has a target like all others: the second token of the window.", MANY
        ),
        "only-the-first-window": Misconception("Only the first window of the batch is counted.", BATCHES),
        "targets-turned-round": Misconception(
            "The targets were turned round, so that those at one end belong to the other. They are in their places "
            "already.",
            ONE_SHIFT,
        ),
        "softmax-first": Misconception(
            "Probabilities go where logits or log-probabilities belong. `cross_entropy` takes logits and applies "
            "log-softmax itself: a softmax before it flattens the loss.",
            ONE_SHIFT,
        ),
        "softmax-over-the-wrong-axis": Misconception(
            "The softmax ran over windows or positions. It must run over the vocabulary, the last axis.", MANY
        ),
        "sum-instead-of-mean": Misconception(
            "The losses are added up over an axis where the mean is wanted: the number would grow with the batch or "
            "the window.",
            MANY,
        ),
        "rows-mixed": Misconception(
            "A reshape has mixed positions and vocabulary, or windows and positions. Flatten (B, T, V) to (B·T, V) "
            "and (B, T) to (B·T), or move V to axis 1 with `transpose(1, 2)`; `view` and `reshape` move no axis.",
            MANY,
        ),
        "sign-missing": Misconception(
            "The sign is missing: the loss is minus the log-probability of the target.", LABEL
        ),
        "mean-over-the-vocabulary": Misconception(
            "The mean also runs over the vocabulary. Only the entry of the target counts: average over B·T positions.",
            MANY,
        ),
        "perplexity": Misconception("This is exp(loss), the perplexity. The loss is the mean before `exp`.", MANY),
        "loss-is-nan": Misconception("The loss is not a number: a mean over nothing, or the log of zero?", MANY),
        "not-a-scalar": Misconception("The loss is one number, the mean over all positions of all windows.", MANY),
        "no-gradient": Misconception(
            "The number is right, but it cannot train: gradient must flow from the loss to the logits of every "
            "position. Keep it a tensor, without `.item()` or `detach()`.",
            MANY,
        ),
        "other-loss": Misconception(
            "This is not the mean cross-entropy over all positions. For a single position: minus the log-softmax of "
            "its logits, at its target.",
            MANY,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and batches of other shapes do not. Is a size of the example written into the code?",
            MANY,
        ),
    },
    crashes=(
        Crash(
            "one-slice-left",
            "ValueError",
            r"Expected input batch_size \((?P<rows>\d+)\) to match target batch_size \((?P<ids>\d+)\)",
            "`cross_entropy` counts {rows} rows of logits and {ids} targets. Are both flattened, and both cut in the "
            "same way or neither? Logits and targets at the same positions belong together.",
            MANY,
        ),
        Crash(
            "flattened-too-far",
            "Exception",
            r"For 1D input, 1D target|size mismatch \(got input: \[\d+\], target: \[\d+\]",
            "The logits have run together to one long line: `flatten()` without axes does that. `flatten(0, 1)` joins "
            "windows and positions, and keeps the last axis, V.",
            MANY,
        ),
        Crash(
            "not-flattened",
            "Exception",
            "Expected target size",
            "`cross_entropy` looks for V in the second place: give it logits (B·T, V) with targets (B·T,), or logits "
            "(B, V, T) with targets (B, T).",
            MANY,
        ),
        Crash(
            "size-from-elsewhere",
            "RuntimeError",
            r"shape '.*' is invalid for input of size",
            "The sizes of a `view` or `reshape` do not fit these logits. Is a name from another cell used? Take them "
            "from `logits.shape`.",
            MANY,
        ),
    ),
)
