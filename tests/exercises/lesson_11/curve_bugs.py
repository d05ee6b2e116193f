"""Answers to "Which bug made this curve?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "too-good-to-be-true": "'cbea'",
    "copying": "'cbba'",
    "copying: a softmax": "'abca'",
    "only-the-batches-read": "'ceda'",
    "two-curves-part": "'cada'",
    "slow-or-on-a-floor": "'abdc'",
    "slow-or-on-a-floor: both": "'cbdc'",
    "slow-or-on-a-floor: the other one": "'abda'",
    "nothing-is-healthy": "'cbde'",
    "nothing-is-healthy: W": "'ebda'",
    "not-four-letters": "'cbd'",
    "not-four-letters: numbers": "(3, 2, 4, 1)",
    "not-four-letters: others": "'wxyz'",
}

UNUSUAL = ["'C B D A'", "list('cbda')", "('c', 'b', 'd', 'a')", "'c, b, d, a'"]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"probabilities given to a loss that wants logits": ("slow-or-on-a-floor",)}
