"""What a learner hands to a check: the cell or expression of an answer, run as a notebook would run it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import torch

from llmlab.exercises import Exercise
from llmlab.exercises.engine.catalogue import lessons, listed, of_lesson
from tests.exercises import cells

EXERCISES = {one.id: one for lesson in lessons() for one in of_lesson(lesson)}
FUNCTIONS = [id for id, one in EXERCISES.items() if one.kind == "function"]
BY_NAME = {name: id for lesson in lessons() for id, (name, _) in listed(lesson).items()}  # module -> id of today


def fresh(exercise_id: str) -> Exercise:
    """A copy that remembers nothing, so that tests do not depend on each other."""
    return replace(EXERCISES[exercise_id])


define = partial(cells.define, torch=torch)


def answer(exercise_id: str, source: str) -> Any:
    """An answer of the corpus: a cell with a function, or an expression."""
    return define(source) if EXERCISES[exercise_id].kind == "function" else eval(source, {"torch": torch})
