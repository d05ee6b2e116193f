"""The bigram model's probabilities, to be written: tried on counts by hand, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import isclose
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import is_number, name_of
from llmlab.exercises.lesson_00 import bigram
from llmlab.exercises.lesson_00.next_token_probabilities_mistakes import FOLLOWERS, IDEAS, VOCABULARY, agree
from llmlab.exercises.lesson_00.sections import COMPUTES, COUNTS

_TOKENS = ("the", "is", "boat")


def _read(result: Any, _: tuple) -> Any:
    """A dictionary as a list of pairs, in plain values."""
    return plain(list(dict.items(result)) if isinstance(result, dict) else result)


def _check_probabilities(next_token_probabilities: Probe) -> Iterator[str]:
    for token in _TOKENS:
        call = f"{next_token_probabilities.name}({token!r}, followers, vocabulary)"
        got = next_token_probabilities(token, FOLLOWERS, VOCABULARY, read=_read, shown=call)
        said = f"With `followers[{token!r}] = {dict(FOLLOWERS[token])}`, `{call}` gave "
        if not _is_a_distribution(got):
            raise Wrong(_not_a_distribution(got), f"{said}`{_spell(got)}`.")
        if not agree(dict(got), bigram.next_token_probabilities(token, FOLLOWERS, VOCABULARY)):
            raise Wrong(_idea(dict(got), token), f"{said}`{_spell(got)}`.")
    yield f"{len(_TOKENS)} tokens by hand, each with one probability for every token of the vocabulary"

    fresh = random.Random()
    for _ in range(20):
        vocabulary = ["".join(fresh.choices("abcdefghij", k=5)) + str(n) for n in range(9)]
        followers = bigram.train([*fresh.choices(vocabulary, k=40), *vocabulary, vocabulary[0]])
        token = fresh.choice(vocabulary)
        got = next_token_probabilities(token, followers, vocabulary, read=_read, shown="random counts", fresh=True)
        right = bigram.next_token_probabilities(token, followers, vocabulary)
        if not (_is_a_distribution(got) and agree(dict(got), right)):
            raise Wrong("tied-to-the-example")
    yield "random counts"


def _is_a_distribution(got: Any) -> bool:
    return (
        isinstance(got, list)
        and all(isinstance(pair, list) and len(pair) == 2 for pair in got)
        and all(isinstance(key, str) and is_number(value) for key, value in got)
    )


def _not_a_distribution(got: Any) -> str:
    if isinstance(got, str):
        return "one-token-chosen"
    pairs = isinstance(got, list) and got and all(isinstance(pair, list) and len(pair) == 2 for pair in got)
    return "not-numbers" if pairs else "not-a-dictionary"


def _idea(got: dict[str, float], token: str) -> str:
    models = ((name, model(token, FOLLOWERS, VOCABULARY)) for name, model in IDEAS.items())
    if (idea := name_of(models, lambda expected: agree(got, expected))) is not None:
        return idea
    others = (bigram.next_token_probabilities(other, FOLLOWERS, VOCABULARY) for other in FOLLOWERS if other != token)
    if any(agree(got, other) for other in others):
        return "another-token"
    if list(got) == VOCABULARY[:1]:
        return "one-entry-only"
    if got.keys() != set(VOCABULARY):
        return "other-tokens"
    right = bigram.next_token_probabilities(token, FOLLOWERS, VOCABULARY)
    if any(got == {key: round(share, digits) for key, share in right.items()} for digits in range(1, 6)):
        return "rounded"
    return "other-shares" if isclose(sum(got.values()), 1, abs_tol=1e-6) else "sum-is-not-one"


def _spell(got: Any) -> str:
    if not _is_a_distribution(got):
        return show(got)
    return "{" + ", ".join(f"{key!r}: {show(value)}" for key, value in got) + "}"


EXERCISE = Exercise(
    kind="function",
    examine=_check_probabilities,
    means="That is all a language model does: what came before goes in, one probability for each token of the "
    "vocabulary comes out. The lesson goes on with yours.",
    hints=(
        "How often was `the` followed by anything at all, and how often by `sea`?",
        "`followers[token]` holds the counts after this token, and its `.total()` is what to divide by. The result has "
        "an entry for each token of `vocabulary`; a `Counter` answers 0 for what it has not counted.",
        "`return {candidate: followers[token][candidate] / followers[token].total() for candidate in vocabulary}`",
    ),
    variant="Add 1 to each count before you divide (*add-one smoothing*), so that no token has probability 0. By what "
    "must you divide now, and what becomes of the text that such a model writes?",
    crashes=(
        Crash(
            "counter-divided",
            "TypeError",
            r"unsupported operand type\(s\) for /=?: '(Counter|dict_values|dict)'",
            "Counts cannot be divided all at once: divide each number by itself, in a loop or a comprehension.",
            COUNTS,
        ),
        Crash(
            "method-not-called",
            "TypeError",
            r"'(method|builtin_function_or_method)'",
            "There is a method that was not called: `counts.total()` has parentheses, as has `counts.values()`.",
            COUNTS,
        ),
        Crash(
            "keys-added-up",
            "TypeError",
            r"unsupported operand type\(s\) for \+: 'int' and 'str'",
            "A number and a token were added. A loop or a `sum` over a dictionary goes over its keys, the tokens: "
            "`.total()` or `sum(counts.values())` adds up the counts.",
            COUNTS,
        ),
        Crash(
            "token-without-followers",
            "KeyError",
            r"^'\w+'$",
            "There is no entry for the token that the error names: `followers` holds only tokens that were followed by "
            "something, a dictionary of your own only what you have put in. You need `followers[token]` alone.",
            COUNTS,
        ),
        Crash(
            "items-forgotten",
            "ValueError",
            r"too many values to unpack|not enough values to unpack",
            "A loop over a dictionary gives its keys; `.items()` gives pairs of key and value.",
        ),
    ),
    misconceptions={
        "counts-not-divided": Misconception(
            "These are the counts. Probabilities are shares of all the places where the token was followed by "
            "something, so that together they are 1.",
            COUNTS,
        ),
        "seen-counts-only": Misconception(
            "These are the counts of what was seen. Two things are missing: dividing them, so that their sum is 1, and "
            "the other tokens of the vocabulary, with 0.",
            COUNTS,
        ),
        "only-seen-followers": Misconception(
            "The shares are right, but only for what was seen. A model answers for each token of its vocabulary; those "
            "that never came have probability 0.",
            COMPUTES,
        ),
        "divided-by-the-whole-text": Misconception(
            "Each count is divided by all pairs of the text. The token is given already, so divide by the number of "
            "places where *it* was followed by something.",
            COUNTS,
        ),
        "divided-by-the-vocabulary": Misconception(
            "Each count is divided by the size of the vocabulary. That does not make the sum 1; divide by the sum of "
            "the counts after this token.",
            COUNTS,
        ),
        "divided-by-different-followers": Misconception(
            "Each count is divided by the number of *different* followers, the length of the `Counter`. The sum of its "
            "counts, `.total()`, makes shares of 1.",
            COUNTS,
        ),
        "divided-by-all-tokens-with-followers": Misconception(
            "Each count is divided by the length of `followers`, the number of tokens that were followed by anything. "
            "Divide by the sum of the counts after this one.",
            COUNTS,
        ),
        "divided-by-the-largest": Misconception(
            "Each count is divided by the largest, so the most frequent follower has 1. Divide by their sum.",
            COUNTS,
        ),
        "each-follower-once": Misconception(
            "All followers got the same share, however often they came. The counts say how often.", COUNTS
        ),
        "all-equal": Misconception(
            "Every token of the vocabulary got the same share, whatever had followed: the counts are not used.", COUNTS
        ),
        "per-cent": Misconception("These are shares of 100. Probabilities are shares of 1.", COMPUTES),
        "rounded-to-whole-numbers": Misconception(
            "All shares came out as whole numbers. If `//` or `int` made them: a share lies between 0 and 1; use `/`.",
            COUNTS,
        ),
        "only-the-largest": Misconception(
            "The most frequent follower got all. Choosing one token is a separate step, which comes later; the model "
            "gives every follower its share.",
            COMPUTES,
        ),
        "one-token-chosen": Misconception(
            "This is one token. The model does not choose: it gives a probability for each token, and choosing comes "
            "afterwards.",
            COMPUTES,
        ),
        "one-added": Misconception(
            "To each count 1 was added. That is a good idea of its own (add-one smoothing, the variant to try next); "
            "this exercise asks for the plain shares.",
            COUNTS,
        ),
        "how-often-anywhere": Misconception(
            "These shares do not depend on the token: they say how often each one follows anything. Look only at what "
            "followed this token.",
            COUNTS,
        ),
        "the-other-way-round": Misconception(
            "These are shares of what came *before* the token. `followers[token][candidate]` says how often the "
            "candidate came after it.",
            COUNTS,
        ),
        "another-token": Misconception(
            "These are the shares after another token. Is the parameter `token` used?", COUNTS
        ),
        "rounded": Misconception(
            "The shares are rounded, so their sum need not be 1. Return them as they are, and round where you print.",
            COUNTS,
        ),
        "one-entry-only": Misconception(
            "Only the first token of the vocabulary has an entry. Does a `return` stand inside the loop?", COMPUTES
        ),
        "other-tokens": Misconception(
            "The result has an entry for each token of `vocabulary`, and no other entry.", COMPUTES
        ),
        "sum-is-not-one": Misconception(
            "These do not add up to 1, so they are no probabilities: divide each count by the sum of all counts after "
            "this token.",
            COUNTS,
        ),
        "other-shares": Misconception(
            "They add up to 1, and they are not the shares of the counts: each count after this token, by their sum.",
            COUNTS,
        ),
        "not-numbers": Misconception(
            "The result is to be a dictionary whose keys are tokens (text) and whose values are numbers.", COMPUTES
        ),
        "not-a-dictionary": Misconception(
            "The result is to be a dictionary: for each token of the vocabulary, its probability.", COMPUTES
        ),
        "tied-to-the-example": Misconception(
            "The examples hold, and random counts do not. Is a token or a number of the example in the code, or a "
            "global `followers` or `vocabulary`? The function gets its own.",
            COUNTS,
        ),
    },
)
