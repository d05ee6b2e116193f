"""Exercises that answer back: `exercise("03.2").check(make_windows)` and `progress("03")`.

A check says what it saw on a small example and which idea is probably behind it, rather than right or wrong alone.
What was tried and passed is kept in one file on this machine, for `progress` and `llmlab progress`; nothing is sent
anywhere.
"""

from llmlab.exercises.engine.catalogue import UnknownExercise, exercise
from llmlab.exercises.engine.exercise import Exercise
from llmlab.exercises.engine.progress import Progress, progress
from llmlab.exercises.engine.result import Result

__all__ = ["Exercise", "Progress", "Result", "UnknownExercise", "exercise", "progress"]
