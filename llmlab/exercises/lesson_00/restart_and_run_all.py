"""A prediction of which cells fail when the notebook starts from nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_00.common import letters_of
from llmlab.exercises.lesson_00.sections import NOTHING


def _check_failing(answer: Any) -> Iterator[str]:
    letters = letters_of(answer)
    shown = f"You answered `{show(answer)}`."
    if letters is None or set(letters) - set("abcdefg"):
        raise Wrong("not-letters", shown)
    found = set(letters)
    if not found:
        raise Wrong("worked-before", shown)
    if found & set("bcdg"):
        raise Wrong("these-have-their-names", shown)
    if "a" not in found:
        raise Wrong("order-of-the-page", shown)
    if "e" not in found:
        raise Wrong("deleted-cell", shown)
    if "f" not in found:
        raise Wrong("one-error-brings-another", shown)
    yield "a, e and f"


EXERCISE = Exercise(
    kind="value",
    examine=_check_failing,
    means="A name exists if a cell *above* makes it. What an earlier run has left behind in the kernel does not count.",
    hints=(
        "For each cell, which names does it use, and does a cell above it make them?",
        "The numbers in brackets are the past. After a restart only the order on the page counts, and what was deleted "
        "is gone.",
        "a stands above all that it uses; rate was made by the deleted cell; and what the failing cell e should have "
        "made is missing afterwards.",
    ),
    variant="Restart the kernel of a notebook of your own from last month and run all cells. If something fails, which "
    "of the three reasons is it?",
    misconceptions={
        "worked-before": Misconception(
            "It worked because of what earlier cells had left in the kernel. A restart forgets all of it.",
            NOTHING,
        ),
        "order-of-the-page": Misconception(
            "Cell a stands first on the page, so it now runs before the cells that make `F`, `model`, `inputs` and "
            "`targets`. Its number, 4, is the past.",
            NOTHING,
        ),
        "deleted-cell": Misconception(
            "No cell on the page makes `rate`: the one that did was deleted. Cell e used what was left of it in the "
            "kernel.",
            NOTHING,
        ),
        "one-error-brings-another": Misconception(
            "Cell e fails, so it makes no `optimizer`; a cell below that needs it fails too.", NOTHING
        ),
        "these-have-their-names": Misconception(
            "One of the cells that you name finds everything: b and c import, d uses `nn` and `torch` from above it, "
            "and g uses `torch`. An error in another cell does not take these names away.",
            NOTHING,
        ),
        "not-letters": Misconception("The answer is one text with letters from a to g, such as `'bcd'`.", NOTHING),
    },
)
