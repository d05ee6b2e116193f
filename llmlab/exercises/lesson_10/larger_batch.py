"""A prediction of the weights read in one step for a batch of eight, and for each new token of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.lesson_00.common import two_numbers
from llmlab.exercises.lesson_10.sections import BATCHING

_WEIGHTS, _BATCH = 1_000_000, 8


def _check_reading(answer: Any) -> Iterator[str]:
    share = _WEIGHTS / _BATCH
    two_numbers(
        answer,
        (_WEIGHTS, share),
        {
            "numbers-swapped": lambda step, token: (step, token) == (share, _WEIGHTS),
            "read-for-each-text": lambda step, token: step == _WEIGHTS * _BATCH,
            "one-token-for-the-batch": lambda step, token: step == token == _WEIGHTS,
            "weights-shared-out": lambda step, token: step == share,
            "grows-with-the-batch": lambda step, token: step == _WEIGHTS and token == _WEIGHTS * _BATCH,
        },
    )
    yield "1,000,000 weights read in the step"
    yield "125,000 for each new token"


EXERCISE = Exercise(
    kind="value",
    examine=_check_reading,
    means="All rows of a batch use the same weights, so they are read once for the 8 of them: an eighth of the reading "
    "for each token. The arithmetic is not shared, each row has its own.",
    hints=(
        "Do the 8 texts need 8 different models?",
        "Side by side means: a weight that has been read is used for all 8 texts before the next one is read. And the "
        "step gives how many new tokens?",
        "The step reads the model once; divide that by the 8 tokens that it gives.",
    ),
    variant="At which batch size would reading fall to 1,000 weights per token? And how many multiplications would "
    "each weight be used for?",
    misconceptions={
        "read-for-each-text": Misconception(
            "That would be 8 steps, one text after the other. Side by side, a weight that has been read serves all 8 "
            "rows: the table stands once in `rows @ table`.",
            BATCHING,
        ),
        "one-token-for-the-batch": Misconception(
            "The reading of the step is right. But the step gives 8 new tokens, one for each text, and they share it.",
            BATCHING,
        ),
        "weights-shared-out": Misconception(
            "The model is not divided among the texts: every text goes through all of the 1,000,000 weights.", BATCHING
        ),
        "grows-with-the-batch": Misconception(
            "With more texts, less is read for each token, not more: divide by the number of texts.", BATCHING
        ),
        "numbers-swapped": Misconception(
            "Both numbers are right and have changed places: first the whole step, then each new token.", BATCHING
        ),
        "not-two-numbers": Misconception("The answer is two numbers: `weights_read, weights_read_per_token`."),
        "count-again": Misconception(
            "Two steps: how often is each weight read if all 8 texts use it together, and how many tokens does the "
            "step give?",
            BATCHING,
        ),
    },
)
