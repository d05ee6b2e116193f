"""A prediction of what a model gives back for one token: how many probabilities, and their sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.lesson_00.common import two_numbers
from llmlab.exercises.lesson_00.sections import AUTOREGRESSION, COMPUTES

_TOKENS, _DIFFERENT = 3832, 1353  # of the story, cut at white space
_PLACES, _FOLLOWERS = 10, 9  # of "piano": where it is followed by something, and by how many different tokens


def _check_what_comes_out(answer: Any) -> Iterator[str]:
    two_numbers(
        answer,
        (_DIFFERENT, 1),
        {
            "total-is-not-one": lambda n, total: n == _DIFFERENT,
            "numbers-swapped": lambda n, total: (n, total) == (1, _DIFFERENT),
            "only-the-next-token": lambda n, total: n == 1,
            "one-for-each-given-token": lambda n, total: n == 2,
            "only-what-was-seen": lambda n, total: n in (_FOLLOWERS, _PLACES),
            "every-token-of-the-text": lambda n, total: n in (_TOKENS, _TOKENS - 1),
            "after-each-given-token": lambda n, total: n == 2 * _DIFFERENT,
            "pairs-counted": lambda n, total: n == _DIFFERENT**2,
        },
    )
    yield "1,353 probabilities, one for each token of the vocabulary"
    yield "their sum is 1"


EXERCISE = Exercise(
    kind="value",
    examine=_check_what_comes_out,
    means="Whatever it is given, a language model answers with one probability for each token of its vocabulary, and "
    "they add up to 1, since exactly one token comes next. Choosing one of them is a separate step.",
    hints=(
        "Which tokens could come next, and which of them can the model write at all?",
        "The model has a probability for every token of its vocabulary, also for those that it never saw after "
        "`piano` (theirs is 0). How many entries has the vocabulary?",
        "The first number is `len(vocabulary)`; the second is the sum of the shares of all cases.",
    ),
    variant="GPT-2 has a vocabulary of 50,257 tokens. How many probabilities does it give for the token after a text "
    "of 1,000 tokens?",
    misconceptions={
        "only-the-next-token": Misconception(
            "1 would be the next token itself. The model does not choose: it gives a probability for each token that "
            "it could write, and choosing comes afterwards.",
            AUTOREGRESSION,
        ),
        "one-for-each-given-token": Misconception(
            "2 is what goes in. The question is about the token that comes next, and each entry of the vocabulary "
            "could be that one.",
            COMPUTES,
        ),
        "after-each-given-token": Misconception(
            "That is one probability for each entry of the vocabulary after `The`, and again after `piano`. You asked "
            "only for the token after the last one.",
            COMPUTES,
        ),
        "only-what-was-seen": Misconception(
            "That is what followed `piano` in the text. The other tokens of the vocabulary have a probability, too; in "
            "this model it is 0.",
            COMPUTES,
        ),
        "every-token-of-the-text": Misconception(
            "That many tokens stand in the text, most of them more than once. The vocabulary holds each different "
            "token once.",
            COMPUTES,
        ),
        "pairs-counted": Misconception(
            "That counts pairs of tokens. The context is given already; only the token after it is open.", COMPUTES
        ),
        "total-is-not-one": Misconception(
            "The number of probabilities is right. Probabilities are shares: exactly one token comes next, so all of "
            "them together are 1.",
            COMPUTES,
        ),
        "numbers-swapped": Misconception(
            "Both numbers are right and have changed places: first how many there are, then their sum.", COMPUTES
        ),
        "not-two-numbers": Misconception("The answer is two numbers: `n_probabilities, total`."),
        "count-again": Misconception(
            "Ask which tokens could come next: each entry of the vocabulary once. Then add up their shares.", COMPUTES
        ),
    },
)
