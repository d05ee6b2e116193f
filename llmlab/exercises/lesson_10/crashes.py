"""What stops the functions of lesson 10, which get whole numbers and only count."""

from __future__ import annotations

from llmlab.exercises.engine import Crash

COUNTING_CRASHES = (
    Crash(
        "missing-star",
        "TypeError",
        "'(int|float|bool)' object is not callable",
        "Between a number and a bracket a `*` is missing: in Python `4(D + 1)` calls the number 4 as if it were a "
        "function.",
    ),
    Crash(
        "number-has-no-shape",
        "AttributeError",
        "'(int|bool)' object has no attribute '(?P<name>[^']+)'",
        "What the function gets are whole numbers and switches, and they have no `{name}`: nothing is built here, only "
        "counted.",
    ),
)
