"""A prediction of what grows how, when the text becomes twice as long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_09.common import finite_numbers
from llmlab.exercises.lesson_10.sections import COUNT, FLOPS, LENGTH


def _check_growth(answer: Any) -> Iterator[str]:
    numbers = finite_numbers(answer, 3)
    if numbers is None:
        raise Wrong("not-three-numbers", f"You answered `{show(answer)}`.")
    parameters, linear, scores = numbers
    if (parameters, linear, scores) != (1, 2, 4):
        shown = f"You answered {show(parameters)}, {show(linear)} and {show(scores)}."
        raise Wrong(_growth_misconception(parameters, linear, scores), shown)
    yield "parameters × 1"
    yield "linear layers × 2"
    yield "scores and weighted sums × 4"


def _growth_misconception(parameters: float, linear: float, scores: float) -> str:
    if 0 in (parameters, linear, scores):
        return "factors-not-increases"
    if (linear, scores) == (1, 1):
        return "length-is-free"
    if parameters != 1:
        return "parameters-grow"
    if (linear, scores) == (2, 2):
        return "scores-only-double"
    if (linear, scores) == (4, 4):
        return "all-grow-with-the-square"
    if (linear, scores) == (4, 2):
        return "the-two-swapped"
    if linear == 1:
        return "linear-layers-free"
    return "count-the-products"


EXERCISE = Exercise(
    kind="value",
    examine=_check_growth,
    means="The weights stay, each of twice as many tokens goes through each matrix, and twice as many queries meet "
    "twice as many keys. So attention grows with the square of the length, the rest with the length.",
    hints=(
        "How many scores are there for 3 tokens, and how many for 6?",
        "A linear layer is applied to each token by itself. Scores and weighted sums have one product for each "
        "*pair* of tokens.",
        "1, 2, 4: nothing new to train, twice the tokens, four times the pairs.",
    ),
    variant="Which of the three numbers changes if the batch is doubled instead of the text?",
    misconceptions={
        "length-is-free": Misconception(
            "That would be a pass that costs the same for every length. The same weights are used once *for each "
            "token*, and attention compares each pair of tokens.",
            LENGTH,
        ),
        "parameters-grow": Misconception(
            "The parameters belong to the model, not to the text: a longer text is read with the same ones. (A longer "
            "*context length* would need more rows in the position table; here it was long enough.)",
            COUNT,
        ),
        "scores-only-double": Misconception(
            "There is a score for each pair of a query and a key. Twice the queries and twice the keys are four times "
            "the pairs. (The causal mask hides half of them at every length.)",
            FLOPS,
        ),
        "all-grow-with-the-square": Misconception(
            "A linear layer works on each token by itself: twice the tokens, twice the work. Only attention looks at "
            "pairs.",
            FLOPS,
        ),
        "the-two-swapped": Misconception(
            "It is the other way round: linear layers work token by token, scores pair by pair.", FLOPS
        ),
        "linear-layers-free": Misconception(
            "The linear layers have the same weights, but they are applied to each token: twice the tokens, twice the "
            "operations.",
            FLOPS,
        ),
        "factors-not-increases": Misconception(
            "Give factors: what stays as it is has grown by the factor 1, what doubles by 2.", LENGTH
        ),
        "count-the-products": Misconception(
            "Not quite. Count the products for T = 3 and T = 6: for each token in a linear layer, for each pair in the "
            "scores.",
            FLOPS,
        ),
        "not-three-numbers": Misconception("The answer is three numbers, without quotes, one for each line.", LENGTH),
    },
)
