"""Answers to "How often does the model run?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "one-pass-a-prediction": "(7, 6)",
    "one-pass-a-prediction: tokens of the sentence": "(8, 6)",
    "one-pass-a-prediction: as in writing": "(6, 6)",
    "one-pass-a-prediction: of two sentences": "(14, 6)",
    "all-written-at-once": "(1, 1)",
    "prompt-counted": "(1, 8)",
    "prompt-counted: all but one": "(1, 7)",
    "last-token-forgotten": "(1, 5)",
    "two-passes-a-step": "(2, 6)",
    "numbers-swapped": "(6, 1)",
    "numbers-swapped: the window": "(7, 1)",
    "not-two-numbers": "'once'",
    "not-two-numbers: one number": "[6]",
    "count-again": "(1, 2)",
    "count-again: none": "(0, 0)",
}

UNUSUAL = ["[1, 6]", "torch.tensor([1, 6])", "(7 // 7, 6.0)", "(1, __import__('fractions').Fraction(6))"]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "one-pass-a-prediction": "(9, 6)",
    "all-written-at-once": "(6, 6)",
    "prompt-counted": "(1, 2)",
    "last-token-forgotten": "(2, 5)",
    "two-passes-a-step": "(3, 6)",
    "numbers-swapped": "(6, 2)",
    "not-two-numbers": UNUSUAL[1],
    "count-again": WRONG["two-passes-a-step"],
}
