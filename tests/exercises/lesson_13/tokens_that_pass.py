"""Answers to "How many tokens pass": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "the-two-swapped": "(8, 26)",
    "first-too-many": "(35, 9)",
    "first-too-many: each step reads its own token": "(30, 8)",
    "second-too-many": "(26, 9)",
    "new-tokens-forgotten": "(20, 8)",
    "new-tokens-forgotten: five times": "(25, 5)",
    "nothing-again": "(9, 9)",
    "nothing-again: only the prompt": "(5, 5)",
    "prompt-is-free": "(26, 4)",
    "not-two-numbers": "26",
    "not-two-numbers: words": "('many', 'few')",
    "first-again": "(27, 7)",
    "second-again": "(26, 7)",
}

UNUSUAL = ["[26, 8]", "torch.tensor([26, 8])", "(5 + 6 + 7 + 8, 5 + 3 * 1)", "(26.0, 8.0)"]

NEAR_MISSES = {
    "the-two-swapped": "(8, 25)",
    "first-too-many": "(26, 9)",
    "second-too-many": "(9, 9)",
    "new-tokens-forgotten": "(26, 20)",
    "nothing-again": "(26, 5)",
    "prompt-is-free": "(20, 4)",
    "not-two-numbers": "(26.5, 8)",
    "first-again": "(26, 27)",
    "second-again": "(27, 8)",
}
