"""A choice: what the permutation test says of masked attention without positions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.engine.answers import NOT_AN_OPTION, choice
from llmlab.exercises.lesson_05.sections import MASK, ORDER


def _check_with_a_mask(answer: Any) -> Iterator[str]:
    wrong = {"a": "mask-changes-nothing", "b": "mean-of-other-rows", "d": "mask-adds-positions"}
    return choice(answer, "c", wrong, "c, neither: the place of a row decides what it may mix")


EXERCISE = Exercise(
    kind="value",
    examine=_check_with_a_mask,
    means="Attention is blind to order only without a mask. A causal model can learn order even without positions; the "
    "cell below shows from which layer on.",
    model_answer="The first row sees itself alone, the last row all. After a shuffle the same token stands at another "
    "place, mixes other rows, and gets another result: the results are not the old ones in a new order.",
    hints=(
        "Which rows does the first row mix, and which does the last?",
        "Equivariant means: a token gets the same result wherever it stands. Take the token of the first place, which "
        "sees itself alone, and move it to the end.",
        "It then mixes all rows: another result for the same token. That is neither.",
    ),
    variant="With a mask, which row of a single layer keeps its result when all the other rows are shuffled?",
    misconceptions={
        "mask-changes-nothing": Misconception(
            "No position is added, true. But which weights the mask takes away depends on where a row stands: the same "
            "token mixes other rows at another place.",
            MASK,
        ),
        "mean-of-other-rows": Misconception(
            "Every row gets a mean, but each row a mean of other rows: the first of itself alone, the last of all. "
            "Invariant would be a result that does not change at all.",
            ORDER,
        ),
        "mask-adds-positions": Misconception(
            "Neither is right, the reason is not: a mask adds nothing to a vector. It says which rows a row may mix.",
            MASK,
        ),
        "not-an-option": NOT_AN_OPTION,
    },
)
