"""A prediction of which columns of the fused matrix belong to one head."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_row
from llmlab.exercises.lesson_08.sections import FUSED


def _check_columns(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    if not is_row(answer) or len(answer) != 2:
        raise Wrong("not-two-numbers", shown)
    first, last = answer
    if (first, last) != (4, 7):
        named = {
            (4, 8): "slice-end",
            (8, 11): "counted-from-one",
            (8, 12): "counted-from-one",
            (5, 8): "columns-from-one",
            (7, 4): "last-first",
            (3, 5): "heads-and-width-swapped",
            (3, 6): "heads-and-width-swapped",
            (1, 10): "interleaved",
            (0, 11): "all-columns",
            (0, 12): "all-columns",
            (0, 3): "head-zero",
            (0, 4): "head-zero",
        }
        raise Wrong(named.get((first, last), "count-again"), shown)
    yield "columns 4 to 7"


EXERCISE = Exercise(
    kind="value",
    examine=_check_columns,
    means="Stacked heads are one fused head: the small matrices stand side by side in the large one, and cutting its "
    "result into H pieces gives back what each would have given alone. Twelve heads cost no more parameters than one.",
    hints=(
        "How wide is one head, if three share 12 columns?",
        "Side by side means: the first head's columns, all of them, then the second's, then the third's.",
        "Head h has columns h · d_head to (h + 1) · d_head − 1, counted from 0; here h = 1 and d_head = 4.",
    ),
    variant="In `nn.Linear` the weight has shape (out, in). Along which axis would the heads be joined there?",
    misconceptions={
        "slice-end": Misconception(
            "4 is right. 8 is where the slice `[:, 4:8]` ends, and a slice stops before its end: the last column is 7.",
            FUSED,
        ),
        "counted-from-one": Misconception(
            "That is where head 2 lies. Heads are counted from 0: head 1 is the second.", FUSED
        ),
        "columns-from-one": Misconception("Columns are counted from 0: one less, both of them.", FUSED),
        "heads-and-width-swapped": Misconception(
            "You counted with heads 3 wide. It is 3 heads, each 12 // 3 = 4 wide.", FUSED
        ),
        "last-first": Misconception("Those are the two columns, in the wrong order: the first one comes first.", FUSED),
        "interleaved": Misconception(
            "You dealt the columns out like cards, every third one to head 1. They lie side by side: the heads' "
            "matrices were joined, not shuffled.",
            FUSED,
        ),
        "all-columns": Misconception(
            "That is the whole matrix. Its 12 columns belong to the three heads together; each has its own four.", FUSED
        ),
        "head-zero": Misconception("That is where head 0 lies, the first one. Head 1 is the second.", FUSED),
        "not-two-numbers": Misconception("The answer is two numbers: `first_column, last_column`."),
        "count-again": Misconception("Join three matrices of shape (10, 4) side by side and count the columns.", FUSED),
    },
)
