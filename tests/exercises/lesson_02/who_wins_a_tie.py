"""Answers to "Who wins a tie?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "rules-swapped": "('th', 'no')",
    "one-for-both": "('no', 'no')",
    "one-for-both: the greatest": "('th', 'th')",
    "smallest-taken": "('no', 'hi')",
    "last-taken": "('no', 'ng')",
    "last-taken: for the first": "('ng', 'th')",
    "not-tied": "('no', 'g ')",
    "not-tied: space": "(' n', 'th')",
    "not-two-pairs": "'no'",
    "not-two-pairs: whole words": "('nothing', 'th')",
    "look-again": "('no', 'ot')",
}

UNUSUAL = ["['no', 'th']", "(('n', 'o'), ('t', 'h'))"]

NEAR_MISSES = {
    "rules-swapped": "('th', 'ng')",
    "one-for-both": "('no', 'th ')",
    "smallest-taken": "('hi', 'th')",
    "last-taken": "('in', 'th')",
    "not-tied": "('ot', 'th')",
    "not-two-pairs": "['no', 'hi']",
    "look-again": "('th', 'hi')",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"the merges are unique": ("one-for-both",)}
