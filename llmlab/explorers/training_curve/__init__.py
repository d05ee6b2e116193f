"""The growing curve (lesson 08): a run that is under way, drawn anew at each of its measurements."""

from llmlab.explorers.training_curve.explorer import TrainingCurve

__all__ = ["TrainingCurve"]
