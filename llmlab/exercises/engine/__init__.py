"""What an exercise is, how an answer is called, how a result looks; knows no lesson."""

from llmlab.exercises.engine.exercise import Exercise, Misconception, Result
from llmlab.exercises.engine.probes import Opaque, Probe, Raised, Wrong, plain, shorten, show

__all__ = ["Exercise", "Misconception", "Opaque", "Probe", "Raised", "Result", "Wrong", "plain", "shorten", "show"]
