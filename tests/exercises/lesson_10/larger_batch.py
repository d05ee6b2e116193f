"""Answers to "What does a larger batch read?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "read-for-each-text": "(8_000_000, 1_000_000)",
    "read-for-each-text: and for each token": "(8_000_000, 8_000_000)",
    "one-token-for-the-batch": "(1_000_000, 1_000_000)",
    "weights-shared-out": "(125_000, 125_000)",
    "weights-shared-out: twice": "(125_000, 15_625)",
    "grows-with-the-batch": "(1_000_000, 8_000_000)",
    "numbers-swapped": "(125_000, 1_000_000)",
    "not-two-numbers": "1_000_000",
    "not-two-numbers: text": "('1,000,000', '125,000')",
    "count-again": "(1_000_000, 8)",
}

NEAR_MISSES = {
    "read-for-each-text": "(1_000_000, 8_000_000)",
    "one-token-for-the-batch": "(1_000_000, 250_000)",
    "weights-shared-out": "(125_000, 1_000_000)",
    "grows-with-the-batch": "(8_000_000, 1_000_000)",
    "numbers-swapped": "(125_000, 125_000)",
    "not-two-numbers": "(1_000_000, 8)",
    "count-again": "(1_000_000, 1_000_000)",
}

UNUSUAL = ["[1e6, 1e6 / 8]", "torch.tensor([1_000_000, 125_000])", "(10 ** 6, 10 ** 6 // 8)"]
