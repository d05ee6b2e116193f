"""A choice: which bug made each of four curves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_00.common import letters_of
from llmlab.exercises.lesson_11.sections import CURVES


def _check_bugs(answer: Any) -> Iterator[str]:
    letters = letters_of(answer)
    shown = f"You answered `{show(answer)}`."
    if letters is None or len(letters) != 4 or set(letters) - set("abcde"):
        raise Wrong("not-four-letters", shown)
    W, X, Y, Z = letters
    if Y == "e":
        raise Wrong("too-good-to-be-true", shown)
    if Y != "d":
        raise Wrong("copying", shown)
    if X == "e":
        raise Wrong("only-the-batches-read", shown)
    if X != "b":
        raise Wrong("two-curves-part", shown)
    if W == "a" or Z == "c":
        raise Wrong("slow-or-on-a-floor", shown)
    if letters != "cbda":
        raise Wrong("nothing-is-healthy", shown)
    yield "c b d a"


EXERCISE = Exercise(
    kind="value",
    examine=_check_bugs,
    means="A floor with no gradient, two curves that part, a loss below what text allows, a slow line that still "
    "falls: four shapes that you will meet again.",
    hints=(
        "In which run do the two losses part, and in which one is the loss lower than the text allows?",
        "Two runs stay high. One still falls, with gradients of about the length that they had at the start. The other "
        "lies still, and its gradients are next to nothing.",
        "W lies on a floor, X has read too little, Y copies what it has just read, Z is on its way, slowly.",
    ),
    variant="In run W the loss stays far above the floor of 5.40. What would the model have to do to get there, and "
    "why is its gradient so short?",
    misconceptions={
        "too-good-to-be-true": Misconception(
            "Run Y reaches a loss of 0. After 'the king' many words are right, so no honest model can: the answer must "
            "stand in the question.",
            CURVES,
        ),
        "copying": Misconception(
            "In run Y both losses go to 0. With too little text only that of the batches would. The answer stands in "
            "the question: the target is the token that was just read.",
            CURVES,
        ),
        "only-the-batches-read": Misconception(
            "Run X looks best on its batches. Look at its validation loss, which turns up.", CURVES
        ),
        "two-curves-part": Misconception(
            "In run X the loss of the batches goes to 0 and the validation loss turns up: it knows its text by heart.",
            CURVES,
        ),
        "slow-or-on-a-floor": Misconception(
            "W and Z both stay high, for different reasons. Compare the last column: Z still has long gradients, and "
            "falls; W has next to none, and lies still.",
            CURVES,
        ),
        "nothing-is-healthy": Misconception(
            "In each of the four something is wrong, and each cause from a to d occurs once. Which run stays high with "
            "a gradient, and which without?",
            CURVES,
        ),
        "not-four-letters": Misconception(
            "The answer is one text with four letters from a to e, for W, X, Y and Z in this order.", CURVES
        ),
    },
)
