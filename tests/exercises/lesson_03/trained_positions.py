"""Answers to "How many predictions does a batch train?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "one-loss-one-prediction": "'a'",
    "batch-adds-nothing": "'(B)'",
    "only-the-last-position": "'c'",
    "not-an-option": "32",
    "not-an-option: other letter": "'e'",
}

UNUSUAL = ["'D'", "'(d)'", "'d.'"]

NEAR_MISSES = {
    "one-loss-one-prediction": "'1'",
    "batch-adds-nothing": "'c'",
    "only-the-last-position": "8",
    "not-an-option": "' d '",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"only the last position of a window is trained": ("only-the-last-position",)}
