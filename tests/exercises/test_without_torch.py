"""Where PyTorch is not installed: predictions, choices and functions that only count are checked as anywhere else."""

from __future__ import annotations

import json

import pytest

from llmlab.exercises.engine.catalogue import lessons, listed
from llmlab.exercises.engine.sources import sources
from tests.core.test_without_torch import without_torch
from tests.exercises.answers import WRONG
from tests.exercises.learners import EXERCISES, FUNCTIONS

COUNTING = (
    "00.2",
    "00.3",
    "01.1",
    "01.3",
    "01.5",
    "02.1",
    "02.2",
    "02.3",
    "02.5",
    "03.2",
    "03.4",
    "10.1",
    "10.2",
    "10.4",
    "11.3",
    "13.3",
    "15.1",
    "15.2",
    "16.2",
    "16.5",
)
CHECKED = [id for id in EXERCISES if id not in FUNCTIONS or id in COUNTING]
COMPUTING = [id for id in FUNCTIONS if id not in COUNTING]


def a_wrong_answer(id: str) -> tuple[str, str]:
    """The first of the corpus that needs no PyTorch itself."""
    return next((name, source) for name, source in WRONG[id].items() if "torch" not in source)


SCRIPT = """
import json, sys
from llmlab.exercises import exercise, progress
from tests.exercises.cells import define

found = {}
for id, (solution, wrong) in ANSWERS.items():
    one = exercise(id)
    closed = repr(one.solution())
    first = one.check(define(wrong) if one.kind == "function" else eval(wrong))
    before = progress(id[:2])
    second = one.check(define(solution))
    found[id] = {
        "wrong": [first.status, first.misconception],
        "right": second.status,
        "hint": one.hint().text,
        "closed": closed,
        "open": repr(one.solution()),
        "passed": progress(id[:2]).passed - before.passed,
    }
found["progress"] = {number: [list(state) for state in progress(number).states] for number in LESSONS}
for id in COMPUTING:
    try:
        exercise(id)
        found[id] = "no error"
    except ModuleNotFoundError as error:
        found[id] = error.name
found["loaded"] = "torch" in sys.modules
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found() -> dict:
    answers = {id: (sources()[id]["solution"], a_wrong_answer(id)[1]) for id in CHECKED}
    given = f"ANSWERS = {answers!r}\nLESSONS = {lessons()!r}\nCOMPUTING = {COMPUTING!r}\n"
    return json.loads(without_torch(given + SCRIPT))


@pytest.mark.parametrize("id", CHECKED)
def test_an_answer_is_checked(found, id):
    assert found[id]["wrong"] == ["failed", a_wrong_answer(id)[0].partition(":")[0]]
    assert found[id]["right"] == "passed"
    assert found[id]["passed"] == 1


@pytest.mark.parametrize("id", CHECKED)
def test_hint_and_solution_are_there(found, id):
    assert found[id]["hint"] == EXERCISES[id].hints[0]
    assert sources()[id]["solution"] in found[id]["open"]
    assert sources()[id]["solution"] not in found[id]["closed"]


@pytest.mark.parametrize("number", lessons())
def test_progress_lists_every_exercise(found, number):
    states = [(id, title, "passed" if id in CHECKED else "not_attempted") for id, (_, title) in listed(number).items()]
    assert [tuple(state) for state in found["progress"][number]] == states


@pytest.mark.parametrize("id", COMPUTING)
def test_an_exercise_that_computes_names_what_is_missing(found, id):
    assert found[id] == "torch"


def test_pytorch_was_hidden(found):
    assert found["loaded"] is False
