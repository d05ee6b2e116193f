"""The growing curve (lesson 11): a run that is under way, drawn anew at each of its measurements.

    curve = TrainingCurve(steps=500, goal=1.7)
    display(curve)
    train(model, loader, config, validation=validation, on_evaluation=curve.update)

The kernel is busy while it trains, but what it sends is shown at once: so the picture grows, and its axis can be
changed meanwhile. It is drawn with the chart of the training replay, whose healthy run goes along as a ghost.
"""

from llmlab.explorers.training_curve.explorer import TrainingCurve
from llmlab.explorers.training_curve.picture import describe, render
from llmlab.explorers.training_curve.values import CurveTrace, compute

__all__ = ["CurveTrace", "TrainingCurve", "compute", "describe", "render"]
