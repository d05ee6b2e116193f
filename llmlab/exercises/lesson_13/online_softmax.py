"""One update of a running softmax, to be written: tried with a new maximum and without, and block by block."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of, numbers
from llmlab.exercises.lesson_13.sections import ONLINE


def _updated(largest: float, total: float, block: list[float]) -> tuple[float, float]:
    new = max(largest, *block)
    return new, total * math.exp(largest - new) + sum(math.exp(score - new) for score in block)


def _wrong_updates(largest: float, total: float, block: list[float]) -> dict[str, tuple[float, float]]:
    top = max(block)
    new = max(largest, top)
    added = sum(math.exp(score - new) for score in block)
    own = sum(math.exp(score - top) for score in block)
    return {
        "old-sum-not-moved": (new, total + added),
        "moved-the-wrong-way": (new, total * math.exp(new - largest) + added),
        "old-sum-forgotten": (new, added),
        "block-not-moved": (new, total * math.exp(largest - new) + own),
        "only-the-blocks-maximum": (top, total * math.exp(largest - top) + own),
        "exponential-forgotten": (new, total * math.exp(largest - new) + sum(score - new for score in block)),
        "no-maximum-taken-off": (new, total + sum(math.exp(score) for score in block)),
        "old-maximum-kept": (largest, total + sum(math.exp(score - largest) for score in block)),
    }


def _pair(value: Any) -> tuple[float, float] | None:
    """Two numbers, also as tensors with one entry; None for anything else."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    pair = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in value]
    return (float(pair[0]), float(pair[1])) if numbers(pair, 2) else None


def _agree(got: tuple[float, float], expected: tuple[float, float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6) for a, b in zip(got, expected, strict=True))


def _check_update(update: Probe) -> Iterator[str]:
    # The new block holds a larger score in the first case, and none in the second.
    for largest, total, block in ((1.0, 1.5, [0.0, 3.0, 2.0]), (3.0, 1.5, [0.0, 1.0]), (-1.0, 2.5, [-2.0])):
        value = update(torch.tensor(largest), torch.tensor(total), torch.tensor(block), shown=f"{update.name}(…)")
        got, expected = _pair(value), _updated(largest, total, block)
        call = f"With largest = {largest}, total = {total} and the block {block} it gave `{show(value)}`"
        if got is None:
            raise Wrong("not-two-numbers", f"{call}.")
        if not _agree(got, expected):
            models = _wrong_updates(largest, total, block) | {"the-two-swapped": expected[::-1]}
            idea = name_of(models.items(), partial(_agree, got))
            raise Wrong(idea or "other-values", f"{call}; right is `{show(list(expected))}`.")
    yield "a block with a new maximum, and blocks without"

    got = _pair(
        update(torch.tensor(-torch.inf), torch.tensor(0.0), torch.tensor([4.0, 4.0]), shown=f"{update.name}(…)")
    )
    if got is None or not _agree(got, (4.0, 2.0)):
        raise Wrong("not-from-nothing", "From −∞ and 0, the block [4, 4] must give 4 and 2.")
    value = update(torch.tensor(990.0), torch.tensor(1.0), torch.tensor([1000.0, 998.0]), shown=f"{update.name}(…)")
    got = _pair(value)
    expected = _updated(990.0, 1.0, [1000.0, 998.0])
    if got is None or not _agree(got, expected):
        call = f"With largest = 990.0, total = 1.0 and the block [1000.0, 998.0] it gave `{show(value)}`"
        finite = got is not None and all(map(math.isfinite, got))
        raise Wrong("other-values" if finite else "overflow", f"{call}; right is `{show(list(expected))}`.")
    yield "the first block, and large scores"

    fresh = random.Random()
    for _ in range(8):
        state = (-math.inf, 0.0)
        for size in (2, 1, 7, 4):
            block = [fresh.gauss(0, 3) for _ in range(size)]
            got = _pair(update(*map(torch.tensor, (*state, block)), shown=f"{update.name}(…)", fresh=True))
            if got is None or not _agree(got, _updated(*state, block)):
                raise Wrong("tied-to-the-example", "Seen on random scores.")
            state = got
    yield "fresh random scores, block after block"


EXERCISE = Exercise(
    kind="function",
    examine=_check_update,
    means="However many blocks come, two numbers are enough to know what each exponential is divided by. "
    "llmlab's `online_softmax` and FlashAttention do this for all rows at once.",
    hints=(
        "The old sum was taken relative to the old maximum. What is exp(score − new) divided by exp(score − old), and "
        "does it depend on the score?",
        "It is exp(old − new), one factor for the whole old sum. Then add the exponentials of the block, relative to "
        "the "
        "new maximum.",
        "`new = torch.maximum(largest, block.max())`, and return `new` and `total * (largest - new).exp() + "
        "(block - new).exp().sum()`.",
    ),
    variant="Carry a third number along: the sum of exp(score − largest) × value. What do you have at the end, if you "
    "divide it by the total?",
    misconceptions={
        "old-sum-not-moved": Misconception(
            "The old sum still refers to the old maximum. Multiply it by exp(old − new) before adding.", ONLINE
        ),
        "moved-the-wrong-way": Misconception(
            "The old sum was multiplied by exp(new − old). A larger maximum makes the old exponentials smaller: "
            "exp(old − new).",
            ONLINE,
        ),
        "old-sum-forgotten": Misconception("The sum of the blocks before is lost: it has to be added.", ONLINE),
        "block-not-moved": Misconception(
            "The block's exponentials are relative to the block's own maximum. All must refer to the same one, the "
            "largest so far.",
            ONLINE,
        ),
        "only-the-blocks-maximum": Misconception(
            "The maximum returned is that of the block. It is the largest score of all blocks so far.", ONLINE
        ),
        "no-maximum-taken-off": Misconception(
            "The block's exponentials were taken without subtracting the maximum: at scores of 1,000 they overflow.",
            ONLINE,
        ),
        "exponential-forgotten": Misconception(
            "The block's scores were added themselves. What is summed are their exponentials, exp(score − new).", ONLINE
        ),
        "old-maximum-kept": Misconception(
            "The maximum did not move, though the block holds a larger score: exp(score − largest) can overflow.",
            ONLINE,
        ),
        "the-two-swapped": Misconception("The two have changed places: first the maximum, then the sum.", ONLINE),
        "overflow": Misconception(
            "At large scores something overflows: no exponential may be taken of a number above 0.", ONLINE
        ),
        "not-from-nothing": Misconception(
            "The first block comes with the maximum −∞ and the sum 0; then the result is that of the block alone.",
            ONLINE,
        ),
        "not-two-numbers": Misconception("The function returns two numbers: the new maximum and the new sum."),
        "other-values": Misconception(
            "These are not the new maximum and sum: the larger maximum, the old sum times exp(old − new), plus the "
            "block's exponentials relative to the new maximum.",
            ONLINE,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random scores do not: what in the code is right for the example alone?", ONLINE
        ),
    },
    crashes=(
        Crash(
            "values-of-max",
            "Exception",
            r"torch\.return_types\.max",
            "`max(dim=…)` gives two things, values and places. Without `dim`, `block.max()` is the one number.",
            ONLINE,
        ),
    ),
)
