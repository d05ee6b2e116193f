"""Answers to "A special token in somebody's text": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "always-special": "'a'",
    "taken-for-plain-text": "'b'",
    "silently-removed": "'D'",
    "not-an-option": "50256",
}

UNUSUAL = ["'C'", "' (c) '"]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "always-special": WRONG["taken-for-plain-text"],
    "taken-for-plain-text": WRONG["always-special"],
    "silently-removed": "'(c)'",
    "not-an-option": "'c:'",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"special tokens are taken for plain text": ("taken-for-plain-text", "always-special")}
