"""A choice: which sentence the comparison of architectures supports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.engine.answers import NOT_AN_OPTION, choice
from llmlab.exercises.lesson_14.sections import COMPARE, TABLE


def _check_table(answer: Any) -> Iterator[str]:
    wrong = {"a": "from-toy-to-all", "b": "within-the-spread", "d": "no-difference-seen-is-none"}
    return choice(answer, "c", wrong, "c: what was measured, where it was measured, with ranges that are apart")


EXERCISE = Exercise(
    kind="value",
    examine=_check_table,
    means="It names the conditions, it compares all seeds, and it goes no further.",
    model_answer="The ranges of the seeds do not overlap, so the difference is larger than what a seed makes. And the "
    "sentence says under which conditions: this text, this size, these steps, this learning rate.",
    hints=(
        "For each sentence: do the ranges of the seeds overlap, and does it speak of more than was measured?",
        "Overlapping ranges show no difference. They show no equality either: three runs may just be too few.",
        "One sentence keeps to the conditions, and its ranges do not overlap.",
    ),
    variant="What would you have to record to make sentence a a claim that can be tested?",
    misconceptions={
        "from-toy-to-all": Misconception(
            "Models of 194 thousand parameters were trained for 1,000 steps, with one learning rate, chosen for the "
            "first row. Of other sizes the table says nothing.",
            TABLE,
        ),
        "within-the-spread": Misconception(
            "The means differ by less than the seeds of one row do, and the ranges overlap: another three seeds may "
            "turn the order around.",
            COMPARE,
        ),
        "no-difference-seen-is-none": Misconception(
            "The ranges overlap, so no difference is *shown*. That is no proof that there is none: three runs are few.",
            COMPARE,
        ),
        "not-an-option": NOT_AN_OPTION,
    },
)
