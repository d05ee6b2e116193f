"""A prediction of the parameters that a layer of experts holds, and of those that one token goes through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception
from llmlab.exercises.lesson_00.common import two_numbers
from llmlab.exercises.lesson_14.sections import EXPERTS, GATE

_D, _INNER, _EXPERTS, _CHOSEN = 10, 20, 6, 2
_ONE, _ROUTER = 3 * _D * _INNER, _D * _EXPERTS
HELD, USED = _EXPERTS * _ONE + _ROUTER, _CHOSEN * _ONE + _ROUTER
_NARROW = 2 * _D * _INNER  # an expert without a gate
_WITHOUT_GATES = (
    (_EXPERTS * _NARROW + _ROUTER, _CHOSEN * _NARROW + _ROUTER),
    (_EXPERTS * _NARROW, _CHOSEN * _NARROW),
)


def _check_held_and_used(answer: Any) -> Iterator[str]:
    two_numbers(
        answer,
        (HELD, USED),
        {
            "numbers-swapped": lambda held, used: (held, used) == (USED, HELD),
            "router-forgotten": lambda held, used: (held, used) == (HELD - _ROUTER, USED - _ROUTER),
            "router-not-used": lambda held, used: (held, used) == (HELD, USED - _ROUTER),
            "router-shared-out": lambda held, used: (held, used) == (HELD, USED - _ROUTER + _CHOSEN * _D),
            "two-matrices": lambda held, used: (held, used) in _WITHOUT_GATES,
            "all-are-used": lambda held, used: held == used == HELD,
            "one-is-used": lambda held, used: held == HELD and used in (_ONE, _ONE + _ROUTER),
        },
    )
    yield "six experts of 600 and a router of 60 are held"
    yield "two experts and the whole router are used"


EXERCISE = Exercise(
    kind="value",
    examine=_check_held_and_used,
    means="A token needs the whole router, to choose, and then two of the six experts. So a layer can hold much more "
    "than a token costs.",
    hints=(
        "How many matrices has one expert with a gate, and how many numbers has each?",
        "One expert has 3 · 10 · 20 numbers, the router 10 · 6. What does a token multiply with before it knows which "
        "experts it gets?",
        "Held: 6 · 600 + 60. Used: 2 · 600 + 60.",
    ),
    variant="How many experts could the layer hold if it may be ten times as large, and what would a token then use?",
    misconceptions={
        "router-forgotten": Misconception(
            "The experts are counted rightly. The router is missing: a matrix of 10 · 6 numbers.", EXPERTS
        ),
        "router-not-used": Misconception(
            "What is held is right. A token also goes through the router: without it nobody knows its experts.", EXPERTS
        ),
        "router-shared-out": Misconception(
            "What is held is right. Of the router a token uses all columns: each gives a logit, and only then two are "
            "chosen.",
            EXPERTS,
        ),
        "two-matrices": Misconception(
            "Two matrices were counted for each expert. With a gate there are three: gate, expand and contract.", GATE
        ),
        "all-are-used": Misconception(
            "What is held is right. A token goes through two of the experts, not through all.", EXPERTS
        ),
        "one-is-used": Misconception("What is held is right. A token goes through two experts, not one.", EXPERTS),
        "numbers-swapped": Misconception("Both are right and have changed places: first what is held.", EXPERTS),
        "not-two-numbers": Misconception("The answer is two numbers: `held, used`."),
        "count-again": Misconception(
            "Count again: an expert has three matrices between widths of 10 and 20, the router one of 10 by 6; all six "
            "experts are held, two are used.",
            EXPERTS,
        ),
    },
)
