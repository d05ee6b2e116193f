"""The learning rate of each update (Loshchilov and Hutter 2017); needs no PyTorch."""

from __future__ import annotations

import math

from llmlab.training.config import TrainConfig


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """The learning rate of update number `step`, counted from 0: up in a straight line, then down along a cosine.

    >>> config = TrainConfig(steps=100, learning_rate=1.0, warmup_steps=10, final_learning_rate=0.1)
    >>> [round(learning_rate_at(step, config), 2) for step in (0, 9, 10, 54, 99)]
    [0.1, 1.0, 1.0, 0.56, 0.1]

    Raises:
        ValueError: the step is below 0.
    """
    if step < 0:
        raise ValueError(f"step must be at least 0, got {step}: the first update is number 0")
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    way = (step - config.warmup_steps) / max(1, config.steps - 1 - config.warmup_steps)  # from 0 to 1
    share = config.final_learning_rate + (1 - config.final_learning_rate) * (1 + math.cos(math.pi * min(1, way))) / 2
    return config.learning_rate * share
