"""Scaled dot-product attention, to be written: weights, context, large queries, and dimensions in front."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Raised, Wrong, show
from llmlab.exercises.engine.tensors import tensor
from llmlab.exercises.lesson_06.common import (
    Models,
    attention,
    first,
    fixed_numbers,
    is_close,
    random_tensor,
    recognise,
    shape_of,
    tables,
)
from llmlab.exercises.lesson_06.sections import ADDED, AXIS, CONTEXT, QKV, ROOT, SCALE, SOFTMAX, STABLE


def _attend_example() -> tuple[Tensor, Tensor, Tensor]:
    """T_query=2, T_key=5, d=6, d_value=3: no two of them, nor their roots, are equal."""
    return fixed_numbers(2, 6), fixed_numbers(5, 6, step=3), fixed_numbers(5, 3, step=5)


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
        "one-role-twice": [torch.softmax(one @ one.T / divisor, -1) for one in (q, k) for divisor in (root, 1.0)],
    }
    of_context = {
        "keys-mixed": [soft @ k],
        "scores-not-weights": [dots / root @ v, dots @ v],
        "context-of-other-weights": [torch.softmax(dots, -1) @ v],
        "values-not-mixed": [v],
    }
    return of_weights, of_context


def _check_attend(attend: Probe) -> Iterator[str]:
    def run(*given: Tensor, **options: Any) -> list[Tensor | None]:
        got = attend(*given, **options)
        if not tables(got, 2):
            raise Wrong("not-two", f"`{options.get('shown', attend.name)}` gave `{show(got)}`.")
        return [tensor(part) for part in got]

    def right(got: list[Tensor | None], *given: Tensor) -> bool:
        return all(map(is_close, got, attention(*given)))

    given = _attend_example()
    context, weights = run(*given, shown=f"{attend.name}(q (2, 6), k (5, 6), v (5, 3))")
    expected_context, expected_weights = attention(*given)
    of_weights, of_context = _wrong_attention(*given)
    if is_close(context, expected_weights) and is_close(weights, expected_context):
        raise Wrong("order-swapped", f"The first part has {shape_of(context)}, the second {shape_of(weights)}.")
    if not is_close(weights, expected_weights):
        found = recognise(weights, of_weights, "other-weights")
        # Swapped and wrong at once: the weights stand in the first place.
        if found == "other-weights" and context is not None and context.shape == expected_weights.shape:
            found = recognise(context, of_weights, found)
        raise Wrong(found, first("weights", weights, expected_weights))
    yield "weights"
    if not is_close(context, expected_context):
        raise Wrong(recognise(context, of_context, "other-context"), first("context", context, expected_context))
    yield "context"

    loud = given[0] * 1000, given[1], given[2]
    if not right(run(*loud, shown=f"{attend.name}(1000 q, k, v)"), *loud):
        raise Wrong(
            "overflows", "With the same example and queries 1,000 times as large, the result was no longer right."
        )
    fresh = random.Random()
    for _ in range(10):
        T_query, T_key, d, d_value = fresh.sample(range(2, 9), 4)
        given = random_tensor(fresh, T_query, d), random_tensor(fresh, T_key, d), random_tensor(fresh, T_key, d_value)
        if not right(run(*given, shown="random q, k, v", fresh=True), *given):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"

    for leading in ((2,), (2, 7)):
        q, k, v = (*leading, 3, 5), (*leading, 4, 5), (*leading, 4, 6)
        given = fixed_numbers(*q), fixed_numbers(*k, step=3), fixed_numbers(*v, step=5)
        try:
            works = right(run(*given, shown=f"{attend.name}(q {q}, k {k}, v {v})"), *given)
        except Raised as raised:
            raise Wrong("batch-mixed", str(raised)) from None
        if not works:
            raise Wrong("batch-mixed", f"With q {q}, k {k} and v {v} the result was not right.")
    for _ in range(4):
        B, H, T_query, T_key, d, d_value = fresh.sample(range(2, 9), 6)
        given = (
            random_tensor(fresh, B, H, T_query, d),
            random_tensor(fresh, B, H, T_key, d),
            random_tensor(fresh, B, H, T_key, d_value),
        )
        if not right(run(*given, shown="random q, k, v with two dimensions in front", fresh=True), *given):
            raise Wrong("batch-mixed")
    yield "dimensions in front"


EXERCISE = Exercise(
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
    crashes=(
        Crash(
            "keys-not-turned",
            "RuntimeError",
            r"mat1 and mat2 shapes cannot be multiplied|Expected size for first two dimensions of batch2",
            "A score is a dot product of one row of q with one row of k: (T_query, d) @ (d, T_key). So in the product "
            "for the scores the keys' last two axes are swapped, `k.transpose(-2, -1)`, and q stays as it is. In the "
            "one for the context nothing is swapped: (T_query, T_key) @ (T_key, d_value).",
            ADDED,
        ),
        Crash(
            "root-of-a-number",
            "TypeError",
            r"^sqrt\(\): argument 'input'|'torch\.Size'|torch\.Size$",
            "The width is one Python number, `q.shape[-1]`, and its root `q.shape[-1] ** 0.5` or "
            "`math.sqrt(q.shape[-1])`. `torch.sqrt` wants a tensor, and `q.shape` holds all lengths, not one.",
            ROOT,
        ),
        Crash(
            "softmax-without-axis",
            "TypeError",
            r"softmax\(\) (missing|received an invalid)",
            "A softmax has to be told along which axis the weights sum to 1: the keys, `dim=-1`.",
            AXIS,
        ),
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
        "one-role-twice": Misconception(
            "Queries are compared with queries, or keys with keys. The query of one token meets the key of the other.",
            QKV,
        ),
        "values-not-mixed": Misconception("The values came out as they went in: the weights play no part.", CONTEXT),
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
            "With dimensions in front it no longer works. Is an axis counted from the front, a table turned with `.T`, "
            "or a shape unpacked into two names? Count from the end: `transpose(-2, -1)`, `dim=-1`, `q.shape[-1]`.",
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
