"""A choice: which of four printed things is the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.engine.answers import NOT_AN_OPTION, choice
from llmlab.exercises.lesson_01.sections import VOCABULARY


def _check_vocabulary(answer: Any) -> Iterator[str]:
    wrong = {"a": "encoded-corpus", "b": "order-of-appearance", "d": "counts"}
    return choice(answer, "c", wrong, "c, the sorted distinct tokens with their ids")


EXERCISE = Exercise(
    kind="value",
    examine=_check_vocabulary,
    means="Six tokens, four of them distinct: four entries, numbered in sorted order. The sequence "
    "[3, 0, 2, 1, 3, 0] is what becomes of the text with their help.",
    hints=(
        "How often does `be` stand in the text, and how often should a table hold it from which ids are looked up?",
        "A vocabulary is a table from token to id. It has one entry for each distinct token; here "
        "they are sorted before they are numbered.",
        "`{token: id for id, token in enumerate(sorted(set(tokens)))}`",
    ),
    variant='Write down both for "the sea, the sea": the vocabulary, and the encoded text.',
    model_answer="a is the text, encoded with that vocabulary; b is a vocabulary, too, numbered as the tokens appear "
    "instead of sorted; d says how often each token occurs, so that two tokens would share a number.",
    misconceptions={
        "encoded-corpus": Misconception(
            "A sequence of ids in the order of the text is the *encoded text*. To write it one must look ids up, and "
            "what they are looked up in is the vocabulary.",
            VOCABULARY,
        ),
        "order-of-appearance": Misconception(
            "This is a vocabulary, with other ids: it numbers the tokens as they appear. Here they are sorted first, "
            "so that the ids do not depend on the order of the text.",
            VOCABULARY,
        ),
        "counts": Misconception(
            "These numbers say how often each token occurs. Two tokens would share an id, and decoding could not tell "
            "them apart.",
            VOCABULARY,
        ),
        "not-an-option": NOT_AN_OPTION,
    },
)
