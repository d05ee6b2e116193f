"""What several checks of lesson 01 share."""

from __future__ import annotations

import random


def a_word(source: random.Random) -> str:
    """A random word, with letters beyond ASCII."""
    return "".join(source.choices("abcdefghijklmnopqrstuvwxyzÄéß", k=source.randint(1, 6)))
