"""How an exercise is found by its id.

A lesson is a folder `lesson_NN`, whose `EXERCISES` names its modules in order, each with its title: the first is NN.1.
A module holds one `EXERCISE` and is imported when that is asked for, so that a prediction needs no PyTorch. In a
notebook of the first edition the ids are those of then: `editions`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from functools import cache
from pathlib import Path

from llmlab.exercises.engine.editions import FIRST, GONE
from llmlab.exercises.engine.exercise import Exercise
from llmlab.utils.edition import CURRENT, edition

_EXERCISES = Path(__file__).resolve().parents[1]
_LOADED: dict[str, Exercise] = {}


class UnknownExercise(KeyError):
    """There is no such exercise; the message lists those that there are."""

    def __str__(self) -> str:  # KeyError would put the sentence in quotes
        return self.args[0]


def exercise(exercise_id: str) -> Exercise:
    """The exercise with this id, for example `exercise("03.2")`; always the same object in one kernel.

    In a notebook of the first edition the id is translated, and a line says so.

    Raises:
        TypeError: the id is not a str.
        UnknownExercise: a KeyError; there is no such exercise, or not any more.
        ModuleNotFoundError: its check needs PyTorch, which is not installed.

    >>> exercise("03.2").title
    'Write the windows'
    """
    if not isinstance(exercise_id, str):
        raise TypeError(f'an exercise id is text such as "03.2", got {exercise_id!r}: put it in quotes')
    if edition() == CURRENT:
        return _load(exercise_id)
    now = todays_id(exercise_id)
    if now != exercise_id:
        print(f"Exercise {exercise_id} of the first edition is {now} today.")
    return _load(now)


def _load(exercise_id: str) -> Exercise:
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


def todays_id(first_id: str) -> str:
    """What an exercise of the first edition is called today.

    Raises:
        UnknownExercise: the first edition had no such exercise, or its task is no longer in the course.

    >>> todays_id("04.5")
    '05.1'
    """
    if first_id in GONE:
        raise UnknownExercise(
            f"exercise {first_id} of the first edition is no longer in the course. Go on in the notebooks of today, "
            "which `llmlab lab` opens."
        )
    if first_id not in FIRST:
        raise UnknownExercise(f"the first edition, which this notebook belongs to, had no exercise {first_id!r}")
    lesson, wanted = FIRST[first_id]
    return next(id for id, (module, _) in listed(lesson).items() if module == wanted)


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


@cache
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


def listed_in_notebook(lesson: str) -> dict[str, tuple[str, str]]:
    """As `listed`; in a notebook of the first edition those of its lesson of then, under the ids of today.

    Raises:
        UnknownExercise: there are no exercises for that lesson.
    """
    if edition() == CURRENT:
        return listed(lesson)
    ids = [todays_id(id) for id in FIRST if id.startswith(f"{lesson}.") and id not in GONE]
    if not ids:
        raise UnknownExercise(f"the first edition, which this notebook belongs to, had no lesson {lesson!r}")
    return {id: listed(id.partition(".")[0])[id] for id in ids}


def of_lesson(lesson: str) -> tuple[Exercise, ...]:
    """All exercises of a lesson, in order.

    Raises:
        UnknownExercise: there are no exercises for that lesson.
    """
    return tuple(map(_load, listed(lesson)))
