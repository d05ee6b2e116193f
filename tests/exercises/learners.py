"""What a learner hands to a check: the cell or expression of an answer, run as a notebook would run it."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

import torch

from llmlab.exercises import Exercise
from llmlab.exercises.engine.catalogue import lessons, of_lesson

EXERCISES = {one.id: one for lesson in lessons() for one in of_lesson(lesson)}
FUNCTIONS = [id for id, one in EXERCISES.items() if one.kind == "function"]


def fresh(exercise_id: str) -> Exercise:
    """A copy that remembers nothing, so that tests do not depend on each other."""
    return replace(EXERCISES[exercise_id])


def define(source: str) -> Any:
    """What a cell leaves for its check: the last function it defines, or the values that it assigns."""
    namespace: dict[str, Any] = {"torch": torch}
    exec(compile(source, "<a learner's cell>", "exec", dont_inherit=True), namespace)
    last = ast.parse(source).body[-1]
    if isinstance(last, ast.FunctionDef):
        return namespace[last.name]
    names = [node.id for node in ast.walk(last) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    values = tuple(namespace[name] for name in names)
    return values[0] if len(values) == 1 else values


def answer(exercise_id: str, source: str) -> Any:
    """An answer of the corpus: a cell with a function, or an expression."""
    return define(source) if EXERCISES[exercise_id].kind == "function" else eval(source, {"torch": torch})
