"""A prediction of which scores, weights and context rows change with one number of K."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_06.sections import CONTEXT, MOVES, QKV


def _check_prediction(answer: Any) -> Iterator[str]:
    if not (
        isinstance(answer, list)
        and len(answer) == 4
        and all(isinstance(count, int | float) for count in answer[:3])
        and isinstance(letters := _joined(answer[3]), str)
    ):
        raise Wrong("not-the-form", f"You answered `{show(answer)}`.")
    scores, weights, rows = answer[:3]
    shown = f"You answered: scores {show(scores)}, weights {show(weights)}, rows of the context {show(rows)}."
    if (scores, weights, rows) != (5, 25, 5):
        raise Wrong(_moved_misconception(scores, weights, rows), shown)
    yield "a column of scores, all weights, all rows of the context"
    words = re.findall("[A-Z]+", letters.upper())
    found = set("".join(word for word in words if set(word) <= set("QKV")))  # "Q, K and V" as well as "QKV"
    if found != {"Q", "K", "V"} and "ALL" not in words:
        raise Wrong("three-data-sets", f"You answered {show(letters)} for the change of X.")
    yield "Q, K and V"


def _joined(letters: Any) -> Any:
    """A list of letters as one text; anything else as it is."""
    if isinstance(letters, list) and all(isinstance(letter, str) for letter in letters):
        return " ".join(letters)
    return letters


def _moved_misconception(scores: float, weights: float, rows: float) -> str:
    if scores == 1:
        return "one-score"
    if scores == 25:
        return "every-score"
    if scores == 0:
        return "keys-do-not-count"
    if (scores, weights, rows) == (5, 5, 1):
        return "query-not-key"
    if (scores, weights) == (5, 5):
        return "rows-not-renormalised"
    if (scores, weights) == (5, 25) and rows < 5:
        return "context-stays"
    return "count-again"


EXERCISE = Exercise(
    kind="value",
    examine=_check_prediction,
    means="A key is heard by every query, and a row that has to sum to 1 passes each change on to all its weights.",
    hints=(
        "Which scores have the key of token 2 in them? And which numbers does one row of the softmax depend on?",
        "The key of token 2 meets all five queries: column 2 of the scores. In each row one score changed, so the sum "
        "below the line changed, for all weights of that row.",
        "5 scores, 25 weights, and each of the 5 context vectors is a mixture with new weights. X is the input of all "
        "three products, so a row of Q, one of K and one of V change.",
    ),
    model_answer="The key of token 2 stands in column 2 of the scores, one score for each of the five queries. Each "
    "row has one score that changed, so its sum changed, and with it all five weights: 25. Each context vector is a "
    "mixture with a row of new weights: 5. X is multiplied by all three matrices, so one row of each of Q, K and V "
    "changes.",
    variant="The same questions for one number of Q, and for one of V. The bench below answers them.",
    misconceptions={
        "one-score": Misconception(
            "A key is compared with every query, not only with its own token's: five scores contain it.", MOVES
        ),
        "every-score": Misconception(
            "Only the scores that contain the key of token 2 can change, one in each row. The others are dot products "
            "of rows that were not touched.",
            MOVES,
        ),
        "keys-do-not-count": Misconception(
            "A score is the dot product of a query with a key: change the key, and it changes.", QKV
        ),
        "query-not-key": Misconception(
            "That is what a number of Q does: one query, one row. A key stands in a column, and all queries meet it.",
            MOVES,
        ),
        "rows-not-renormalised": Misconception(
            "One score in each row changes, but each row has to sum to 1 again: what one key gains, all the others "
            "lose. So all weights change.",
            MOVES,
        ),
        "context-stays": Misconception(
            "The values stay, but a context vector is made of weights *and* values. Where the weights of a row change, "
            "its mixture changes.",
            CONTEXT,
        ),
        "three-data-sets": Misconception(
            "A change of X reaches all three: Q, K and V are not three sets of data but three projections of the same "
            "X.",
            QKV,
        ),
        "not-the-form": Misconception('Answer with three numbers and the letters in quotes, as in (1, 2, 3, "Q").'),
        "count-again": Misconception(
            "Count again, step by step: which scores contain that key, which rows contain such a score, which context "
            "vectors use such a row?",
            MOVES,
        ),
    },
)
