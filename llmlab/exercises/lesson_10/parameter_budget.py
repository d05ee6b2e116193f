"""The number of parameters of a GPT, to be written: tried with and without bias and tied weights."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_number, is_whole
from llmlab.exercises.lesson_10.crashes import COUNTING_CRASHES
from llmlab.exercises.lesson_10.sections import COUNT


def _parts(V: int, T: int, D: int, qkv_bias: bool) -> dict[str, int]:
    """Trained numbers by kind; those of a block for one block."""
    return {
        "tokens": V * D,
        "positions": T * D,
        "qkv": 3 * D * D,
        "qkv_bias": 3 * D * qkv_bias,
        "out": D * D,
        "out_bias": D,
        "expand": 4 * D * D,
        "expand_bias": 4 * D,
        "contract": 4 * D * D,
        "contract_bias": D,
        "norms": 4 * D,
        "final_norm": 2 * D,
    }


_OUTSIDE = ("tokens", "positions", "final_norm")


def _budget(V: int, T: int, D: int, L: int, bias: bool, tied: bool, /, **changed: int) -> int:
    """The count, with some parts changed; `head` is the head's."""
    parts = {**_parts(V, T, D, bias), "head": 0 if tied else V * D, **changed}
    return sum(number if name in (*_OUTSIDE, "head") else L * number for name, number in parts.items())


def _wrong_budgets(V: int, T: int, D: int, L: int, qkv_bias: bool, tied: bool) -> dict[str, list[int]]:
    """What each known mistake counts: misconception -> numbers."""

    def count(**changed: int) -> int:
        return _budget(V, T, D, L, qkv_bias, tied, **changed)

    biases = {"qkv_bias": 0, "out_bias": 0, "expand_bias": 0, "contract_bias": 0}
    squares = {**biases, "norms": 0}
    return {
        "squares-and-tables": [count(**squares, final_norm=0, head=0), count(**squares, head=0)],
        "only-the-squares": [count(**squares, final_norm=0), count(**squares)],
        "biases-forgotten": [count(**biases), count(out_bias=0, expand_bias=0, contract_bias=0)],
        "output-bias-forgotten": [count(out_bias=0)],
        "feed-forward-biases-forgotten": [count(expand_bias=0, contract_bias=0)],
        "feed-forward-biases-alike": [count(expand_bias=D), count(contract_bias=4 * D)],
        "positions-forgotten": [count(positions=0)],
        "tables-forgotten": [count(tokens=0, positions=0)],
        "tables-swapped": [count(positions=T * V), count(positions=V * T, tokens=0)],
        "tied-head-counted": [count(head=V * D)],
        "head-forgotten": [count(head=0)],
        "tying-turned-round": [count(head=V * D if tied else 0)],
        "head-bias-counted": [count(head=V if tied else V * D + V), count(head=0 if tied else V * D + V)],
        "final-norm-forgotten": [count(final_norm=0)],
        "norms-forgotten": [count(norms=0), count(norms=0, final_norm=0)],
        "one-norm-a-block": [count(norms=2 * D)],
        "norms-without-shift": [count(norms=2 * D, final_norm=D)],
        "qkv-bias-always": [count(qkv_bias=3 * D)],
        "qkv-bias-never": [count(qkv_bias=0)],
        "qkv-bias-too-short": [count(qkv_bias=D * qkv_bias)],
        "qkv-bias-for-all": [
            count(out_bias=D * qkv_bias, expand_bias=4 * D * qkv_bias, contract_bias=D * qkv_bias),
            count(out_bias=D * qkv_bias),
        ],
        "output-projection-forgotten": [count(out=0, out_bias=0), count(out=0)],
        "one-projection-for-three": [count(qkv=D * D), count(qkv=D * D, qkv_bias=D * qkv_bias)],
        "feed-forward-too-small": [
            count(expand=D * D, contract=D * D, expand_bias=D),
            count(contract=0),
            count(contract=0, contract_bias=0),
            count(expand=0, expand_bias=0),
        ],
        "feed-forward-forgotten": [count(expand=0, contract=0, expand_bias=0, contract_bias=0)],
        "one-block-only": [_budget(V, T, D, 1, qkv_bias, tied)],
        "everything-in-each-block": [L * _budget(V, T, D, 1, qkv_bias, tied), count(final_norm=L * 2 * D)],
        "attention-weights-counted": [count(out=D * D + T * T)],
    }


# Sizes at which one mistake does not look like another, nor two of them like a third.
_BUDGETS = tuple((97, 41, 16, 7, bias, tied) for bias, tied in product((False, True), repeat=2))


def _check_parameter_budget(parameter_budget: Probe) -> Iterator[str]:
    got = [parameter_budget(*case) for case in _BUDGETS]
    expected = [_budget(*case) for case in _BUDGETS]
    different = [number for number, (yours, right) in enumerate(zip(got, expected, strict=True)) if yours != right]
    if different or not all(map(is_whole, got)):
        worst = different[0] if different else 0
        shown = f"`{parameter_budget.spell(*_BUDGETS[worst])}` gave `{show(got[worst])}`, it is {expected[worst]}."
        raise Wrong(_budget_misconception(got), shown)
    yield "four small models, with and without bias and tying"

    fresh = random.Random()
    for _ in range(20):
        sizes = (fresh.randint(50, 60_000), fresh.randint(8, 4096), fresh.randint(2, 2000), fresh.randint(1, 60))
        case = (*sizes, fresh.random() < 0.5, fresh.random() < 0.5)
        if parameter_budget(*case, shown="a random model", fresh=True) != _budget(*case):
            raise Wrong("tied-to-the-example")
    yield "fresh random models"


def _budget_misconception(got: list[Any]) -> str:
    """The first misconception that gives these very numbers for all four small models."""
    if not all(map(is_number, got)):
        return "not-a-number"
    models = [_wrong_budgets(*case) for case in _BUDGETS]
    for name, variants in models[0].items():
        for number in range(len(variants)):
            if all(yours == model[name][number] for yours, model in zip(got, models, strict=True)):
                return name
    return "not-a-whole-number" if any(isinstance(number, float) for number in got) else "other-count"


EXERCISE = Exercise(
    kind="function",
    examine=_check_parameter_budget,
    means="Count by parts, and a model's size holds no secret: with GPT-2's sizes your function gives 124,439,808.",
    hints=(
        "Which parts has one block? For each, is it a matrix with a bias, a matrix without, or a norm?",
        "A block: two norms of 2D; D × 3D to queries, keys and values; D × D back; D × 4D and 4D × D. A bias has as "
        "many numbers as its layer gives out. Around the blocks: two tables, one norm, and the head unless it is tied.",
        "`block = 4 * D + (3 * D * D + 3 * D * qkv_bias) + (D * D + D) + (4 * D * D + 4 * D) + (4 * D * D + D)`, and "
        "`(vocab_size + context_length) * D + n_layers * block + 2 * D` plus `vocab_size * D` unless the weights are "
        "tied.",
    ),
    variant="Solve it the other way: which width gives a model of about 10 million parameters, with 6 blocks, 5,000 "
    "tokens, context length 256 and tied weights?",
    misconceptions={
        "squares-and-tables": Misconception(
            "The two tables and 12 D² in each block are counted. Missing are the head, where it is not tied, and all "
            "that grows with D alone: biases and the norms of the blocks.",
            COUNT,
        ),
        "only-the-squares": Misconception(
            "Tables and matrices are counted, 12 D² in each block, and nothing that grows with D alone: the biases of "
            "the linear layers and the norms of the blocks are missing.",
            COUNT,
        ),
        "biases-forgotten": Misconception(
            "The biases of the linear layers are missing: each layer with a bias has one more number for each number "
            "that it gives out.",
            COUNT,
        ),
        "output-bias-forgotten": Misconception(
            "The output projection of attention has a bias too, D numbers per block, whatever `qkv_bias` says.", COUNT
        ),
        "feed-forward-biases-forgotten": Misconception(
            "A bias of the feed-forward layer is missing: 4D numbers after expanding, D after contracting.", COUNT
        ),
        "feed-forward-biases-alike": Misconception(
            "The two biases of the feed-forward layer differ in length: one for each number that comes *out*, so 4D "
            "after expanding and D after contracting.",
            COUNT,
        ),
        "positions-forgotten": Misconception("The position table is missing: one row for each place.", COUNT),
        "tables-forgotten": Misconception(
            "The two tables are missing, for tokens and for positions: one row of d_model numbers for each.", COUNT
        ),
        "tables-swapped": Misconception(
            "The position table has context_length rows of d_model numbers. The vocabulary has no part in it.", COUNT
        ),
        "tied-head-counted": Misconception(
            "With tied weights the head was counted all the same. It uses the token table, which is counted already.",
            COUNT,
        ),
        "head-forgotten": Misconception(
            "Without tied weights the head has a table of its own, d_model × vocab_size.", COUNT
        ),
        "tying-turned-round": Misconception(
            "`tie_weights` is read the wrong way round: tied means one table, not two.", COUNT
        ),
        "head-bias-counted": Misconception("The head has no bias.", COUNT),
        "final-norm-forgotten": Misconception("One more norm stands after the last block.", COUNT),
        "norms-forgotten": Misconception("The norms of the blocks have trained numbers too: scale and shift.", COUNT),
        "one-norm-a-block": Misconception("A block has two norms, one before each sub-layer.", COUNT),
        "norms-without-shift": Misconception("A norm has a scale and a shift, D numbers each.", COUNT),
        "qkv-bias-always": Misconception(
            "The projection to queries, keys and values has a bias only if `qkv_bias`.", COUNT
        ),
        "qkv-bias-never": Misconception(
            "With `qkv_bias` the projection to queries, keys and values has a bias: 3D numbers per block.", COUNT
        ),
        "qkv-bias-too-short": Misconception(
            "The bias of the fused projection has 3D numbers: queries, keys and values each have D.", COUNT
        ),
        "qkv-bias-for-all": Misconception(
            "`qkv_bias` speaks of the projection to queries, keys and values alone. The other linear layers of a block "
            "always have a bias.",
            COUNT,
        ),
        "output-projection-forgotten": Misconception(
            "Attention has a fourth matrix: the output projection, D × D, after the heads are merged.", COUNT
        ),
        "one-projection-for-three": Misconception(
            "Queries, keys and values have a matrix each: D × 3D in one fused layer.", COUNT
        ),
        "feed-forward-too-small": Misconception(
            "The feed-forward layer has two matrices, D × 4D out and 4D × D back.", COUNT
        ),
        "feed-forward-forgotten": Misconception("The feed-forward layer is missing, two thirds of a block.", COUNT),
        "one-block-only": Misconception("There are n_layers blocks, each with weights of its own.", COUNT),
        "everything-in-each-block": Misconception(
            "Tables, final norm and head are there once, not once per block.", COUNT
        ),
        "attention-weights-counted": Misconception(
            "The T × T attention weights are computed for each text, not trained. They do not count.", COUNT
        ),
        "not-a-whole-number": Misconception("A count is a whole number: this is a float.", COUNT),
        "not-a-number": Misconception("The result must be one whole number.", COUNT),
        "other-count": Misconception(
            "That is not the count. Go part by part, as in the list of one block: which part differs?", COUNT
        ),
        "tied-to-the-example": Misconception(
            "The small models hold, and random ones do not: what in the code is right for the examples alone?", COUNT
        ),
    },
    crashes=COUNTING_CRASHES,
)
