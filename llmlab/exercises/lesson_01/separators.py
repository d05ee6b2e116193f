"""A prediction of how many `<|endoftext|>` stand between eight letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_whole, name_of
from llmlab.exercises.lesson_01.sections import SPECIAL

_LETTERS = 8


def _boundaries(n: int) -> set[int]:
    """What one may count for `n` pieces: between all, after each, around all; or between those of each letter."""
    return {n - 1, n, n + 1, n - _LETTERS}


def _check_separators(answer: Any) -> Iterator[str]:
    number = int(answer) if isinstance(answer, float) and answer.is_integer() else answer
    if not is_whole(number):
        raise Wrong("not-a-number", f"You answered `{show(answer)}`.")
    if number != _LETTERS - 1:
        ideas = {
            "nothing-to-mark": {0},
            "one-for-all": {1},
            "as-in-the-example": {2},
            "one-each": {_LETTERS, _LETTERS + 1},
            "paragraph-boundaries": _boundaries(20),
            "sentence-boundaries": _boundaries(40),
            "word-boundaries": _boundaries(500),
        }
        idea = name_of(ideas.items(), lambda numbers: number in numbers)
        raise Wrong(idea or "count-again", f"You answered {number}.")
    yield "7, one between each two neighbours"


EXERCISE = Exercise(
    kind="value",
    examine=_check_separators,
    means="Eight documents have seven boundaries between them. Words, sentences and paragraphs are separated by "
    "ordinary tokens.",
    hints=(
        "The name says end of *text*: which of letters, paragraphs, sentences and words are texts of their own?",
        "Packing joins documents that have nothing to do with each other; the separator stands where one ends and the "
        "next begins.",
        "Of three documents it would be two: `first + separator + second + separator + third`.",
    ),
    variant="How many would it be if each document were closed by one, the last as well? Look up which of the two "
    "conventions a library of yours follows.",
    misconceptions={
        "word-boundaries": Misconception(
            "`<|endoftext|>` does not stand between words. It separates documents; where a word ends is seen from its "
            "token, and in GPT-2's case from the space that the next token begins with.",
            SPECIAL,
        ),
        "sentence-boundaries": Misconception(
            "Sentences are closed by full stops, which are ordinary tokens. `<|endoftext|>` separates documents.",
            SPECIAL,
        ),
        "paragraph-boundaries": Misconception(
            "A paragraph ends with line ends, which are ordinary tokens to GPT-2. `<|endoftext|>` separates documents.",
            SPECIAL,
        ),
        "one-each": Misconception(
            "The idea is right: documents count. But `pack` puts a separator *between* two documents, and none after "
            "the last.",
            SPECIAL,
        ),
        "as-in-the-example": Misconception(
            "The example above has two, for its three letters. Here there are eight.", SPECIAL
        ),
        "one-for-all": Misconception(
            "One at the very end would not help: what matters is that the second letter does not continue the first.",
            SPECIAL,
        ),
        "nothing-to-mark": Misconception(
            "Without a separator the second letter would seem to continue the first, and a model would learn to expect "
            "that.",
            SPECIAL,
        ),
        "not-a-number": Misconception("The answer is one whole number."),
        "count-again": Misconception("Count the places where one *document* ends and another begins.", SPECIAL),
    },
)
