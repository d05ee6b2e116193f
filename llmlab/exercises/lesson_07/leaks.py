"""A choice: which of six versions of the mask let the future through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_07.sections import BEFORE, LATE


def _check_leaks(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    text = "".join(map(str, answer)) if isinstance(answer, list) else answer
    if not isinstance(text, str):
        raise Wrong("not-letters", shown)
    letters = [letter for letter in text.lower().replace("and", "") if letter.isalpha()]
    if not letters or not set(letters) <= set("abcdef"):
        raise Wrong("not-letters", shown)
    chosen = set(letters)
    accused = {"a": "right-mask-accused", "d": "renormalised-is-fine", "f": "blind-is-no-leak"}
    overlooked = {"b": "late-mask-overlooked", "c": "columns-overlooked", "e": "added-mask-overlooked"}
    for letter, misconception in accused.items():
        if letter in chosen:
            raise Wrong(misconception, shown)
    for letter, misconception in overlooked.items():
        if letter not in chosen:
            raise Wrong(misconception, shown)
    yield "b, c and e leak"
    yield "a, d and f do not"


EXERCISE = Exercise(
    kind="value",
    examine=_check_leaks,
    means="A zero in the weights does not prove that nothing leaks: what a row was divided by counts too. The "
    "influence map looks at what reaches what, by whatever way.",
    hints=(
        "For each version: is there any number in row i that would change if the last token were another one?",
        "A weight is a fraction. The future can sit above the line, as a weight of its own, or below it, in the sum.",
        "In b the sum below the line is taken before the mask; in c it runs down the column, over later queries; in e "
        "nothing becomes −∞.",
    ),
    model_answer="In b the future's weights are 0, but each row was divided by a sum that held their exponentials. In "
    "c the sum runs down a column, over later queries. In e nothing is hidden: a score 1 lower still has a weight. In "
    "a and d nothing of the future is left above or below the line, and f hides even more than it should.",
    variant="Set the explorer to each of the six, and find the one that is no leak and a bug all the same.",
    misconceptions={
        "right-mask-accused": Misconception(
            "a is the right one: −∞ before the softmax, which runs over the keys. Nothing of the future is left in "
            "the row, neither above nor below the line.",
            BEFORE,
        ),
        "renormalised-is-fine": Misconception(
            "d does not leak. It masks late, but then divides each row by what is left of it, and the sum that held "
            "the future cancels: the weights equal those of a.",
            LATE,
        ),
        "blind-is-no-leak": Misconception(
            "f is a bug, but no leak: it hides too much. A token does not see itself, and nothing comes from later "
            "ones.",
            BEFORE,
        ),
        "late-mask-overlooked": Misconception(
            "b leaks. Its zeros are in place, but the softmax had divided each row by a sum over all keys: a later "
            "token changes that sum, and with it every weight of the row.",
            LATE,
        ),
        "columns-overlooked": Misconception(
            "c leaks. Its softmax runs down the columns: a weight is divided by a sum over queries, later ones "
            "included.",
            BEFORE,
        ),
        "added-mask-overlooked": Misconception(
            "e leaks. Adding 1 to some scores hides none of the others: each token still has a weight above 0.", BEFORE
        ),
        "not-letters": Misconception('Answer with letters from a to f in quotes, such as "adf".'),
    },
)
