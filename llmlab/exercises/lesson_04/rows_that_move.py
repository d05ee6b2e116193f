"""A prediction of which rows of the table one training step moves."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from operator import eq
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import faces, is_number, name_of
from llmlab.exercises.lesson_04.sections import MOVES


def _check_rows_that_move(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    rows = answer if isinstance(answer, list) else [answer]
    rows = [row for item in rows for row in (item if isinstance(item, list) else [item])]
    if answer == []:
        raise Wrong("no-row-moves", shown)
    # A mask of seven True and False holds numbers too, as Python counts.
    if not rows or not all(map(is_number, rows)):
        raise Wrong("not-rows", shown)
    found = set(rows)
    ideas = {
        "every-row": [set(range(7)), set(range(1, 8))],
        "untouched-rows": [{1, 3, 4, 6}],
        "places-for-ids": [{0, 1}, {0, 1, 2, 3}],
        "only-once": [{0, 2}],
        "only-twice": [{5}],
        "counted-from-one": [{1, 3, 6}],
    }
    if found != {0, 2, 5}:
        raise Wrong(name_of(faces(ideas), partial(eq, found)) or "count-again", shown)
    yield "rows 0, 2 and 5"


EXERCISE = Exercise(
    kind="value",
    examine=_check_rows_that_move,
    means="Only rows that were looked up get gradient; row 5, looked up twice, gets two shares. The others stay as "
    "they were drawn.",
    hints=(
        "In the product one-hot times matrix, by what is row 6 of the matrix multiplied?",
        "A row that is multiplied by zeros has no part in the result, so changing it changes nothing: its gradient is "
        "zero.",
        "The ids that occur in the batch, each once: 0, 2 and 5.",
    ),
    variant="AdamW also shrinks every weight a little each step. Which rows move then?",
    misconceptions={
        "every-row": Misconception(
            "The loss depends only on the rows that were looked up. The others are multiplied by zeros: their "
            "gradient is zero, and plain gradient descent leaves them where they are.",
            MOVES,
        ),
        "untouched-rows": Misconception("Those are the rows that stay: the ones that were not looked up.", MOVES),
        "no-row-moves": Misconception(
            "An empty list says that no row moves. The loss depends on the rows that were looked up, so these get a "
            "gradient and move.",
            MOVES,
        ),
        "places-for-ids": Misconception(
            "Those are places in the batch. What is looked up is the row with the number of the id that stands there.",
            MOVES,
        ),
        "only-once": Misconception("Row 5 is looked up twice. Its two shares are added up; they do not cancel.", MOVES),
        "only-twice": Misconception("Once is enough: ids 0 and 2 are looked up too.", MOVES),
        "counted-from-one": Misconception(
            "Each number is one too high: ids and rows are both counted from 0, so id 2 looks up row 2.", MOVES
        ),
        "not-rows": Misconception("The answer is a list of row numbers, such as `[1, 4]`."),
        "count-again": Misconception("List the different ids of the batch: those rows are looked up.", MOVES),
    },
)
