"""How an exercise is found by its id.

A lesson is a folder `lesson_NN`, whose `EXERCISES` names its modules in order, each with its title: the first is NN.1.
A module holds one `EXERCISE` and is imported when that is asked for, so that a prediction needs no PyTorch.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

from llmlab.exercises.engine.exercise import Exercise

_EXERCISES = Path(__file__).resolve().parents[1]
_LOADED: dict[str, Exercise] = {}


class UnknownExercise(KeyError):
    """There is no such exercise; the message lists those that there are."""

    def __str__(self) -> str:  # KeyError would put the sentence in quotes
        return self.args[0]


def exercise(exercise_id: str) -> Exercise:
    """The exercise with this id, for example `exercise("03.2")`; always the same object in one kernel.

    Raises:
        TypeError: the id is not a str.
        UnknownExercise: a KeyError; there is no such exercise.
        ModuleNotFoundError: its check needs PyTorch, which is not installed.

    >>> exercise("03.2").title
    'Write the windows'
    """
    if not isinstance(exercise_id, str):
        raise TypeError(f'an exercise id is text such as "03.2", got {exercise_id!r}: put it in quotes')
    lesson, _, _ = exercise_id.partition(".")
    there = listed(lesson)
    if exercise_id not in there:
        raise UnknownExercise(f"there is no exercise {exercise_id!r}: lesson {lesson} has {', '.join(there)}")
    if exercise_id not in _LOADED:
        module, title = there[exercise_id]
        one = importlib.import_module(f"llmlab.exercises.lesson_{lesson}.{module}").EXERCISE
        one.id, one.title = exercise_id, title
        _LOADED[exercise_id] = one
    return _LOADED[exercise_id]


def loaded(exercise_id: str) -> Exercise | None:
    """The exercise if it has been asked for in this kernel: one that has not, cannot have been attempted."""
    return _LOADED.get(exercise_id)


def lessons() -> list[str]:
    """Numbers of the lessons that have exercises.

    >>> "03" in lessons()
    True
    """
    names = (module.name for module in pkgutil.iter_modules([str(_EXERCISES)]))
    return sorted(name.removeprefix("lesson_") for name in names if re.fullmatch(r"lesson_\d\d", name))


def listed(lesson: str) -> dict[str, tuple[str, str]]:
    """For each exercise of a lesson, in order, the name of its module and its title; no exercise is loaded for it.

    Raises:
        UnknownExercise: there are no exercises for that lesson.

    >>> listed("03")["03.2"]
    ('make_windows', 'Write the windows')
    """
    if lesson not in lessons():
        raise UnknownExercise(f"there is no lesson {lesson!r} with exercises: there are {', '.join(lessons())}")
    entries = importlib.import_module(f"llmlab.exercises.lesson_{lesson}").EXERCISES
    return {f"{lesson}.{number}": entry for number, entry in enumerate(entries.items(), start=1)}


def of_lesson(lesson: str) -> tuple[Exercise, ...]:
    """All exercises of a lesson, in order.

    Raises:
        UnknownExercise: there are no exercises for that lesson.
    """
    return tuple(map(exercise, listed(lesson)))
