"""The counts by hand on which `next_token_probabilities` is tried, and what wrong ideas make of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import isclose

from llmlab.exercises.lesson_00 import bigram

VOCABULARY = ["boat", "cold", "grey", "is", "late", "rain", "sea", "the"]
FOLLOWERS = {
    "the": Counter(sea=4, boat=2),
    "sea": Counter({"is": 3}),
    "boat": Counter({"is": 1}),
    "is": Counter(grey=2, cold=1, late=1, the=1),
    "late": Counter(the=1),
}


Model = Callable[[str, Mapping[str, Counter], list[str]], dict[str, float]]


def _shares(token: str, followers: Mapping[str, Counter], vocabulary: list[str], total: float) -> dict[str, float]:
    return {candidate: followers[token][candidate] / total for candidate in vocabulary}


def _of_the_other_way(token: str, followers: Mapping[str, Counter], vocabulary: list[str]) -> dict[str, float]:
    before = {candidate: followers.get(candidate, Counter())[token] for candidate in vocabulary}
    total = sum(before.values()) or 1
    return {candidate: count / total for candidate, count in before.items()}


# What each idea gives; where two give the same, the first is said.
IDEAS: dict[str, Model] = {
    "counts-not-divided": lambda t, f, v: _shares(t, f, v, 1),
    "only-seen-followers": lambda t, f, v: {c: n / f[t].total() for c, n in f[t].items()},
    "divided-by-the-whole-text": lambda t, f, v: _shares(t, f, v, sum(counts.total() for counts in f.values())),
    "divided-by-the-vocabulary": lambda t, f, v: _shares(t, f, v, len(v)),
    "divided-by-different-followers": lambda t, f, v: _shares(t, f, v, len(f[t])),
    "divided-by-all-tokens-with-followers": lambda t, f, v: _shares(t, f, v, len(f)),
    "divided-by-the-largest": lambda t, f, v: _shares(t, f, v, max(f[t].values())),
    "each-follower-once": lambda t, f, v: {c: (c in f[t]) / len(f[t]) for c in v},
    "all-equal": lambda t, f, v: dict.fromkeys(v, 1 / len(v)),
    "per-cent": lambda t, f, v: _shares(t, f, v, f[t].total() / 100),
    "rounded-to-whole-numbers": lambda t, f, v: {c: f[t][c] // f[t].total() for c in v},
    "only-the-largest": lambda t, f, v: {c: float(c == max(f[t], key=f[t].__getitem__)) for c in v},
    "one-added": lambda t, f, v: {c: (f[t][c] + 1) / (f[t].total() + len(v)) for c in v},
    "how-often-anywhere": lambda t, f, v: bigram.next_token_probabilities("", {"": sum(f.values(), Counter())}, v),
    "the-other-way-round": _of_the_other_way,
    "seen-counts-only": lambda t, f, v: dict(f[t]),
}


def agree(got: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    """Whether two answers have the same tokens and, but for rounding in float32, the same probabilities."""
    return got.keys() == expected.keys() and all(isclose(got[key], expected[key], abs_tol=1e-6) for key in expected)
