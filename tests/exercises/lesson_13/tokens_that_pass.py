"""Answers to "How many tokens pass": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "the-two-swapped": "(8, 26)",
    "one-pass-too-many": "(35, 9)",
    "one-pass-too-many: with a cache": "(26, 9)",
    "one-pass-too-many: each step reads its own token": "(30, 8)",
    "new-tokens-forgotten": "(20, 8)",
    "nothing-again": "(9, 5)",
    "prompt-is-free": "(26, 4)",
    "not-two-numbers": "26",
    "not-two-numbers: words": "('many', 'few')",
    "count-again": "(27, 7)",
}

UNUSUAL = ["[26, 8]", "torch.tensor([26, 8])", "(5 + 6 + 7 + 8, 5 + 3 * 1)", "(26.0, 8.0)"]
