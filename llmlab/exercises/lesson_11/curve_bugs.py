"""A choice: which bug made each of four curves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_11.sections import CURVES


def _letters(answer: Any) -> str | None:
    """Four letters from a to e, however they are written; None for anything else."""
    text = "".join(answer) if isinstance(answer, list) and all(isinstance(one, str) for one in answer) else answer
    if not isinstance(text, str):
        return None
    letters = "".join(letter for letter in text.lower() if letter.isalnum())
    return letters if len(letters) == 4 and set(letters) <= set("abcde") else None


# What is said to each wrong letter, the runs that show most first: run -> its letter, and the idea behind any other.
_IDEAS = {
    "Y": (
        "d",
        {"e": "too-good-to-be-true", "b": "not-by-heart", "c": "below-the-floor", "a": "too-low-for-a-low-rate"},
    ),
    "X": ("b", {"e": "only-the-batches-read", "a": "two-curves-part", "c": "two-curves-part", "d": "two-curves-part"}),
    "W": ("c", {"e": "nothing-is-healthy", "a": "still-without-a-gradient", "b": "no-curves-part", "d": "no-copy"}),
    "Z": ("a", {"e": "nothing-is-healthy", "c": "falls-with-a-gradient", "b": "no-curves-part", "d": "no-copy"}),
}


def _check_bugs(answer: Any) -> Iterator[str]:
    letters, shown = _letters(answer), f"You answered `{show(answer)}`."
    if letters is None:
        raise Wrong("not-four-letters", shown)
    given = dict(zip("WXYZ", letters, strict=True))
    for run, (right, ideas) in _IDEAS.items():
        if given[run] != right:
            raise Wrong(ideas[given[run]], f"Run {run}. {shown}")
    yield "W a softmax too many, X too little text, Y targets not shifted, Z a rate too low"


EXERCISE = Exercise(
    kind="value",
    examine=_check_bugs,
    means="A standstill without a gradient, two curves that part, a loss below what text allows, a slow line that "
    "still falls: four shapes that you will meet again.",
    hints=(
        "In which run do the two losses part, and in which one is the loss lower than the text allows?",
        "Two runs stay high. One still falls, with gradients of about the length that they had at the start. The other "
        "lies still, and its gradients are next to nothing.",
        "W stands still, far above the lowest loss that a double softmax allows. X has read too little, Y copies what "
        "it has just read, Z is on its way, slowly.",
    ),
    variant="Run W stays at 6.09, far above 5.40. How often is it right, then? (A double softmax that is always sure "
    "gives ln(599 + e) less the share that is right.)",
    misconceptions={
        "too-good-to-be-true": Misconception(
            "Run Y reaches a loss of 0. After 'the king' many words are right, so no honest model can: the answer must "
            "stand in the question.",
            CURVES,
        ),
        "not-by-heart": Misconception(
            "In run Y both losses go to 0. With too little text only that of the batches would: the validation text "
            "was never learned.",
            CURVES,
        ),
        "below-the-floor": Misconception(
            "Run Y reaches a loss of 0. With a softmax too many no model gets below 5.40.", CURVES
        ),
        "too-low-for-a-low-rate": Misconception(
            "Run Y is at 0.10 after 60 steps. With a rate that is too low a loss falls slowly, and this one is faster "
            "and lower than any text allows.",
            CURVES,
        ),
        "only-the-batches-read": Misconception(
            "Run X looks good on its batches. Look at its validation loss, which goes up.", CURVES
        ),
        "two-curves-part": Misconception(
            "In run X the loss of the batches goes to nearly 0 while the validation loss goes up: it knows its text by "
            "heart.",
            CURVES,
        ),
        "still-without-a-gradient": Misconception(
            "Run W stands still: its loss is the same at steps 120 and 240, and its gradient is next to nothing. With "
            "a low rate the loss goes on falling, and gradients stay long.",
            CURVES,
        ),
        "falls-with-a-gradient": Misconception(
            "Run Z still falls, and its gradients are about as long as at the start. With a softmax too many there is "
            "hardly any gradient.",
            CURVES,
        ),
        "no-curves-part": Misconception(
            "In this run loss and validation loss stay together, and high. With too little text they part.", CURVES
        ),
        "no-copy": Misconception(
            "In this run the loss stays high. A model that is asked for the token it has just read copies it, and its "
            "loss goes to 0.",
            CURVES,
        ),
        "nothing-is-healthy": Misconception(
            "In each of the four something is wrong: a healthy run would be far below 5.40 by step 240.", CURVES
        ),
        "not-four-letters": Misconception(
            "The answer is one text with four letters from a to e, for W, X, Y and Z in this order.", CURVES
        ),
    },
)
