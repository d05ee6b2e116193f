"""A choice: how many predictions one batch trains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.engine.answers import NOT_AN_OPTION, choice
from llmlab.exercises.lesson_03.sections import MANY


def _check_trained_positions(answer: Any) -> Iterator[str]:
    wrong = {"a": "one-loss-one-prediction", "b": "batch-adds-nothing", "c": "only-the-last-position"}
    return choice(answer, "d", wrong, "d, every position of every window")


EXERCISE = Exercise(
    kind="value",
    examine=_check_trained_positions,
    means="Each position predicts its own next token, so 8 windows of 4 positions give 8 × 4 = 32 predictions with a "
    "target, and one step learns from all of them.",
    model_answer="the target has the shape of the input, (8, 4), and each of its 32 entries is the token after one "
    "position; the loss is one number because it is the mean over all 32.",
    hints=(
        "Look at the target of a single window: how many ids does it hold, and what is each of them for?",
        "Position 0 predicts from 1 token, position 1 from 2, … : a window of length 4 is four training examples.",
        "Count the entries of `targets`: its shape is (8, 4), and none of them is left out.",
    ),
    variant="How many would it be with a batch of 2 windows of 256 tokens?",
    misconceptions={
        "one-loss-one-prediction": Misconception(
            "The batch does give one loss, but that number is a mean over many predictions, not one prediction.", MANY
        ),
        "batch-adds-nothing": Misconception(
            "4 is what one window trains. The other 7 windows of the batch have targets of their own.", MANY
        ),
        "only-the-last-position": Misconception(
            "8 would be right if only the last position of each window were trained. Every position is: each one has "
            "the token after it as its target. (When generating text, the last position is the one that is read.)",
            MANY,
        ),
        "not-an-option": NOT_AN_OPTION,
    },
)
