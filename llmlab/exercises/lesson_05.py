"""The five exercises of lesson 05, attention: what each check tries, what it recognises, what it says.

Expected values come from PyTorch's own softmax in double precision. A wrong answer is recognised by what it gives on
one small example, whose numbers tell all the known mistakes apart; fresh random sizes decide.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Raised, Wrong, show

SOFTMAX = "From scores to weights: softmax"
AXIS = "The right axis"
STABLE = "The numerical form"
CONTEXT = "Context: a weighted sum"
QKV = "Queries, keys and values"
SCALE = "Why the scores are divided by √d"
ROOT = "Divided by the root of what?"
MOVES = "What moves when one number changes?"
HAND = "A head made by hand"

Models = Mapping[str, list[Tensor]]


def _numbers(*shape: int, step: int = 7) -> Tensor:
    """Quarters between -1.25 and 1.25 without an order: numbers that no version of a random generator changes."""
    count = math.prod(shape)
    return torch.tensor([((step * i * i + 3 * i + 1) % 11 - 5) / 4 for i in range(count)]).reshape(shape)


def _random(fresh: random.Random, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(fresh.getrandbits(60)))


def _tensor(value: Any) -> Tensor | None:
    """A plain nested list of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None


def _tables(value: Any, count: int) -> bool:
    """Whether a plain result has so many parts and none of them is a mere row: one table alone has rows as parts."""
    return isinstance(value, list) and len(value) == count and not any(_is_row(part) for part in value)


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(number, int | float) for number in value)


def _close(got: Tensor | None, expected: Tensor) -> bool:
    return (
        got is not None
        and got.shape == expected.shape
        and torch.allclose(got, expected.double(), rtol=1e-4, atol=1e-5)  # float32 against float64
    )


def _recognise(got: Tensor | None, models: Models, otherwise: str) -> str:
    """The first known mistake that gives this result."""
    return next((name for name, values in models.items() if any(_close(got, value) for value in values)), otherwise)


def _shape(value: Tensor | None) -> str:
    return "no table of numbers" if value is None else f"shape {tuple(value.shape)}"


# 05.1 ------------------------------------------------------------------------------------------------------------


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
        return _tensor(attention_weights(scores, **options)), torch.softmax(scores.double(), dim=-1)

    scores = _scores_example()
    got, expected = weigh(scores)
    shown = f"`{attention_weights.spell(scores.tolist())}` gave `{show(_listed(got))}`."
    if got is None or got.shape != expected.shape:
        raise Wrong("other-shape", f"For scores of shape (3, 3) it gave {_shape(got)}.")
    if not _close(got, expected):
        if not got.isnan().any():
            shown += f" The rows sum to {show(got.sum(-1).tolist())}."
        raise Wrong(_recognise(got, _wrong_weights(scores), "other-weights"), shown)
    yield "a small example, row by row"

    row = torch.tensor([[1000.0, 999.0, -1000.0]])  # too much for float64 too, and above its minimum as well
    got, expected = weigh(row)
    if not _close(got, expected):
        finite = got is not None and bool(got.isfinite().all())
        raise Wrong(
            "scores-cut-off" if finite else "overflows",
            f"`{attention_weights.spell(row.tolist())}` gave `{show(_listed(got))}`.",
        )
    rows = torch.tensor([[1000.0, 999.0, 990.0], [0.0, 1.0, 2.0]])
    got, expected = weigh(rows)
    if not _close(got, expected):
        raise Wrong("one-maximum-for-all", f"`{attention_weights.spell(rows.tolist())}` gave `{show(_listed(got))}`.")
    yield "large scores"

    batch = _numbers(2, 3, 4)
    try:
        got, expected = weigh(batch, shown=f"{name}(scores of shape (2, 3, 4))")
    except Raised as raised:
        raise Wrong("axis-from-the-front", str(raised)) from None
    if not _close(got, expected):
        raise Wrong("axis-from-the-front", f"For scores of shape (2, 3, 4) it gave {_shape(got)} of other weights.")
    fresh = random.Random()
    for dimensions in (2, 3, 4):
        for _ in range(4):
            scores = 30 * _random(fresh, *fresh.sample(range(2, 8), dimensions))
            if not _close(*weigh(scores, shown="random scores", fresh=True)):
                raise Wrong("tied-to-the-example")
    yield "fresh random scores, with and without dimensions in front"


def _listed(value: Tensor | None) -> Any:
    return None if value is None else value.tolist()


ATTENTION_WEIGHTS = Exercise(
    id="05.1",
    title="Find the bugs: a softmax with two faults",
    kind="function",
    examine=_check_attention_weights,
    means="Each query hands out exactly 1, whatever stands in front of the two axes, and no score is too large.",
    hints=(
        "Give it scores of shape (2, 3) and add up the result along each axis. Which sums are 1, and which should be?",
        "The sum below the line runs over the keys of the same query: the last axis. And taking the row's largest "
        "score from all its scores changes no weight, but keeps `exp` small.",
        "`powers = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)`, then divide by `powers.sum(dim=-1, "
        "keepdim=True)`.",
    ),
    variant="What does your function give for a row in which every score is -inf? Lesson 06 will meet such rows.",
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
            "With a dimension in front it no longer works: an axis is counted from the front, turned with `.T`, or "
            "looped over. The keys are the last axis: `dim=-1`.",
            STABLE,
        ),
        "other-shape": Misconception("The weights have the shape of the scores, one weight for each score.", SOFTMAX),
        "other-weights": Misconception("These are not the softmax weights of the rows.", SOFTMAX),
        "tied-to-the-example": Misconception(
            "It works for the small examples, but not for random ones. Is a size written into the code?", SOFTMAX
        ),
    },
)


# 05.2 ------------------------------------------------------------------------------------------------------------


def _forward_example() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """T=3, D=4, d=2, d_value=5."""
    return _numbers(3, 4), _numbers(4, 2, step=3), _numbers(4, 2, step=5), _numbers(4, 5, step=2)


def _forward(x: Tensor, *matrices: Tensor) -> tuple[Tensor, ...]:
    """Queries, keys, values, scores, weights and context, in double precision."""
    q, k, v = (x.double() @ W.double() for W in matrices)
    scores = q @ k.T
    weights = torch.softmax(scores, -1)
    return q, k, v, scores, weights, weights @ v


def _wrong_steps(x: Tensor, *matrices: Tensor) -> tuple[Models, Models]:
    """What each known mistake gives as scores, and as context when the scores are right."""
    q, k, v, scores, weights, _ = _forward(x, *matrices)
    x = x.double()
    of_scores = {
        "scores-transposed": [scores.T],
        "one-role-twice": [q @ q.T, k @ k.T],
        "inputs-compared": [x @ x.T],
        "values-compared": [v @ v.T],
        "scaled-already": [scores / width for width in (q.shape[1] ** 0.5, x.shape[1] ** 0.5, q.shape[1])],
    }
    of_context = {
        "inputs-mixed": [weights @ x],
        "keys-mixed": [weights @ k, weights @ q],
        "weights-transposed": [weights.T @ v],
        "scores-not-weights": [scores @ v],
        "values-not-mixed": [v],
    }
    return of_scores, of_context


def _check_forward(forward: Probe) -> Iterator[str]:
    given = _forward_example()
    *_, scores, weights, context = _forward(*given)
    call = f"{forward.name}(x (3, 4), W_query (4, 2), W_key (4, 2), W_value (4, 5))"
    got = forward(*given, shown=call)
    if not _tables(got, 3):
        raise Wrong("not-three", f"`{call}` gave `{show(got)}`.")
    got = [_tensor(part) for part in got]
    of_scores, of_context = _wrong_steps(*given)
    if _close(got[0], context) and _close(got[2], scores):
        raise Wrong("not-three", "The first part is the context, and the last the scores.")
    if not _close(got[0], scores):
        raise Wrong(_recognise(got[0], of_scores, "other-scores"), _first("scores", got[0], scores))
    yield "scores"
    if not _close(got[1], weights):
        raise Wrong("other-weights", _first("weights", got[1], weights))
    if not _close(got[2], context):
        raise Wrong(_recognise(got[2], of_context, "other-context"), _first("context", got[2], context))
    yield "context"

    fresh = random.Random()
    for _ in range(10):
        T, D, d, d_value = fresh.sample(range(2, 9), 4)
        given = (_random(fresh, T, D), *(_random(fresh, D, width) / D**0.5 for width in (d, d, d_value)))
        got = [_tensor(part) for part in forward(*given, shown="random inputs", fresh=True)]
        if len(got) != 3 or not all(map(_close, got, _forward(*given)[3:])):
            raise Wrong("tied-to-the-example")
    yield "fresh random inputs of other sizes"


def _first(name: str, got: Tensor | None, expected: Tensor) -> str:
    """The first row of what came and of what was expected, or the two shapes."""
    if got is None or got.shape != expected.shape:
        return f"The {name} should have shape {tuple(expected.shape)}; yours: {_shape(got)}."
    return f"The first row of the {name} was `{show(got[0].tolist())}`, expected `{show(expected[0].tolist())}`."


FORWARD = Exercise(
    id="05.2",
    title="The forward pass, with two lines missing",
    kind="function",
    examine=_check_forward,
    means="Queries meet keys, and the weights that come of it mix the values: all of attention but the scaling.",
    hints=(
        "Which of the three asks, which is asked, and which is handed out?",
        "Scores: all dot products between the rows of the queries and the rows of the keys, (T, d) @ (d, T). Context: "
        "for each query a sum over the keys, (T, T) @ (T, d_value).",
        "`scores = queries @ keys.T` and `context = weights @ values`.",
    ),
    variant="Replace W_query and W_key by one and the same matrix. What becomes of the scores, and what can such a "
    "head no longer express?",
    misconceptions={
        "scores-transposed": Misconception(
            "The table lies on its side: rows are keys and columns queries. Row i belongs to the token that asks, so "
            "the queries come first.",
            QKV,
        ),
        "one-role-twice": Misconception(
            "Queries are compared with queries, or keys with keys: the scores are symmetric again. The query of one "
            "token meets the key of the other.",
            QKV,
        ),
        "inputs-compared": Misconception(
            "The inputs themselves are compared, as in the first half of the lesson: W_query and W_key play no part "
            "and could not be trained.",
            QKV,
        ),
        "values-compared": Misconception(
            "The values are compared. They are what is handed out, after queries and keys have found each other.", QKV
        ),
        "scaled-already": Misconception(
            "The scores are divided already. That is right in the end; here the plain dot products are asked for.",
            SCALE,
        ),
        "inputs-mixed": Misconception(
            "The weights mix the inputs. What is handed out are the values: `W_value` would have no effect.", QKV
        ),
        "keys-mixed": Misconception(
            "The weights mix keys or queries. Those decide who is found; what is told are the values.", QKV
        ),
        "weights-transposed": Misconception(
            "The columns of the weights are used as if they were rows. Row i holds the shares of query i.", CONTEXT
        ),
        "scores-not-weights": Misconception(
            "The values are mixed by the scores. Take the weights: only they are shares that sum to 1.", CONTEXT
        ),
        "values-not-mixed": Misconception("The values came out as they went in: the weights play no part.", CONTEXT),
        "not-three": Misconception("The function gives back scores, weights and context, in this order."),
        "other-scores": Misconception("These are not the dot products of each query with each key.", QKV),
        "other-weights": Misconception(
            "The line between the two was right as it stood: softmax over the last axis of the scores.", SOFTMAX
        ),
        "other-context": Misconception("This is not the sum of the values, each times its weight.", CONTEXT),
        "tied-to-the-example": Misconception(
            "It works for the small example, but not for other sizes. Is a size written into the code?", QKV
        ),
    },
)


# 05.3 ------------------------------------------------------------------------------------------------------------


def _attend_example() -> tuple[Tensor, Tensor, Tensor]:
    """T_query=2, T_key=5, d=6, d_value=3: no two of them, nor their roots, are equal."""
    return _numbers(2, 6), _numbers(5, 6, step=3), _numbers(5, 3, step=5)


def _attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    q, k, v = q.double(), k.double(), v.double()
    weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights


def _wrong_attention(q: Tensor, k: Tensor, v: Tensor) -> tuple[Models, Models]:
    """What each known mistake gives as weights, and as context when the weights are right."""
    q, k, v = q.double(), k.double(), v.double()
    dots, d = q @ k.T, q.shape[1]
    root = d**0.5
    soft = torch.softmax(dots / root, -1)

    def divided(*divisors: float) -> list[Tensor]:
        return [torch.softmax(dots / divisor, -1) for divisor in divisors]

    of_weights = {
        "not-scaled": divided(1.0),
        "scaled-by-d": divided(d),
        "no-root": divided(2 * d, d / 2),  # scores / d**1/2, scores / (d**1/2)
        "scaled-by-another-width": divided(v.shape[1] ** 0.5),
        "scaled-by-the-length": divided(len(k) ** 0.5, len(k), len(q) ** 0.5, len(q)),
        "multiplied": divided(1 / root, 1 / d),
        "columns-sum-to-one": [torch.softmax(dots / divisor, 0) for divisor in (root, 1.0)],
        "scaled-after-softmax": [torch.softmax(dots, -1) / root],
        "scores-returned": [dots / root, dots],
        "not-divided": [(dots / root).exp()],
    }
    of_context = {
        "keys-mixed": [soft @ k],
        "scores-not-weights": [dots / root @ v, dots @ v],
        "context-of-other-weights": [torch.softmax(dots, -1) @ v],
    }
    return of_weights, of_context


def _check_attend(attend: Probe) -> Iterator[str]:
    def run(*given: Tensor, **options: Any) -> list[Tensor | None]:
        got = attend(*given, **options)
        if not _tables(got, 2):
            raise Wrong("not-two", f"`{options.get('shown', attend.name)}` gave `{show(got)}`.")
        return [_tensor(part) for part in got]

    def right(got: list[Tensor | None], *given: Tensor) -> bool:
        return all(map(_close, got, _attention(*given)))

    given = _attend_example()
    context, weights = run(*given, shown=f"{attend.name}(q (2, 6), k (5, 6), v (5, 3))")
    expected_context, expected_weights = _attention(*given)
    of_weights, of_context = _wrong_attention(*given)
    if _close(context, expected_weights) and _close(weights, expected_context):
        raise Wrong("order-swapped", f"The first part has {_shape(context)}, the second {_shape(weights)}.")
    if not _close(weights, expected_weights):
        found = _recognise(weights, of_weights, "other-weights")
        # Swapped and wrong at once: the weights stand in the first place.
        if found == "other-weights" and context is not None and context.shape == expected_weights.shape:
            found = _recognise(context, of_weights, found)
        raise Wrong(found, _first("weights", weights, expected_weights))
    yield "weights"
    if not _close(context, expected_context):
        raise Wrong(_recognise(context, of_context, "other-context"), _first("context", context, expected_context))
    yield "context"

    loud = given[0] * 1000, given[1], given[2]
    if not right(run(*loud, shown=f"{attend.name}(1000 q, k, v)"), *loud):
        raise Wrong(
            "overflows", "With the same example and queries 1,000 times as large, the result was no longer right."
        )
    fresh = random.Random()
    for _ in range(10):
        T_query, T_key, d, d_value = fresh.sample(range(2, 9), 4)
        given = _random(fresh, T_query, d), _random(fresh, T_key, d), _random(fresh, T_key, d_value)
        if not right(run(*given, shown="random q, k, v", fresh=True), *given):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"

    for leading in ((2,), (2, 7)):
        q, k, v = (*leading, 3, 5), (*leading, 4, 5), (*leading, 4, 6)
        given = _numbers(*q), _numbers(*k, step=3), _numbers(*v, step=5)
        try:
            works = right(run(*given, shown=f"{attend.name}(q {q}, k {k}, v {v})"), *given)
        except Raised as raised:
            raise Wrong("batch-mixed", str(raised)) from None
        if not works:
            raise Wrong("batch-mixed", f"With q {q}, k {k} and v {v} the result was not right.")
    for _ in range(4):
        B, H, T_query, T_key, d, d_value = fresh.sample(range(2, 9), 6)
        given = (
            _random(fresh, B, H, T_query, d),
            _random(fresh, B, H, T_key, d),
            _random(fresh, B, H, T_key, d_value),
        )
        if not right(run(*given, shown="random q, k, v with two dimensions in front", fresh=True), *given):
            raise Wrong("batch-mixed")
    yield "dimensions in front"


ATTEND = Exercise(
    id="05.3",
    title="Write `attend`",
    kind="function",
    examine=_check_attend,
    means="This is scaled dot-product attention, the same as PyTorch's `scaled_dot_product_attention`.",
    hints=(
        "With queries and keys 6 wide, what variance does a score have, and by what do you divide to get it back to 1?",
        "Three lines: scores from q and k, divided by the root of their common width; softmax over the keys; weights "
        "times v.",
        "`scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5`, `weights = torch.softmax(scores, dim=-1)`, `return "
        "weights @ v, weights`.",
    ),
    variant="Write the two products with `torch.einsum`: `'...id,...jd->...ij'` for the scores. What is the other one?",
    misconceptions={
        "not-scaled": Misconception(
            "The scores are not divided by √d: with wide queries and keys the softmax saturates.", SCALE
        ),
        "scaled-by-d": Misconception(
            "The scores are divided by d. Their variance is d, so their spread is √d: divide by the root, and once.",
            SCALE,
        ),
        "no-root": Misconception(
            "That is no root: Python reads `d ** 1/2` as `(d ** 1) / 2`. Write `d ** 0.5` or `math.sqrt(d)`.", SCALE
        ),
        "scaled-by-another-width": Misconception(
            "The scores are divided by a width that no dot product ran over. What counts is the width of queries and "
            "keys, `q.shape[-1]`, not that of the values or of the model.",
            ROOT,
        ),
        "scaled-by-the-length": Misconception(
            "The scores are divided by a number of tokens. A score is a sum over the width: `q.shape[-1]`.", ROOT
        ),
        "multiplied": Misconception("The scores are multiplied by √d; they are to become smaller.", SCALE),
        "columns-sum-to-one": Misconception(
            "Each column sums to 1: the softmax ran over the queries. It runs over the keys, the last axis.", AXIS
        ),
        "scaled-after-softmax": Misconception(
            "The weights are divided, not the scores: rows no longer sum to 1, and the softmax was saturated before.",
            SCALE,
        ),
        "scores-returned": Misconception("The second part holds scores. The weights are their softmax.", SOFTMAX),
        "not-divided": Misconception("The exponentials are not divided by their sum: rows do not sum to 1.", SOFTMAX),
        "order-swapped": Misconception("Both are right, but in the wrong order: the context comes first."),
        "keys-mixed": Misconception("The weights mix the keys. What is told are the values.", QKV),
        "scores-not-weights": Misconception(
            "The values are mixed by the scores. Take the weights: only they are shares that sum to 1.", CONTEXT
        ),
        "context-of-other-weights": Misconception(
            "The context comes from unscaled scores, and the weights from scaled ones: use the same weights.", CONTEXT
        ),
        "overflows": Misconception(
            "Large scores break it: `exp` overflows. Subtract the largest score of each row first, or use "
            "`torch.softmax`.",
            STABLE,
        ),
        "batch-mixed": Misconception(
            "With dimensions in front it no longer works. Count axes from the end, and do without `.T`: "
            "`transpose(-2, -1)`, `dim=-1`, `q.shape[-1]`.",
            STABLE,
        ),
        "not-two": Misconception("The function gives two things back: `return context, weights`."),
        "other-weights": Misconception("These are not the weights of scaled dot-product attention.", SCALE),
        "other-context": Misconception("The weights are right; the context is not the values' weighted sum.", CONTEXT),
        "tied-to-the-example": Misconception(
            "It works for the small example, but not for other sizes. Is a size written into the code?", ROOT
        ),
    },
)


# 05.4 ------------------------------------------------------------------------------------------------------------


def _check_prediction(answer: Any) -> Iterator[str]:
    if not (
        isinstance(answer, list)
        and len(answer) == 4
        and all(isinstance(count, int | float) for count in answer[:3])
        and isinstance(answer[3], str)
    ):
        raise Wrong("not-the-form", f"You answered `{show(answer)}`.")
    scores, weights, rows, letters = answer
    shown = f"You answered: scores {show(scores)}, weights {show(weights)}, rows of the context {show(rows)}."
    if (scores, weights, rows) != (5, 25, 5):
        raise Wrong(_moved_misconception(scores, weights, rows), shown)
    yield "a column of scores, all weights, all rows of the context"
    words = re.findall("[A-Z]+", letters.upper())
    found = set("".join(word for word in words if set(word) <= set("QKV")))  # "Q, K and V" as well as "QKV"
    if found != {"Q", "K", "V"} and "ALL" not in words:
        raise Wrong("three-data-sets", f"You answered {show(letters)} for the change of X.")
    yield "Q, K and V"


def _moved_misconception(scores: float, weights: float, rows: float) -> str:
    if scores == 1:
        return "one-score"
    if scores == 25:
        return "every-score"
    if scores == 0:
        return "keys-do-not-count"
    if (scores, weights, rows) == (5, 5, 1):
        return "query-not-key"
    if (scores, weights) == (5, 5):
        return "rows-not-renormalised"
    if (scores, weights) == (5, 25) and rows < 5:
        return "context-stays"
    return "count-again"


PREDICTION = Exercise(
    id="05.4",
    title="One number of K",
    kind="value",
    examine=_check_prediction,
    means="A key is heard by every query, and a row that has to sum to 1 passes each change on to all its weights.",
    hints=(
        "Which scores have the key of token 2 in them? And which numbers does one row of the softmax depend on?",
        "The key of token 2 meets all five queries: column 2 of the scores. In each row one score changed, so the sum "
        "below the line changed, for all weights of that row.",
        "5 scores, 25 weights, and each of the 5 context vectors is a mixture with new weights. X is the input of all "
        "three products, so a row of Q, one of K and one of V change.",
    ),
    variant="The same questions for one number of Q, and for one of V. The bench below answers them.",
    misconceptions={
        "one-score": Misconception(
            "A key is compared with every query, not only with its own token's: five scores contain it.", MOVES
        ),
        "every-score": Misconception(
            "Only the scores that contain the key of token 2 can change, one in each row. The others are dot products "
            "of rows that were not touched.",
            MOVES,
        ),
        "keys-do-not-count": Misconception(
            "A score is the dot product of a query with a key: change the key, and it changes.", QKV
        ),
        "query-not-key": Misconception(
            "That is what a number of Q does: one query, one row. A key stands in a column, and all queries meet it.",
            MOVES,
        ),
        "rows-not-renormalised": Misconception(
            "One score in each row changes, but each row has to sum to 1 again: what one key gains, all the others "
            "lose. So all weights change.",
            MOVES,
        ),
        "context-stays": Misconception(
            "The values stay, but a context vector is made of weights *and* values. Where the weights of a row change, "
            "its mixture changes.",
            CONTEXT,
        ),
        "three-data-sets": Misconception(
            "Q, K and V are not three sets of data. They are three projections of the same X, so a change of X reaches "
            "all three.",
            QKV,
        ),
        "not-the-form": Misconception('Answer with three numbers and the letters in quotes, as in (1, 2, 3, "Q").'),
        "count-again": Misconception(
            "Count again, step by step: which scores contain that key, which rows contain such a score, which context "
            "vectors use such a row?",
            MOVES,
        ),
    },
)


# 05.5 ------------------------------------------------------------------------------------------------------------

_IDS = (2, 0, 3, 3, 1, 2)  # 4 tokens in 6 positions; 3 stands twice in a row, 2 first and last
_SURE = 0.9
_MOST_POSITIONS = 32  # what the exercise promises to stay within


def _head_result(n_vocab: int, matrices: list[Tensor], ids: list[int]) -> tuple[Tensor, Tensor]:
    """Context and weights of a head over one-hot tokens and positions."""
    n_positions = len(matrices[0]) - n_vocab
    token = one_hot(torch.tensor(ids), n_vocab)
    position = one_hot(torch.arange(len(ids)), n_positions)
    x = torch.cat([token, position], dim=1).double()
    return _attention(*(x @ W for W in matrices))


def _copies(n_vocab: int, matrices: list[Tensor], ids: list[int]) -> bool:
    context, weights = _head_result(n_vocab, matrices, ids)
    wanted = one_hot(torch.tensor(ids[:-1]), n_vocab)
    return bool((weights.diagonal(-1) >= _SURE).all() and ((context[1:] - wanted).abs() <= 1 - _SURE).all())


def _check_previous_token_head(previous_token_head: Probe) -> Iterator[str]:
    def build(n_vocab: int, n_positions: int, **options: Any) -> list[Tensor]:
        got = previous_token_head(n_vocab, n_positions, **options)
        call = f"{previous_token_head.name}({n_vocab}, {n_positions})"
        if not isinstance(got, list) or len(got) != 3:
            raise Wrong("not-three", f"`{call}` gave `{show(got)}`.")
        matrices = [_tensor(part) for part in got]
        rows = n_vocab + n_positions
        for name, W, columns in zip(
            ("W_query", "W_key", "W_value"), matrices, (n_positions, n_positions, n_vocab), strict=True
        ):
            if W is None or W.shape != (rows, columns):
                raise Wrong("other-shapes", f"In `{call}`, {name} has {_shape(W)}, expected {(rows, columns)}.")
            if not W.isfinite().all():
                raise Wrong("not-finite", f"In `{call}`, {name} holds inf or nan.")
        return matrices

    matrices, ids = build(4, 6), list(_IDS)
    context, weights = _head_result(4, matrices, ids)
    if not (weights.diagonal(-1) >= _SURE).all():
        shares = ", ".join(f"{share:.2f}" for share in weights.diagonal(-1).tolist())
        shown = f"For the tokens {ids}, the shares that go to the previous position are {shares}, from the second on."
        found = _head_misconception(weights)
        if found in ("other-places", "same-for-all", "looks-at-tokens") and _leaves_out_the_offset(matrices):
            found = "rows-of-the-tokens"
        raise Wrong(found, shown)
    yield "6 positions: each looks at the one before it"
    if not _copies(4, matrices, ids):
        told = matrices[2]
        misconception = "position-told" if told[4:].any() else "token-garbled" if told[:4].any() else "nothing-told"
        raise Wrong(misconception, f"For the tokens {ids}, the context of the second is `{show(context[1].tolist())}`.")
    yield "and takes over its token"

    matrices = build(9, _MOST_POSITIONS)
    ids = [5 * position % 9 for position in range(_MOST_POSITIONS)]  # every token
    weights = _head_result(9, matrices, ids)[1]
    share = float(weights.diagonal(-1).min())
    if share < _SURE:
        found = torch.equal(weights[1:].argmax(-1), torch.arange(_MOST_POSITIONS - 1))
        raise Wrong(
            "too-soft" if found else "tied-to-the-example",
            f"With {_MOST_POSITIONS} positions the smallest share that goes to the previous one is {share:.2f}.",
        )
    if not _copies(9, matrices, ids):
        raise Wrong(
            "tied-to-the-example", f"With 9 tokens and {_MOST_POSITIONS} positions, some tokens are not copied."
        )
    yield f"9 tokens in {_MOST_POSITIONS} positions"
    fresh = random.Random()
    for _ in range(10):
        n_vocab, n_positions = fresh.sample(range(2, 12), 2)
        ids = [fresh.randrange(n_vocab) for _ in range(fresh.randint(2, n_positions))]
        if not _copies(n_vocab, build(n_vocab, n_positions, shown="random sizes", fresh=True), ids):
            raise Wrong("tied-to-the-example")
    yield "fresh tokens, sizes and lengths"


def _leaves_out_the_offset(matrices: list[Tensor]) -> bool:
    """Whether the example would look at the previous token if the rows of query, key or both began at n_vocab."""
    of_query, of_key = ((W, torch.cat([torch.zeros(4, 6), W[:6]]).double()) for W in matrices[:2])
    results = (_head_result(4, [W_query, W_key, matrices[2]], list(_IDS)) for W_query in of_query for W_key in of_key)
    return any(bool((weights.diagonal(-1) > 1 / len(_IDS)).all()) for _, weights in results)


def _head_misconception(weights: Tensor) -> str:
    """Which idea leads to these weights of the six tokens in `_IDS`."""
    T = len(weights)
    if (weights - 1 / T).abs().max() < 1e-3:
        return "no-preference"
    if abs(float(weights[0, 5] - weights[0, 0])) < 1e-6 and weights[0, 0] > weights[0, 1]:
        return "looks-at-tokens"
    favourites = weights.argmax(-1)
    places = torch.arange(T)
    if torch.equal(favourites[1:], places[:-1]):
        return "too-soft"
    if torch.equal(favourites[:-1], places[1:]):
        return "next-token"
    if torch.equal(favourites, places):
        return "own-position"
    if (favourites[1:] == favourites[1]).all():
        return "same-for-all"
    return "other-places"


PREVIOUS_TOKEN_HEAD = Exercise(
    id="05.5",
    title="Build the previous-token head",
    kind="function",
    examine=_check_previous_token_head,
    means="Where to look and what to tell are two separate things: here positions decide the first, tokens the second.",
    hints=(
        "A token at position 3 should find position 2. What must its query be, if the key of position 2 is the one-hot "
        "vector number 2?",
        "Rows from n_vocab on belong to the positions. Let W_key pass the position on as it is, and W_query move it "
        "back by one and make it large; W_value passes on the token part.",
        "In a loop over the positions: `W_key[n_vocab + position, position] = 1`, and for position > 0 also "
        "`W_query[n_vocab + position, position - 1] = 20 * n_positions**0.5`; after it `W_value[:n_vocab] = "
        "torch.eye(n_vocab)`.",
    ),
    variant="Change one line so that each token copies the one two places back. And what would you change to copy the "
    "first token of the text, always?",
    misconceptions={
        "next-token": Misconception(
            "The head looks one place ahead. The query of position i must match the key of position i - 1.", HAND
        ),
        "own-position": Misconception(
            "Each token looks at itself: query and key report the same position. One of them has to be shifted by one.",
            HAND,
        ),
        "looks-at-tokens": Misconception(
            "The head looks for equal tokens, as the example above. Here the token part of query and key stays zero: "
            "the rows from n_vocab on, the positions, decide.",
            HAND,
        ),
        "rows-of-the-tokens": Misconception(
            "The numbers stand in the rows of the tokens. Position p has row n_vocab + p in W_query and W_key; the "
            "rows above belong to the tokens and stay zero.",
            HAND,
        ),
        "too-soft": Misconception(
            "It looks the right way, but not surely enough: the score is divided by √d, and the others still get their "
            "share. Make the queries, or the keys, larger.",
            HAND,
        ),
        "no-preference": Misconception(
            "All tokens get the same share: every score is the same. Both W_query and W_key need numbers that are not "
            "zero, in the rows of the positions.",
            HAND,
        ),
        "same-for-all": Misconception(
            "All tokens look at the same place: their queries, or the keys, do not depend on the position as they "
            "should.",
            HAND,
        ),
        "other-places": Misconception("The head looks at other places than the previous ones.", HAND),
        "position-told": Misconception(
            "The right place is found, but what is told contains the position. W_value should pass on the token part "
            "alone: its rows from n_vocab on stay zero.",
            HAND,
        ),
        "nothing-told": Misconception(
            "The right place is found, and nothing is told: W_value is still all zeros.", QKV
        ),
        "token-garbled": Misconception(
            "The right place is found, but its token does not come through as it is: W_value[:n_vocab] should be the "
            "identity.",
            HAND,
        ),
        "other-shapes": Misconception("A matrix does not have the shape that the exercise asks for.", HAND),
        "not-finite": Misconception(
            "A matrix holds inf or nan; multiplied by zero it gives nan. A large number will do.", STABLE
        ),
        "not-three": Misconception("The function gives back W_query, W_key and W_value."),
        "tied-to-the-example": Misconception(
            "It works for the small example, but not for other sizes. Is a size or a token written into the code?", HAND
        ),
    },
)

EXERCISES = (ATTENTION_WEIGHTS, FORWARD, ATTEND, PREDICTION, PREVIOUS_TOKEN_HEAD)
