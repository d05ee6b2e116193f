"""Answers to "What is left after two cuts?": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "not-renormalised-between": "(3, 0.5)",
    "not-renormalised-between: nor at the end": "(3, 0.4)",
    "not-renormalised": "(2, 0.4)",
    "renormalised-after-top-k-only": "(2, 0.43)",
    "top-p-ignored": "(4, 0.43)",
    "top-p-ignored: not divided": "(4, 0.4)",
    "last-token-left-out": "(1, 1)",
    "last-token-left-out: not divided": "(1, 0.4)",
    "the-two-swapped": "(0.62, 2)",
    "not-two-numbers": "2",
    "not-two-numbers: words": "('two', 'most')",
    "count-again": "(2, 0.7)",
    "count-again: percent": "(2, 62)",
}

UNUSUAL = ["[2, 0.615]", "(2, 0.40 / 0.65)", "(2.0, 0.61)", "torch.tensor([2, 0.62])"]

NEAR_MISSES = {
    "not-renormalised-between": "(3, 0.62)",
    "not-renormalised": "(2, 0.25)",
    "renormalised-after-top-k-only": "(2, 0.47)",
    "top-p-ignored": "(4, 0.62)",
    "last-token-left-out": "(1, 0.62)",
    "the-two-swapped": "(0.5, 2)",
    "not-two-numbers": "(2, 0.7)",
    "count-again": "(2, 0.4)",
}
