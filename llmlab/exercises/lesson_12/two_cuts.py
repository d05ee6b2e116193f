"""A prediction: how many tokens top-k and then top-p leave, and what share the most probable one gets."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import name_of, numbers
from llmlab.exercises.lesson_12.sections import ORDER, TOP_K, TOP_P

_RIGHT = (2, 0.40 / 0.65)
# What an idea gives; a share is compared to two decimals, cut or rounded.
_IDEAS = (
    ("the-two-swapped", (0.40 / 0.65, 2)),
    ("not-renormalised-between", (3, 0.40 / 0.80)),
    ("not-renormalised-between: nor at the end", (3, 0.40)),
    ("not-renormalised", (2, 0.40)),
    ("renormalised-after-top-k-only", (2, 0.40 / 0.92)),
    ("top-p-ignored", (4, 0.40 / 0.92)),
    ("top-p-ignored: not divided", (4, 0.40)),
    ("last-token-left-out", (1, 1.0)),
    ("last-token-left-out: not divided", (1, 0.40)),
    ("last-token-left-out: divided after top-k", (1, 0.40 / 0.92)),
)


def _near(answer: tuple[float, float], idea: tuple[float, float]) -> bool:
    return all(
        isclose(got, meant, abs_tol=0.0101 if meant % 1 else 1e-9) for got, meant in zip(answer, idea, strict=True)
    )


def _check_cuts(answer: Any) -> Iterator[str]:
    if numbers(answer, 2) is None:
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    given = (answer[0], answer[1])
    if not _near(given, _RIGHT):
        idea = name_of(_IDEAS, lambda meant: _near(given, meant))
        right_count = "The number of tokens is right. " if given[0] == _RIGHT[0] and idea is None else ""
        raise Wrong(idea or "count-again", f"{right_count}You answered {show(given[0])} and {show(given[1])}.")
    yield "after top-k the shares are 0.43, 0.27, 0.16 and 0.13, and the first two reach 0.7"
    yield "0.40 / 0.65"


EXERCISE = Exercise(
    kind="value",
    examine=_check_cuts,
    means="Each cut renormalises, so top-p sees larger shares after top-k than before it, and keeps fewer tokens.",
    hints=(
        "What do the four tokens that top-k keeps sum to, and what are their shares of that sum?",
        "After top-k each probability is divided by 0.92. Top-p then keeps the fewest that reach 0.7, and what is left "
        "is divided by its sum again.",
        "0.40 / 0.92 = 0.43 and 0.25 / 0.92 = 0.27 are 0.71 together: two stay. The first gets 0.40 / (0.40 + 0.25).",
    ),
    variant="Change the order: top-p 0.7 first, then top-k 4. How many are left?",
    misconceptions={
        "not-renormalised-between": Misconception(
            "Three tokens reach 0.7 as long as the probabilities are those of the beginning: 0.40, 0.65, 0.80. After "
            "top-k they are shares of 0.92, which reach 0.7 sooner.",
            ORDER,
        ),
        "not-renormalised": Misconception(
            "The right tokens are left, and 0.40 is what the first one had before the cuts. What is left is divided by "
            "its sum.",
            TOP_K,
        ),
        "renormalised-after-top-k-only": Misconception(
            "The right tokens are left, and 0.43 is the share after top-k. Top-p cuts once more, so what is left is "
            "divided by its sum once more.",
            TOP_P,
        ),
        "top-p-ignored": Misconception("That is after top-k alone. Top-p then cuts what top-k left.", TOP_P),
        "last-token-left-out": Misconception(
            "One token does not reach 0.7. The token with which the sum reaches p stays as well.", TOP_P
        ),
        "the-two-swapped": Misconception("The two have changed places: first the number of tokens, then the share."),
        "not-two-numbers": Misconception("The answer is two numbers: how many tokens, and the largest share."),
        "count-again": Misconception(
            "Write the five probabilities in a line. Cross out what top-k cuts, divide the others by their sum, then "
            "add from the left until 0.7 is reached.",
            ORDER,
        ),
    },
)
