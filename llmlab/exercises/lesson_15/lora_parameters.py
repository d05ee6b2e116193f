"""A prediction: how many numbers a LoRA of a matrix trains, and from which rank on it saves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import numbers
from llmlab.exercises.lesson_15.sections import LORA

_TRAINED, _RANK = 4 * (96 + 288), 72


def _check_parameters(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    if numbers(answer, 2) is None:
        raise Wrong("not-two-numbers", shown)
    trained, rank = answer
    if (trained, rank) == (_RANK, _TRAINED):
        raise Wrong("the-two-swapped", shown)
    if trained != _TRAINED:
        first = {96 * 288: "whole-matrix", 4 * 96 * 288: "multiplied", 4 * 96: "a-part", 4 * 288: "one-matrix"}
        first |= {4 * 4: "rank-squared"}
        raise Wrong(first.get(trained, "first-again"), shown)
    if rank != _RANK:
        raise Wrong({96: "full-rank", 288: "full-rank", 71: "one-off", 73: "one-off"}.get(rank, "second-again"), shown)
    yield "A and B together: 4 · (96 + 288)"
    yield "r · 384 reaches 27,648 at r = 72"


EXERCISE = Exercise(
    kind="value",
    examine=_check_parameters,
    means="A LoRA grows with the *sum* of the two lengths and the matrix with their *product*: the larger the matrix, "
    "the more a small rank saves.",
    hints=(
        "What are the shapes of A and B?",
        "A is (r, 96) and B is (288, r). How many numbers is that together, for r = 4 and for any r?",
        "4 · 96 + 4 · 288; and r · 384 = 96 · 288.",
    ),
    variant="A matrix of GPT-3 is 12,288 × 12,288. What share of it does a LoRA of rank 4 train?",
    misconceptions={
        "the-two-swapped": Misconception(
            "The two have changed places: first the numbers trained, then the rank.", LORA
        ),
        "whole-matrix": Misconception("The first number is that of the matrix itself, which stays as it is.", LORA),
        "multiplied": Misconception(
            "The first number multiplies all three. A and B are two thin matrices: their sizes are added.", LORA
        ),
        "one-matrix": Misconception("The first number counts B alone. A is trained, too.", LORA),
        "a-part": Misconception(
            "The first number is too small: 384 is 4 · 96, which is A alone, and also 96 + 288, both at rank 1.", LORA
        ),
        "rank-squared": Misconception("The first number is r · r. A is (r, 96) and B is (288, r).", LORA),
        "full-rank": Misconception(
            "The first number is right. The second is a side of the matrix; long before that rank A and B together are "
            "as large as it: solve r · (96 + 288) = 96 · 288.",
            LORA,
        ),
        "one-off": Misconception("The first number is right, the second one off: 384 · r = 27,648.", LORA),
        "not-two-numbers": Misconception("The answer is two numbers: what a LoRA of rank 4 trains, and a rank."),
        "first-again": Misconception("The first number is another one. Count A and count B, and add.", LORA),
        "second-again": Misconception(
            "The first number is right, the second not. At which r are r · 96 + r · 288 numbers as many as 96 · 288?",
            LORA,
        ),
    },
)
