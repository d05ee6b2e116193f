"""Answers to "Find three leaks": wrong ones by misconception, unusual right ones, near misses."""

from __future__ import annotations

WRONG = {
    "right-mask-accused": "'abc'",
    "renormalised-is-fine": "'bcd'",
    "blind-is-no-leak": "'bcf'",
    "late-mask-overlooked": "'ce'",
    "columns-overlooked": "'be'",
    "added-mask-overlooked": "['b', 'c']",
    "not-letters": "3",
    "not-letters: others": "'xyz'",
}

UNUSUAL = ["'B, C and E'", "['e', 'c', 'b']", "('b', 'c', 'e')"]

NEAR_MISSES = {
    "right-mask-accused": "'bcd'",
    "renormalised-is-fine": "'bcf'",
    "blind-is-no-leak": "'bc'",
    "late-mask-overlooked": "'bce'",
    "columns-overlooked": "'bc'",
    "added-mask-overlooked": "'ce'",
    "not-letters": "'b c e'",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "masking after softmax without renormalising, or adding a 0/1 mask to the scores": (
        "late-mask-overlooked",
        "added-mask-overlooked",
    )
}
