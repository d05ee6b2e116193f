"""A softmax with two faults, to be mended: tried on small scores, on large ones, and with dimensions in front."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Raised, Wrong, show
from llmlab.exercises.engine.tensors import tensor
from llmlab.exercises.lesson_06.common import Models, fixed_numbers, is_close, random_tensor, recognise, shape_of
from llmlab.exercises.lesson_06.sections import AXIS, SCALE, SOFTMAX, STABLE


def _scores_example() -> Tensor:
    return torch.tensor([[2.0, 0.0, 1.0], [-0.5, 1.5, -1.0], [0.5, 3.0, 1.0]])


def _wrong_weights(scores: Tensor) -> Models:
    """What each known mistake makes of square scores."""
    scores = scores.double()
    of_row, of_column = scores.max(-1, keepdim=True).values, scores.max(-2, keepdim=True).values
    # Without `keepdim=True` the row's maxima lie along the row.
    shifts = [scores, scores - of_row, scores - of_column, scores - of_row.mT]
    powers = [shift.exp() for shift in shifts]
    return {
        "columns-sum-to-one": [power / power.sum(-2, keepdim=True) for power in powers],
        "sum-of-another-row": [power / power.sum(-1) for power in powers],
        "one-sum-for-all": [power / power.sum() for power in powers],
        "maximum-divided": [torch.softmax(scores / most, -1) for most in (of_row, of_row.mT, scores.max())],
        "maximum-of-another-row": [torch.softmax(scores - of_column, -1), torch.softmax(scores - of_row.T, -1)],
        "exponential-missing": [
            scores / scores.sum(-1, keepdim=True),
            powers[0] / scores.sum(-1, keepdim=True),
            (scores / scores.sum(-1, keepdim=True)).exp(),
        ],
        "not-divided": powers,
        "log-weights": [torch.log_softmax(scores, -1)],
        "one-winner": [one_hot(scores.argmax(-1), scores.shape[-1]).double()],
        "scaled-here": [torch.softmax(scores / scores.shape[-1] ** 0.5, -1)],
    }


def _check_attention_weights(attention_weights: Probe) -> Iterator[str]:
    name = attention_weights.name

    def weigh(scores: Tensor, **options: Any) -> tuple[Tensor | None, Tensor]:
        options = {"shown": attention_weights.spell(scores.tolist())} | options
        return tensor(attention_weights(scores, **options)), torch.softmax(scores.double(), dim=-1)

    scores = _scores_example()
    got, expected = weigh(scores)
    shown = f"`{attention_weights.spell(scores.tolist())}` gave `{show(_listed(got))}`."
    if got is None or got.shape != expected.shape:
        raise Wrong("other-shape", f"For scores of shape (3, 3) it gave {shape_of(got)}.")
    if not is_close(got, expected):
        if not got.isnan().any():
            shown += f" The rows sum to {show(got.sum(-1).tolist())}."
        raise Wrong(recognise(got, _wrong_weights(scores), "other-weights"), shown)
    yield "a small example, row by row"

    row = torch.tensor([[1000.0, 999.0, -1000.0]])  # too much for float64 too, and above its minimum as well
    got, expected = weigh(row)
    if not is_close(got, expected):
        finite = got is not None and bool(got.isfinite().all())
        raise Wrong(
            "scores-cut-off" if finite else "overflows",
            f"`{attention_weights.spell(row.tolist())}` gave `{show(_listed(got))}`.",
        )
    rows = torch.tensor([[1000.0, 999.0, 990.0], [0.0, 1.0, 2.0]])
    got, expected = weigh(rows)
    if not is_close(got, expected):
        raise Wrong("one-maximum-for-all", f"`{attention_weights.spell(rows.tolist())}` gave `{show(_listed(got))}`.")
    yield "large scores"

    batch = fixed_numbers(2, 3, 4)
    try:
        got, expected = weigh(batch, shown=f"{name}(scores of shape (2, 3, 4))")
    except Raised as raised:
        raise Wrong("axis-from-the-front", str(raised)) from None
    if not is_close(got, expected):
        raise Wrong("axis-from-the-front", f"For scores of shape (2, 3, 4) it gave {shape_of(got)} of other weights.")
    fresh = random.Random()
    for in_front in (1, 2, 3):
        for n_keys in (2, 5, 8, 11):  # fewer and more than in the examples, on every run
            scores = 30 * random_tensor(fresh, *fresh.sample((3, 4, 6, 7), in_front), n_keys)
            if not is_close(*weigh(scores, shown="random scores", fresh=True)):
                raise Wrong("tied-to-the-example")
    yield "fresh random scores, with and without dimensions in front"


def _listed(value: Tensor | None) -> Any:
    return None if value is None else value.tolist()


EXERCISE = Exercise(
    kind="function",
    examine=_check_attention_weights,
    means="Each query hands out exactly 1, whatever stands in front of the two axes, and no score is too large.",
    hints=(
        "Give it scores of shape (2, 3) and add up the result along each axis. Which sums are 1, and which should be?",
        "The sum below the line runs over the keys of the same query: the last axis. And subtracting the row's "
        "largest score from all its scores changes no weight, but keeps `exp` small.",
        "`powers = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)`, then divide by `powers.sum(dim=-1, "
        "keepdim=True)`.",
    ),
    variant="What does your function give for a row in which every score is -inf? Lesson 07 will meet such rows.",
    crashes=(
        Crash(
            "max-is-a-pair",
            "TypeError",
            r"torch\.return_types\.max",
            "`max` along an axis gives two things, the largest values and where they stand: take `.values`, or `amax`.",
            STABLE,
        ),
        Crash(
            "exp-of-a-table",
            "Exception",
            r"only one element tensors can be converted|can only be converted to a scalar",
            "Here a whole table stands where Python wants one number. `math.exp` takes one number, `torch.exp` every "
            "number of a table at once.",
            SOFTMAX,
        ),
        Crash(
            "third-axis",
            "IndexError",
            r"^Dimension out of range",
            "A table of scores has the axes 0 (queries) and 1 (keys). The keys are the last axis whatever stands in "
            "front: `dim=-1`.",
            AXIS,
        ),
    ),
    misconceptions={
        "columns-sum-to-one": Misconception(
            "Each column sums to 1: the softmax ran over the queries. The sum belongs to the row, over all keys of one "
            "query.",
            AXIS,
        ),
        "sum-of-another-row": Misconception(
            "Each number is divided by the sum of another row: without `keepdim=True` the sums have shape (T,) and lie "
            "along the row instead of beside it. In the formula, that is a sum over the wrong index.",
            AXIS,
        ),
        "one-sum-for-all": Misconception(
            "All weights together sum to 1. Each query has its own sum, over its own row.", SOFTMAX
        ),
        "maximum-of-another-row": Misconception(
            "What is subtracted is not the same for all scores of a row, so the weights change. Take the row's own "
            "maximum, with `keepdim=True`.",
            STABLE,
        ),
        "maximum-divided": Misconception(
            "The scores are divided by a maximum, and that changes the weights. Subtract it: what is subtracted from "
            "all scores of a row cancels.",
            STABLE,
        ),
        "one-maximum-for-all": Misconception(
            "One maximum for the whole table: a row whose scores lie far below it becomes 0 / 0. Take the maximum of "
            "each row.",
            STABLE,
        ),
        "exponential-missing": Misconception(
            "The exponential is missing, above or below the line, or comes after the division. Every score goes "
            "through `exp` first; then the results are divided by their sum.",
            SOFTMAX,
        ),
        "not-divided": Misconception(
            "The exponentials are not divided by their sum: the rows do not sum to 1.", SOFTMAX
        ),
        "log-weights": Misconception("These are logarithms of the weights; a mixture needs the weights.", SOFTMAX),
        "one-winner": Misconception(
            "The whole weight goes to the largest score. Softmax leaves a share to every key, and only so can the "
            "gradient reach them.",
            SOFTMAX,
        ),
        "scaled-here": Misconception(
            "The scores are divided by something before the softmax. That step has a place of its own, before this "
            "function.",
            SCALE,
        ),
        "overflows": Misconception(
            "Large scores give no number: `exp` overflows, and inf / inf is nan. Subtract the largest score of the row "
            "first.",
            STABLE,
        ),
        "scores-cut-off": Misconception(
            "Large scores are cut off, or their nan is covered up: how they differ is lost. Subtracting the row's "
            "maximum keeps their differences.",
            STABLE,
        ),
        "axis-from-the-front": Misconception(
            "With a dimension in front it no longer works. Is an axis counted from the front, a table turned with "
            "`.T`, looped over row by row, or its shape unpacked into two names? The keys are the last axis: `dim=-1`.",
            STABLE,
        ),
        "other-shape": Misconception("The weights have the shape of the scores, one weight for each score.", SOFTMAX),
        "other-weights": Misconception("These are not the softmax weights of the rows.", SOFTMAX),
        "tied-to-the-example": Misconception(
            "It works for the small examples, but not for random ones. Is a size written into the code?", SOFTMAX
        ),
    },
)
