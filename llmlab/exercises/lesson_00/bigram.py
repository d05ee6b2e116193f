"""The bigram model of lesson 00, as its exercises ask for it: what answers are compared with.

It also stands in where the lesson goes on and an exercise is still to be written.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

Probabilities = dict[str, float]


def train(tokens: Iterable[str]) -> dict[str, Counter[str]]:
    """For each token that is followed by something: how often by which token.

    >>> train("the sea is grey . the sea is cold .".split())["is"]
    Counter({'grey': 1, 'cold': 1})
    """
    followers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for token, following in pairwise(tokens):
        followers[token][following] += 1
    return dict(followers)


def next_token_probabilities(
    token: str, followers: Mapping[str, Counter[str]], vocabulary: Sequence[str]
) -> Probabilities:
    """The probability of each token of the vocabulary to come after `token`, which must have been followed.

    >>> next_token_probabilities("the", {"the": Counter(sea=3, boat=1)}, ["boat", "grey", "sea"])
    {'boat': 0.25, 'grey': 0.0, 'sea': 0.75}
    """
    counts = followers[token]
    total = counts.total()
    return {candidate: counts[candidate] / total for candidate in vocabulary}


def generate(
    prompt: Sequence[str],
    n_tokens: int,
    predict: Callable[[str], Probabilities],
    choose: Callable[[Probabilities], str],
) -> list[str]:
    """The tokens of the prompt and `n_tokens` more, each chosen from what `predict` says after the last one.

    >>> generate(["a"], 3, {"a": {"b": 1.0}, "b": {"a": 1.0}}.get, lambda after: max(after, key=after.get))
    ['a', 'b', 'a', 'b']
    """
    written = list(prompt)
    for _ in range(n_tokens):
        written.append(choose(predict(written[-1])))
    return written
