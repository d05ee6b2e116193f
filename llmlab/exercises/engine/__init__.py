"""What an exercise is, how an answer is called, how a result looks; knows no lesson.

What the checks of several lessons ask of an answer: `answers`, and with PyTorch `tensors`.
"""

from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.exercise import Exercise
from llmlab.exercises.engine.probes import Probe
from llmlab.exercises.engine.result import Misconception, Result
from llmlab.exercises.engine.values import Opaque, plain, shorten, show
from llmlab.exercises.engine.verdicts import Raised, Wrong

__all__ = [
    "Crash",
    "Exercise",
    "Misconception",
    "Opaque",
    "Probe",
    "Raised",
    "Result",
    "Wrong",
    "plain",
    "shorten",
    "show",
]
