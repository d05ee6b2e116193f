"""Answers to "What does the table say?": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "from-toy-to-all": "'a'",
    "within-the-spread": "'b'",
    "no-difference-seen-is-none": "'d'",
    "not-an-option": "'rotary'",
}

UNUSUAL = ["'C'", "' (c) '"]

NEAR_MISSES = {
    "from-toy-to-all": "'b'",
    "within-the-spread": "'bb'",
    "no-difference-seen-is-none": "'c'",
    "not-an-option": "'A.'",
}
