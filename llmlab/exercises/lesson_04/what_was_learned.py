"""A prediction of what skip-gram vectors hold: which words are near, and what king - man + woman is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_04.sections import COSINE


def _check_what_was_learned(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    if not (isinstance(answer, list) and len(answer) == 3):
        raise Wrong("not-three-answers", shown)
    nearer, cosine, word = (item.strip().lower() if isinstance(item, str) else item for item in answer)
    if nearer not in ("barks", "cat") or not isinstance(word, str):
        raise Wrong("not-three-answers", shown)
    if nearer == "barks":
        raise Wrong("beside-is-alike", shown)
    yield "in place of each other, not beside each other"
    if cosine not in (1, 0, -1, "1", "0", "-1"):
        raise Wrong("not-three-answers", shown)
    if int(cosine) != 1:
        raise Wrong("opposite-meaning-opposite-vector" if int(cosine) == -1 else "antonyms-unrelated", shown)
    yield "opposites are near"
    if word != "queen":
        near = {"king", "man", "woman"}
        raise Wrong("start-word" if word in near else "other-word", shown)
    yield "queen"


EXERCISE = Exercise(
    kind="value",
    examine=_check_what_was_learned,
    means="The vectors know use: words that can stand in each other's place lie near, opposites among them. Where the "
    "text gives a difference words of its own, as this world does for male and female, it can show as a direction. "
    "Which ones do show, you will test with several seeds.",
    hints=(
        "A true pair is a centre vector and a context vector. Which two words, then, get similar centre vectors?",
        "Two words get similar vectors when they have the same neighbours. *Happy* and *sad* both stand after *is*.",
        '`"cat", 1, "queen"`',
    ),
    variant="Which word is nearest to kings - king + boy? Ask the lesson's `analogy`, with several seeds: always one?",
    misconceptions={
        "beside-is-alike": Misconception(
            "Standing side by side makes a *centre* vector fit a *context* vector, in the other matrix. Two word "
            "vectors become alike when the words have the same neighbours, so that one could stand for the other.",
            COSINE,
        ),
        "opposite-meaning-opposite-vector": Misconception(
            "Opposites in meaning are used alike: whoever is happy could be sad in the same sentence. Same neighbours, "
            "so nearly the same vector.",
            COSINE,
        ),
        "antonyms-unrelated": Misconception(
            "The two have the same neighbours, and training sees nothing else: their vectors come to lie close.", COSINE
        ),
        "start-word": Misconception(
            "That word is one of the three, and they are left out. Male becomes female, royal stays.", COSINE
        ),
        "other-word": Misconception(
            "The step from man to woman changes male to female and leaves royal and adult as they are.", COSINE
        ),
        "not-three-answers": Misconception(
            'The answer has three parts: `"barks"` or `"cat"`, one of `1`, `0`, `-1`, and a word in quotes.'
        ),
    },
)
