"""Exercises that answer back: `exercise("03.2").check(make_windows)` and `progress("03")`.

A check says what it saw on a small example and which idea is probably behind it, rather than right or wrong alone.
Nothing is stored outside the running kernel and nothing is sent anywhere.
"""

from llmlab.exercises.engine.exercise import Exercise, Progress, Result, UnknownExercise, exercise, progress

__all__ = ["Exercise", "Progress", "Result", "UnknownExercise", "exercise", "progress"]
