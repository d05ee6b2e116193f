"""A choice: what the encoder does with a special token that stands in somebody's text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.engine.answers import NOT_AN_OPTION, choice
from llmlab.exercises.lesson_01.sections import SPECIAL


def _check_special_in_text(answer: Any) -> Iterator[str]:
    wrong = {"a": "always-special", "b": "taken-for-plain-text", "d": "silently-removed"}
    return choice(answer, "c", wrong, "c, a ValueError")


EXERCISE = Exercise(
    kind="value",
    examine=_check_special_in_text,
    means="tiktoken asks you to decide: `allowed_special` makes it the one id, `encode_ordinary` makes it text.",
    hints=(
        "The text may have been typed by a stranger. What could they do if the characters alone made the token?",
        "Both readings are possible, one id or several ordinary ones, and mixing them up goes unnoticed. So the "
        "library does not guess.",
        "Run the call in a new cell, and read the last line.",
    ),
    variant="Encode the same text with `encode_ordinary`, and say which character each id stands for.",
    model_answer="both readings are possible, one id or several ordinary ones. The text was typed by a stranger, who "
    "must not be able to end a document inside yours; so tiktoken stops until you say which reading you mean.",
    misconceptions={
        "always-special": Misconception(
            "The id 50256 comes only if you allow it, with `allowed_special`. Otherwise whoever typed the text could "
            "end a document inside yours.",
            SPECIAL,
        ),
        "taken-for-plain-text": Misconception(
            "Seven ordinary tokens come from `encode_ordinary`. `encode` does not take a special token for plain text "
            "without being told so: that mistake is too easy to overlook.",
            SPECIAL,
        ),
        "silently-removed": Misconception(
            "Nothing is left out in silence: tiktoken stops, and you decide what those characters are to be.", SPECIAL
        ),
        "not-an-option": NOT_AN_OPTION,
    },
)
