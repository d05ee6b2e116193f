"""A prediction of how many tokens pass through the model, without a cache and with one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import numbers
from llmlab.exercises.lesson_13.sections import AGAIN


def _check_passes(answer: Any) -> Iterator[str]:
    if numbers(answer, 2) is None:
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    without, with_cache = answer
    shown = f"You answered `{show(answer)}`."
    if (without, with_cache) == (8, 26):
        raise Wrong("the-two-swapped", shown)
    first = {35: "first-too-many", 30: "first-too-many", 20: "new-tokens-forgotten", 25: "new-tokens-forgotten"}
    first |= dict.fromkeys((4, 5, 8, 9), "nothing-again")
    second = {9: "second-too-many", 3: "prompt-is-free", 4: "prompt-is-free"}
    if without != 26:
        raise Wrong(first.get(without, "first-again"), shown)
    if with_cache != 8:
        raise Wrong(second.get(with_cache, "second-again"), shown)
    yield "without a cache 5 + 6 + 7 + 8"
    yield "with a cache 5 + 1 + 1 + 1"


EXERCISE = Exercise(
    kind="value",
    examine=_check_passes,
    means="Without a cache the work of a step grows with all that stands before it. With a cache a step is one token.",
    hints=(
        "What does the model read in the first step, and what in the second, once without and once with a cache?",
        "Without a cache each step reads everything that is written by then. With a cache the first step reads the "
        "prompt, and each later step only the token that was just chosen. The last token chosen is read by no step.",
        "5 + 6 + 7 + 8, and 5 + 1 + 1 + 1.",
    ),
    variant="Write the two counts as formulas of prompt P and new tokens N. For P = 100 and N = 1,000, how many times "
    "as many tokens pass without a cache?",
    misconceptions={
        "the-two-swapped": Misconception("The two have changed places: the cache saves work.", AGAIN),
        "first-too-many": Misconception(
            "The first number is too large: the first step reads the 5 tokens of the prompt, and the fourth new token "
            "is read by no step at all.",
            AGAIN,
        ),
        "second-too-many": Misconception(
            "The first number is right, the second one too large: the fourth new token is read by no step at all.",
            AGAIN,
        ),
        "new-tokens-forgotten": Misconception(
            "The first number is too small: each step reads the prompt *and* what was written since, 5 tokens, then 6, "
            "then 7, then 8.",
            AGAIN,
        ),
        "nothing-again": Misconception(
            "The first number is too small: when nothing is kept between steps, every step reads everything anew.",
            AGAIN,
        ),
        "prompt-is-free": Misconception(
            "The first number is right. For the second, the prompt passes through the model too, once: its keys and "
            "values have to come from somewhere.",
            AGAIN,
        ),
        "not-two-numbers": Misconception("The answer is two numbers: when nothing is kept, and when all is."),
        "first-again": Misconception(
            "The first number is another one. Write down for each of the four steps how many tokens it reads when "
            "nothing is kept, and add.",
            AGAIN,
        ),
        "second-again": Misconception(
            "The first number is right, the second one not. Write down for each of the four steps how many tokens it "
            "reads when all is kept, and add.",
            AGAIN,
        ),
    },
)
