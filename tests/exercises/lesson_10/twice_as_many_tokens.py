"""Answers to "Twice as many tokens": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "length-is-free": "(1, 1, 1)",
    "length-is-free: with parameters": "(2, 1, 1)",
    "parameters-grow": "(2, 2, 4)",
    "parameters-grow: all": "(2, 2, 2)",
    "scores-only-double": "(1, 2, 2)",
    "all-grow-with-the-square": "(1, 4, 4)",
    "the-two-swapped": "(1, 4, 2)",
    "linear-layers-free": "(1, 1, 4)",
    "linear-layers-free: twice": "[1, 1, 2]",
    "factors-not-increases": "(0, 1, 3)",
    "factors-not-increases: or so": "(0, 2, 4)",
    "count-the-products": "(1, 2, 8)",
    "not-three-numbers": "(1, 2)",
    "not-three-numbers: words": "('same', 'double', 'four times')",
}

NEAR_MISSES = {
    "length-is-free": "(1, 1, 4)",
    "parameters-grow": "(1, 2, 2)",
    "scores-only-double": "(1, 2, 3)",
    "all-grow-with-the-square": "(1, 4, 2)",
    "the-two-swapped": "(1, 4, 4)",
    "linear-layers-free": "(1, 1, 1)",
    "factors-not-increases": "(1, 1, 3)",
    "count-the-products": "(1, 4, 2)",
    "not-three-numbers": "(1, 2, 8)",
}

UNUSUAL = [
    "[1, 2, 4]",
    "torch.tensor([1, 2, 4])",
    "(1.0, 2.0, 4.0)",
    "[__import__('decimal').Decimal(2) ** n for n in range(3)]",
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "a forward pass costs the same for one token as for a full context": (
        "length-is-free",
        "linear-layers-free",
        "scores-only-double",
    )
}
