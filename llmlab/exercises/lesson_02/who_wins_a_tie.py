"""A prediction of which of six tied pairs is merged, by each of two rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_02.sections import TIES

_TIED_TEXT = "nothing nothing"


def _check_ties(answer: Any) -> Iterator[str]:
    if isinstance(answer, list) and len(answer) == 2:
        answer = [
            "".join(one) if isinstance(one, list) and all(isinstance(x, str) for x in one) else one for one in answer
        ]
    if not (
        isinstance(answer, list) and len(answer) == 2 and all(isinstance(one, str) and len(one) == 2 for one in answer)
    ):
        raise Wrong("not-two-pairs", f"You answered `{show(answer)}`.")
    first, greatest = answer
    if (first, greatest) != ("no", "th"):
        shown = f"You answered `{show(first)}` for the first, `{show(greatest)}` for the greatest."
        raise Wrong(_ties_misconception(first, greatest), shown)
    yield "no is the first of the tied pairs"
    yield "th is the greatest"


def _ties_misconception(first: str, greatest: str) -> str:
    tied = {"no", "ot", "th", "hi", "in", "ng"}
    if (first, greatest) == ("th", "no"):
        return "rules-swapped"
    if not {first, greatest} <= tied:
        return "not-tied"
    if first == greatest:
        return "one-for-both"
    if greatest == "hi":
        return "smallest-taken"
    if first == "ng" or greatest == "ng":
        return "last-taken"
    return "look-again"


EXERCISE = Exercise(
    kind="value",
    examine=_check_ties,
    means="Six pairs occur twice. The first in the text is `no`; the greatest, the last in an alphabetical list, is "
    "`th`. Two trainers that are both right learn different merges.",
    hints=(
        "List the pairs of letters in the order of the text: which of them occur twice?",
        "'first' reads the text from the left. 'lexicographic' compares the pairs as words in an alphabetical list and "
        "takes the one that comes last there.",
        "In the order of the text: no, ot, th, hi, in, ng. In an alphabetical list: hi, in, ng, no, ot, th.",
    ),
    variant="What if the smallest pair won? Run the two trainers below it with a text of your own and look for ties.",
    misconceptions={
        "rules-swapped": Misconception("Both pairs are right and have changed places.", TIES),
        "one-for-both": Misconception(
            "The two rules pick different pairs here. That is the point: the counts alone do not decide which merge is "
            "learned.",
            TIES,
        ),
        "smallest-taken": Misconception(
            "`hi` is the smallest of the six, the first in an alphabetical list. The rule takes the greatest.", TIES
        ),
        "last-taken": Misconception(
            "`ng` is the last of the six in the text. 'first' starts from the left, and 'lexicographic' does not look "
            "at places.",
            TIES,
        ),
        "not-tied": Misconception(
            "One of these pairs is not among the most frequent ones. Six pairs occur twice: those inside `nothing`. "
            "The pairs with the space occur once.",
            TIES,
        ),
        "not-two-pairs": Misconception('The answer is two pairs of letters in quotes, for example `"ab", "cd"`.', TIES),
        "look-again": Misconception(
            "Both pairs are tied, but at least one is not the winner. List the six in the order of the text, and once "
            "more in alphabetical order.",
            TIES,
        ),
    },
)
