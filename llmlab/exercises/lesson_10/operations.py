"""The operations of a forward pass, to be written: three numbers, tried on one model, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of, numbers
from llmlab.exercises.lesson_10.crashes import COUNTING_CRASHES
from llmlab.exercises.lesson_10.sections import FLOPS

Three = tuple[float, float, float]

# Two models whose sizes differ in everything: what agrees with an idea at both is that idea.
_MODELS = ((11, 24, 5, 2, 7), (97, 10, 3, 4, 13))


def _operations(V: int, D: int, L: int, B: int, T: int) -> Three:
    return 24 * L * B * T * D * D, 4 * L * B * T * T * D, 2 * B * T * D * V


def _changed(linear: float = 1, scores: float = 1, head: float = 1) -> Callable[..., Three]:
    """The right numbers, each multiplied by a factor."""

    def count(V: int, D: int, L: int, B: int, T: int) -> Three:
        right = _operations(V, D, L, B, T)
        return right[0] * linear, right[1] * scores, right[2] * head

    return count


def _by_size(change: Callable[[int, int, int, int, int], Three]) -> Callable[..., Three]:
    """The right numbers, each multiplied by a factor that depends on the sizes."""
    return lambda *sizes: _changed(*change(*sizes))(*sizes)


# What each known mistake counts: misconception -> its faces.
_WRONG: dict[str, list[Callable[..., Three]]] = {
    "multiplications-only": [
        _changed(1 / 2, 1 / 2, 1 / 2),
        _changed(linear=1 / 2),
        _changed(head=1 / 2),
        _changed(linear=1 / 2, head=1 / 2),
    ],
    "batch-forgotten": [
        _by_size(lambda V, D, L, B, T: (1 / B, 1 / B, 1 / B)),
        _by_size(lambda V, D, L, B, T: (1 / B, 1, 1)),
        _by_size(lambda V, D, L, B, T: (1, 1 / B, 1)),
        _by_size(lambda V, D, L, B, T: (1, 1, 1 / B)),
    ],
    "length-forgotten": [
        _by_size(lambda V, D, L, B, T: (1 / T, 1, 1 / T)),
        _by_size(lambda V, D, L, B, T: (1 / T, 1 / T, 1 / T)),
        _by_size(lambda V, D, L, B, T: (1 / T, 1, 1)),
        _by_size(lambda V, D, L, B, T: (1, 1, 1 / T)),
    ],
    "one-block-only": [
        _by_size(lambda V, D, L, B, T: (1 / L, 1 / L, 1)),
        _by_size(lambda V, D, L, B, T: (1 / L, 1, 1)),
        _by_size(lambda V, D, L, B, T: (1, 1 / L, 1)),
    ],
    "head-in-each-block": [_by_size(lambda V, D, L, B, T: (1, 1, L))],
    "attention-half": [_changed(scores=1 / 2)],
    "only-what-the-mask-leaves": [
        _by_size(lambda V, D, L, B, T: (1, (T + 1) / (2 * T), 1)),
        _by_size(lambda V, D, L, B, T: (1, (T - 1) / (2 * T), 1)),
    ],
    "scores-not-squared": [_by_size(lambda V, D, L, B, T: (1, 1 / T, 1))],
    "width-left-out-of-scores": [
        _by_size(lambda V, D, L, B, T: (1, 1 / D, 1)),
        _by_size(lambda V, D, L, B, T: (1, 1 / (2 * D), 1)),
        _by_size(lambda V, D, L, B, T: (1, 1 / (4 * D), 1)),
    ],
    "linear-squared-in-length": [_by_size(lambda V, D, L, B, T: (T, 1, 1))],
    "batch-squared": [_by_size(lambda V, D, L, B, T: (1, B, 1))],
    "feed-forward-forgotten": [_changed(linear=4 / 12)],
    "projections-forgotten": [_changed(linear=8 / 12)],
    "output-projection-forgotten": [_changed(linear=11 / 12)],
    "one-projection-for-three": [_changed(linear=10 / 12)],
    "parameters-not-products": [_by_size(lambda V, D, L, B, T: (1 + (13 * D) / (12 * D * D), 1, 1))],
}


def _agree(got: list[list[float]], model: Callable[..., Three]) -> bool:
    wanted = [model(*sizes) for sizes in _MODELS]
    return all(
        abs(a - b) <= 1e-6 * abs(b)
        for mine, right in zip(got, wanted, strict=True)
        for a, b in zip(mine, right, strict=True)
    )


def _misconception(got: list[list[float]]) -> str:
    for order in permutations(range(3)):
        if order != (0, 1, 2) and _agree(
            got, lambda *sizes, order=order: tuple(_operations(*sizes)[place] for place in order)
        ):
            return "other-order"
    return name_of(faces(_WRONG), lambda model: _agree(got, model)) or "other-numbers"


def _check_operations(operations: Probe) -> Iterator[str]:
    values = [operations(*sizes) for sizes in _MODELS]
    call = f"`{operations.spell(*_MODELS[0])}` gave `{show(values[0])}`"
    got = [three for value in values if (three := numbers(value, 3)) is not None]
    if len(got) < len(values):
        raise Wrong("not-three-numbers", f"{call}.")
    if not _agree(got, _operations):
        place = next(
            place
            for place, (mine, sizes) in enumerate(zip(got, _MODELS, strict=True))
            if not all(abs(a - b) <= 1e-6 * b for a, b in zip(mine, _operations(*sizes), strict=True))
        )
        right = show(list(_operations(*_MODELS[place])))
        raise Wrong(
            _misconception(got),
            f"`{operations.spell(*_MODELS[place])}` gave `{show(values[place])}`, it is `{right}`.",
        )
    yield "two small models"

    fresh = random.Random()
    for _ in range(20):
        sizes = (
            fresh.randint(50, 60_000),
            fresh.randint(2, 2_000),
            fresh.randint(1, 60),
            fresh.randint(1, 64),
            fresh.randint(1, 4_096),
        )
        value: Any = numbers(operations(*sizes, shown=f"{operations.name}(…)", fresh=True), 3)
        if value is None or not all(abs(a - b) <= 1e-6 * b for a, b in zip(value, _operations(*sizes), strict=True)):
            raise Wrong("tied-to-the-example")
    yield "fresh random models"


EXERCISE = Exercise(
    kind="function",
    examine=_check_operations,
    means="Two operations per weight and token, and in attention a product for every pair of tokens: with GPT-2's "
    "sizes and a full context your three numbers are 174, 39 and 79 GFLOPs.",
    hints=(
        "How many weights have the linear layers of one block together? How often is each of them used in one pass?",
        "A weight costs two operations for each of the batch_size · length tokens. The scores are a product of "
        "(T, d) and (d, T) in each head, the weighted sums one of (T, T) and (T, d); over all heads d adds up to "
        "d_model.",
        "`2 * B * T * 12 * D**2` for each block, `2 * 2 * B * T * T * D` for each block, and `2 * B * T * D * V`.",
    ),
    variant="Add a fourth number: the operations of a head that is asked for the last position alone. What share of "
    "the pass does that save with GPT-2's sizes?",
    misconceptions={
        "multiplications-only": Misconception(
            "At least one of the numbers is half of what it should be: each entry of a product is a sum of k products, "
            "a multiplication *and* an addition each.",
            FLOPS,
        ),
        "batch-forgotten": Misconception(
            "At least one of the numbers is counted for one text: every text of the batch needs operations of its own.",
            FLOPS,
        ),
        "length-forgotten": Misconception(
            "A linear layer is applied to each token by itself: in at least one of the numbers the factor `length` is "
            "missing.",
            FLOPS,
        ),
        "one-block-only": Misconception(
            "In at least one of the first two numbers only one block is counted: there are `n_layers`.", FLOPS
        ),
        "head-in-each-block": Misconception("The head stands after the last block, once.", FLOPS),
        "attention-half": Misconception(
            "The second number is half of what it should be. Attention has two products of this size, the scores and "
            "the weighted sums, and the positions that the mask hides are computed all the same.",
            FLOPS,
        ),
        "only-what-the-mask-leaves": Misconception(
            "In the second number only the pairs that the mask leaves are counted. It saves nothing: the full T × T "
            "table is computed, and then half of it is hidden.",
            FLOPS,
        ),
        "scores-not-squared": Misconception(
            "The second number lacks a factor `length`: every one of T queries meets every one of T keys.", FLOPS
        ),
        "width-left-out-of-scores": Misconception(
            "The second number does not grow with `d_model` as it should: one score is a dot product of d numbers, and "
            "over all heads that makes d_model of them.",
            FLOPS,
        ),
        "linear-squared-in-length": Misconception(
            "The first number grows with the square of the length. A linear layer looks at each token by itself; only "
            "attention looks at pairs.",
            FLOPS,
        ),
        "batch-squared": Misconception(
            "The second number grows with the square of the batch. Tokens attend within their own text only.", FLOPS
        ),
        "feed-forward-forgotten": Misconception(
            "The first number is a third of what it should be: 4 D² weights are those of attention; feed-forward has "
            "8 D² more.",
            FLOPS,
        ),
        "projections-forgotten": Misconception(
            "The first number is two thirds of what it should be: of the 12 D² weights of a block 8 D² are counted.",
            FLOPS,
        ),
        "output-projection-forgotten": Misconception(
            "Of the 12 D² weights of a block 11 D² are counted: one matrix D × D is missing. Attention has four.", FLOPS
        ),
        "one-projection-for-three": Misconception(
            "Of the 12 D² weights of a block 10 D² are counted: queries, keys and values have a matrix each.", FLOPS
        ),
        "parameters-not-products": Misconception(
            "The first number has biases and norms in it. By custom the operations of matrix products alone are "
            "counted.",
            FLOPS,
        ),
        "other-order": Misconception(
            "The three numbers are right and have changed places: linear layers, products of attention, head.", FLOPS
        ),
        "not-three-numbers": Misconception(
            "The function returns three numbers: linear layers of all blocks, the two products of attention in all "
            "blocks, the head.",
            FLOPS,
        ),
        "other-numbers": Misconception(
            "These are not the operations. Write down the shapes of each product, (m, k) and (k, n), and add up "
            "2 · m · k · n.",
            FLOPS,
        ),
        "tied-to-the-example": Misconception(
            "Two small models come out right, others do not. Does a number from them stand in the code?", FLOPS
        ),
    },
    crashes=COUNTING_CRASHES,
)
