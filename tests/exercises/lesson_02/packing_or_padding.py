"""Answers to "Packing or padding?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "filled-with-the-separator": "'a'",
    "separator-ends-windows": "'(C)'",
    "padding-is-trained": "'d'",
    "not-an-option": "'packing'",
    "not-an-option: a number": "2",
}

UNUSUAL = ["'B'", "'(b)'", "'b.'"]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "padding, packing and the separator are confused": (
        "filled-with-the-separator",
        "separator-ends-windows",
        "padding-is-trained",
    )
}
