"""Answers to "Which of these is the vocabulary?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "encoded-corpus": "'a'",
    "order-of-appearance": "'(B)'",
    "counts": "'d'",
    "not-an-option": "4",
    "not-an-option: other letter": "'e'",
    "not-an-option: the dictionary": "{'be': 0, 'not': 1, 'or': 2, 'to': 3}",
}

UNUSUAL = ["'C'", "'(c)'", "'c.'"]

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "encoded-corpus": "'b'",
    "order-of-appearance": "'c'",
    "counts": "'a'",
    "not-an-option": "' C '",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"the vocabulary is the list of ids in the order of the text": ("encoded-corpus",)}
