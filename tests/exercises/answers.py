"""The answers of all exercises, by id: `WRONG`, `UNUSUAL`, `NEAR_MISSES`, `CRASHES` and `KNOWN_MISTAKES`.

An exercise `llmlab/exercises/lesson_03/make_windows.py` has its answers in `tests/exercises/lesson_03/make_windows.py`:

    WRONG       {misconception: source}; where one has several faces, the key names the face after a colon
    UNUSUAL     sources that must pass
    NEAR_MISSES {misconception: source}: what looks like it and is not it, so that it passes or fails for another
                reason; faces as in WRONG. Where another wrong answer is the near miss: `WRONG["its name"]`
    CRASHES     {crash: source}: natural slips that stop with an error; a crash of the exercise, or a common one
    KNOWN_MISTAKES, where there are any: {a mistake known from elsewhere: the misconceptions that name it}

A source is the student's cell, or for a choice or a prediction an expression.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from llmlab.exercises.engine.catalogue import lessons, listed


def answers() -> dict[str, ModuleType]:
    return {
        id: import_module(f"tests.exercises.lesson_{lesson}.{name}")
        for lesson in lessons()
        for id, (name, _) in listed(lesson).items()
    }


WRONG: dict[str, dict[str, str]] = {id: module.WRONG for id, module in answers().items()}
UNUSUAL: dict[str, list[str]] = {id: module.UNUSUAL for id, module in answers().items()}
NEAR_MISSES: dict[str, dict[str, str]] = {id: getattr(module, "NEAR_MISSES", {}) for id, module in answers().items()}
CRASHES: dict[str, dict[str, str]] = {id: getattr(module, "CRASHES", {}) for id, module in answers().items()}
KNOWN_MISTAKES: dict[str, list[tuple[str, str]]] = {}
for _id, _module in answers().items():
    for _mistake, _names in getattr(_module, "KNOWN_MISTAKES", {}).items():
        KNOWN_MISTAKES.setdefault(_mistake, []).extend((_id, name) for name in _names)
