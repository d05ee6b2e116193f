"""Answers to "Which bug made this curve?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "too-good-to-be-true": "'cbea'",
    "not-by-heart": "'cbba'",
    "below-the-floor": "'abca'",
    "below-the-floor: in the order of the list": "'abcd'",
    "too-low-for-a-low-rate": "'cbae'",
    "only-the-batches-read": "'ceda'",
    "two-curves-part": "'cada'",
    "two-curves-part: a softmax": "'ccda'",
    "still-without-a-gradient": "'abdc'",
    "still-without-a-gradient: both slow": "'abda'",
    "falls-with-a-gradient": "'cbdc'",
    "no-curves-part": "'bbda'",
    "no-curves-part: Z": "'cbdb'",
    "no-copy": "'dbda'",
    "no-copy: Z": "'cbdd'",
    "nothing-is-healthy": "'cbde'",
    "nothing-is-healthy: W": "'ebda'",
    "not-four-letters": "'cbd'",
    "not-four-letters: numbers": "(3, 2, 4, 1)",
    "not-four-letters: others": "'wxyz'",
}

NEAR_MISSES = {
    "too-good-to-be-true": "'cbba'",
    "not-by-heart": "'cbca'",
    "below-the-floor": "'cbaa'",
    "too-low-for-a-low-rate": "'aeda'",
    "only-the-batches-read": "'cada'",
    "two-curves-part": "'ceda'",
    "still-without-a-gradient": "'cbdc'",
    "falls-with-a-gradient": "'abda'",
    "no-curves-part": "'dbda'",
    "no-copy": "'bbda'",
    "nothing-is-healthy": "'cbea'",
    "not-four-letters": "'eeee'",
}

UNUSUAL = ["'C B D A'", "list('cbda')", "('c', 'b', 'd', 'a')", "'c, b, d, a'"]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"probabilities given to a loss that wants logits": ("still-without-a-gradient",)}
