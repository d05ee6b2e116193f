"""Answers to "Which rows move?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "every-row": "list(range(7))",
    "every-row: counted from one": "list(range(1, 8))",
    "untouched-rows": "[1, 3, 4, 6]",
    "no-row-moves": "[]",
    "places-for-ids": "[0, 1]",
    "places-for-ids: flat": "[0, 1, 2, 3]",
    "only-once": "[0, 2]",
    "only-twice": "[5]",
    "counted-from-one": "[1, 3, 6]",
    "not-rows": "'two and five'",
    "not-rows: a mask": "[True, False, True, False, False, True, False]",
    "count-again": "[0, 2, 5, 6]",
    "count-again: the first window": "[2, 5]",
}

UNUSUAL = ["(5, 2, 0)", "torch.tensor([[2, 5], [5, 0]])", "[0.0, 2.0, 5.0]"]

NEAR_MISSES = {
    "every-row": "list(range(6))",
    "untouched-rows": "[1, 3, 4]",
    "no-row-moves": "[[]]",
    "places-for-ids": "[1, 2]",
    "only-once": "[0]",
    "only-twice": "[5, 2]",
    "counted-from-one": "[1, 3]",
    "not-rows": "[0, 2, 5]",
    "count-again": "{5: 2, 2: 1, 0: 1}",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"an embedding layer encodes something, and all of its rows are trained": ("every-row",)}
