"""What several checks of lesson 01 share."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Misconception, Wrong, show


def a_word(source: random.Random) -> str:
    """A random word, with letters beyond ASCII."""
    return "".join(source.choices("abcdefghijklmnopqrstuvwxyzÄéß", k=source.randint(1, 6)))


def a_letter(answer: Any) -> Any:
    """The letter of a choice, however it is written: "(B)", "b.", " b "."""
    return answer.strip(" ().:").lower() if isinstance(answer, str) else answer


def choice(answer: Any, right: str, wrong: dict[str, str], held: str) -> Iterator[str]:
    """Raise `Wrong` unless the letter is the right one; `wrong` names the idea behind each other option."""
    letter = a_letter(answer)
    if letter != right:
        misconception = wrong.get(letter, "not-an-option") if isinstance(letter, str) else "not-an-option"
        raise Wrong(misconception, f"You answered `{show(answer)}`.")
    yield held


NOT_AN_OPTION = Misconception('Answer with the letter of an option in quotes: "a", "b", "c" or "d".')
