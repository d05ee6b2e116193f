"""Answers to "What does <|endoftext|> separate?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "word-boundaries": "499",
    "word-boundaries: after each": "500",
    "sentence-boundaries": "40",
    "paragraph-boundaries": "20",
    "as-in-the-example": "2",
    "one-each": "8",
    "one-each: at both ends as well": "9",
    "one-for-all": "1",
    "nothing-to-mark": "0",
    "not-a-number": "'two'",
    "count-again": "17",
}

UNUSUAL = ["7.0", "torch.tensor(7)"]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"<|endoftext|> marks the boundaries of words": ("word-boundaries",)}
