"""The training replay (lesson 11): eight recorded runs, step by step, and the question which bug made a curve.

The runs are real: tools/record_training_runs.py trains the same small GPT eight times on the toy world, each time with
one thing wrong, or with nothing. What is wrong is not shown: the learner names it, and the explorer marks the step that
speaks for it or against it. The learner's learning-rate schedule, where there is one, is drawn over the recorded rates.
"""

from llmlab.explorers.training_replay.explorer import TrainingReplay
from llmlab.explorers.training_replay.picture import describe, render
from llmlab.explorers.training_replay.recorded import Runs, recorded_runs
from llmlab.explorers.training_replay.values import ReplayTrace, compute

__all__ = ["ReplayTrace", "Runs", "TrainingReplay", "compute", "describe", "recorded_runs", "render"]
