"""The training replay (lesson 08): eight recorded runs, step by step, and the question which bug made a curve."""

from llmlab.explorers.training_replay.explorer import TrainingReplay

__all__ = ["TrainingReplay"]
