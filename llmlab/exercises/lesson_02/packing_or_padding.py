"""A choice: which of four rows of windows is packed as the lesson packs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.engine.answers import NOT_AN_OPTION, choice
from llmlab.exercises.lesson_02.sections import PACKING


def _check_packing(answer: Any) -> Iterator[str]:
    wrong = {"a": "filled-with-the-separator", "c": "separator-ends-windows", "d": "padding-is-trained"}
    return choice(answer, "b", wrong, "b, one row with a separator between the letters, cut into full windows")


EXERCISE = Exercise(
    kind="value",
    examine=_check_packing,
    means="Packing wastes nothing: every position is a token of a letter or a separator, and each is worth predicting. "
    "Padding fills a row up with ids that mean nothing, and the loss must leave them out.",
    hints=(
        "What does a model learn from a position whose target is a filler?",
        "The separator says that a document ends. It is learned like any other token, so it must stand where documents "
        "end, and nowhere else.",
        "Only in b is the separator between documents, and nothing is filled up.",
    ),
    variant="Take `pack` from `llmlab.windows`, and count the ids of three short texts packed, and padded to the "
    "longest.",
    misconceptions={
        "filled-with-the-separator": Misconception(
            "That is padding with the separator, and counting it: the model would learn that after a separator come "
            "hundreds more. A filler must be left out of the loss; a separator stands once, between two documents.",
            PACKING,
        ),
        "separator-ends-windows": Misconception(
            "The separator marks the end of a document, not of a window. Windows end where the context length says so, "
            "in the middle of a sentence if need be.",
            PACKING,
        ),
        "padding-is-trained": Misconception(
            "That is padding, and the loss counts the fillers: a large part of the targets would be filler. With "
            "padding, the loss must ignore them.",
            PACKING,
        ),
        "not-an-option": NOT_AN_OPTION,
    },
)
