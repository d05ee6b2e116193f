"""tools/repeat_checks.py, which checks every answer 200 times, finds a verdict that changes.

That each answer gets the same verdict and words twice is asked in test_right_and_wrong.py.
"""

from __future__ import annotations

import random

import pytest
from repeat_checks import changes

from llmlab.exercises.engine import Wrong
from tests.exercises import learners
from tests.exercises.answers import WRONG
from tests.exercises.learners import EXERCISES
from tests.exercises.test_crashes import an_exercise


def test_steady_answers_are_nothing_to_tell_of():
    assert list(changes("03.2", 3)) == []


@pytest.fixture
def undecided(monkeypatch):
    """Put an exercise in the place of 03.2, with one right and one wrong answer."""

    def put(examine):
        one = an_exercise(examine=examine, misconceptions=EXERCISES["03.2"].misconceptions)
        one.id = "03.2"
        monkeypatch.setitem(learners.EXERCISES, "03.2", one)
        for name in list(WRONG["03.2"])[1:]:
            monkeypatch.delitem(WRONG["03.2"], name)
        for corpus in ("UNUSUAL", "CRASHES", "NEAR_MISSES"):
            monkeypatch.setitem(getattr(__import__("repeat_checks"), corpus), "03.2", {})
        return list(changes("03.2", 40))

    return put


def test_a_verdict_that_changes_is_found(undecided):
    def examine(probe):
        if random.SystemRandom().random() < 0.5:
            raise Wrong("target-not-shifted")
        yield "sometimes"

    found = undecided(examine)
    assert len(found) == 2 and "times passed" in found[0] and "times failed as target-not-shifted" in found[0]


def test_a_message_that_changes_is_found(undecided):
    def examine(probe):
        raise Wrong("target-not-shifted", f"It gave {random.SystemRandom().random()}.")
        yield

    found = undecided(examine)
    assert "03.2 the solution: always failed as target-not-shifted, not passed" in found
    assert any("40 different messages, such as 'It gave 0." in line for line in found)


def test_steady_and_wrong_is_found(undecided):
    def examine(probe):
        yield "anything"

    assert undecided(examine) == ["03.2 target-not-shifted: always passed, not failed as target-not-shifted"]
