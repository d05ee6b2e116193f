"""Answers to "One number of K": wrong ones by misconception, unusual right ones, near misses."""

from __future__ import annotations

WRONG = {
    "one-score": "(1, 25, 5, 'QKV')",
    "one-score: all one": "(1, 1, 1, 'QKV')",
    "every-score": "(25, 25, 5, 'QKV')",
    "keys-do-not-count": "(0, 0, 0, 'QKV')",
    "query-not-key": "(5, 5, 1, 'QKV')",
    "rows-not-renormalised": "(5, 5, 5, 'QKV')",
    "context-stays": "(5, 25, 0, 'QKV')",
    "context-stays: one row": "(5, 25, 1, 'QKV')",
    "three-data-sets": "(5, 25, 5, 'Q')",
    "three-data-sets: none": "(5, 25, 5, '')",
    "three-data-sets: two": "(5, 25, 5, 'kv')",
    "three-data-sets: none of them": "(5, 25, 5, 'X')",
    "not-the-form": "5",
    "not-the-form: no letters": "(5, 25, 5)",
    "not-the-form: letters apart": "(5, 25, 5, 'Q', 'K', 'V')",
    "count-again": "(5, 10, 5, 'QKV')",
}

UNUSUAL = [
    "[5, 25, 5, 'kvq']",
    "(5.0, 25.0, 5.0, 'Q, K, V')",
    "(5, 25, 5, 'Q, K and V')",
    "(5, 25, 5, 'all three')",
    "(5, 25, 5, ['Q', 'K', 'V'])",
]

NEAR_MISSES = {
    "one-score": "(5, 25, 5, 'K')",
    "every-score": "(5, 25, 25, 'QKV')",
    "keys-do-not-count": "(5, 0, 0, 'QKV')",
    "query-not-key": "(5, 5, 5, 'QKV')",
    "rows-not-renormalised": "(5, 5, 1, 'QKV')",
    "context-stays": "(5, 25, 10, 'QKV')",
    "three-data-sets": "(5, 25, 5, 'q k v')",
    "not-the-form": "(5, 25, 5, ['Q', 'K'])",
    "count-again": "(25, 25, 5, 'QKV')",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"Q, K and V read as three different data sets": ("three-data-sets",)}
