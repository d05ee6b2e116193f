"""Answers to "Where is a head in the fused matrix?": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "slice-end": "(4, 8)",
    "counted-from-one": "(8, 11)",
    "columns-from-one": "(5, 8)",
    "heads-and-width-swapped": "(3, 5)",
    "heads-and-width-swapped: with the slice's end": "(3, 6)",
    "last-first": "(7, 4)",
    "interleaved": "(1, 10)",
    "all-columns": "(0, 11)",
    "head-zero": "[0, 3]",
    "not-two-numbers": "[4, 5, 6, 7]",
    "not-two-numbers: a text": "'4:8'",
    "count-again": "(5, 7)",
}

NEAR_MISSES = {
    "slice-end": "(4, 9)",
    "counted-from-one": "(8, 10)",
    "columns-from-one": "(5, 9)",
    "heads-and-width-swapped": "(3, 7)",
    "last-first": "(8, 4)",
    "interleaved": "(1, 11)",
    "all-columns": "(0, 10)",
    "head-zero": "(0, 5)",
    "not-two-numbers": "(4.0, 7.0)",
    "count-again": "(4, 7)",
}

UNUSUAL = ["[4, 7]", "torch.tensor([4, 7])", "(4.0, 7.0)"]
