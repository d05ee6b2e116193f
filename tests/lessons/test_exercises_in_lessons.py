"""Lessons and exercises agree: titles, sections, and cells that drive an explorer with a learner's function.

Such a cell asserts what is seen there, so that it fails with a wrong answer and holds with a right one. What a cell
needs stands as `DRIVEN` beside the answers of its exercise, `tests/exercises/lesson_NN/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import llmlab.explorers as explorers
from llmlab.exercises.engine.catalogue import lessons, of_lesson
from tests.exercises.answers import UNUSUAL, WRONG, answers
from tests.exercises.learners import EXERCISES, define
from tests.lessons.shared import Lesson, quiet


@dataclass(frozen=True)
class Driven:
    """Cells that drive an explorer with the answer to an exercise.

    Attributes:
        explorer: its class.
        parts: what stands in the cells.
        unseen: wrong answers that the explorer cannot show. In all of them a function that returns None counts as not
            written, and what a function changes is a copy.
        raises: what the cells may raise beside AssertionError.
        names: what they need beside the explorer and the learner's function.
    """

    explorer: str
    parts: tuple[str, ...]
    unseen: frozenset[str]
    raises: tuple[type[Exception], ...]
    names: dict[str, Any] = field(default_factory=dict)


DRIVEN = {id: Driven(**module.DRIVEN) for id, module in answers().items() if hasattr(module, "DRIVEN")}
WRONG_CASES = [(id, name, source) for id in DRIVEN for name, source in WRONG[id].items()]


def drive(id: str, function: Callable) -> None:
    """Run the cells with a learner's function under the name that the exercise gives it."""
    driven = DRIVEN[id]
    names = {driven.explorer: getattr(explorers, driven.explorer), "print": quiet} | driven.names
    exec("import torch", names)
    names[function.__name__] = function
    for part in driven.parts:
        exec(Lesson(id[:2]).cell(part).source, names)


@pytest.mark.parametrize(("id", "name", "source"), WRONG_CASES, ids=[f"{id}-{name}" for id, name, _ in WRONG_CASES])
def test_a_wrong_answer_fails_the_lessons_assertion(id, name, source):
    driven, function = DRIVEN[id], define(source)
    if {name, name.partition(":")[0]} & driven.unseen:
        drive(id, function)
    else:
        with pytest.raises((AssertionError, *driven.raises)):
            drive(id, function)


@pytest.mark.parametrize(("id", "source"), [(id, source) for id in DRIVEN for source in UNUSUAL[id]])
def test_an_unusual_right_answer_holds(id, source):
    drive(id, define(source))


def test_a_cell_runs_before_its_exercise_is_solved():
    def attend(q, k, v):
        return ...

    drive("06.2", attend)


@pytest.mark.parametrize("number", lessons())
def test_sections_named_by_misconceptions_stand_in_the_lesson(number):
    named = {idea.section for one in of_lesson(number) for idea in one.misconceptions.values()} - {""}
    headings = re.findall(r"^# ###? (.+)$", Lesson(number).source, flags=re.MULTILINE)
    assert named and named <= set(headings)


@pytest.mark.parametrize("id", EXERCISES)
def test_titles_agree_with_the_headings_of_the_lesson(id):
    title, source = EXERCISES[id].title.replace("`", ""), Lesson(id[:2]).source.replace("`", "")
    assert f"\n# ### Exercise {id} · {title}\n" in source
