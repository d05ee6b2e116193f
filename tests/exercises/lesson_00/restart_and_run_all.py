"""Answers to "Restart and run all": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "worked-before": "''",
    "order-of-the-page": "'e'",
    "order-of-the-page: with f": "'ef'",
    "deleted-cell": "'a'",
    "deleted-cell: but f": "'af'",
    "one-error-brings-another": "'ae'",
    "these-have-their-names": "'abcdefg'",
    "these-have-their-names: d": "'adef'",
    "these-have-their-names: g": "'aefg'",
    "not-letters": "5",
    "not-letters: words": "'first and sixth'",
}

UNUSUAL = ["'A E F'", "['a', 'e', 'f']", "'fea'", "'a, e, f'"]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "a cell that works only because another cell ran before it": ("worked-before", "order-of-the-page", "deleted-cell")
}

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "worked-before": "'aef'",
    "order-of-the-page": "'a'",
    "deleted-cell": "'ae'",
    "one-error-brings-another": "'af'",
    "these-have-their-names": "'aef'",
    "not-letters": "'E, f, a'",
}
