"""Answers to "With a mask, without positions": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "mask-changes-nothing": "'a'",
    "mean-of-other-rows": "'b'",
    "mask-adds-positions": "'d'",
    "not-an-option": "'neither'",
}

UNUSUAL = ["'C'", "' (c) '"]

NEAR_MISSES = {
    "mask-changes-nothing": "'aa'",
    "mean-of-other-rows": "'equivariant'",
    "mask-adds-positions": "'c'",
    "not-an-option": "'A.'",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"attention called permutation invariant": ("mean-of-other-rows",)}
