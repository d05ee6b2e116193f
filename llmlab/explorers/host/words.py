"""How numbers and texts are written in pictures and sentences."""

from __future__ import annotations


def plural(number: int, one: str, many: str = "") -> str:
    """A number and its noun: 1 token, 2 tokens; `many` where the plural is not made with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def three_digits(number: float) -> str:
    """A number from 1 to 1,000 in three digits (1.23, 12.3, 123), a larger one in whole thousands and ones."""
    return f"{number:,.{2 if number < 9.995 else 1 if number < 99.95 else 0}f}"


def visible(text: str) -> str:
    """Text with white space that can be seen: a space as a raised dot, a line end and a tab as arrows. Not escaped."""
    return text.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥")


def printable(text: str) -> str:
    """Text with control characters by name, also those that would turn the page's own text round. Not escaped."""
    return "".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text)
