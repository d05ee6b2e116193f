"""The recorded runs of the training replay, as tools/record_training_runs.py has written them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).with_name("training_replay.npz")
EVERY, WARMUP, FINAL_SHARE = 10, 20, 0.1  # steps between measurements; the schedule of the runs
NOTHING = "nothing"  # what is wrong with the healthy run


@dataclass(frozen=True)
class Run:
    """One whole run of S steps, measured M times.

    Attributes:
        loss, rate, norm: (S,) of each step: the batch's loss, the learning rate, the gradient before clipping.
        validation: (M,) after every `EVERY` steps.
    """

    loss: np.ndarray
    rate: np.ndarray
    norm: np.ndarray
    validation: np.ndarray

    @property
    def measured(self) -> tuple[tuple[int, float], ...]:
        """Pairs (steps done, validation loss)."""
        return tuple((EVERY * number, value) for number, value in enumerate(self.validation.tolist(), 1))


@dataclass(frozen=True)
class Runs:
    """The recording: R runs of S steps, measured M times.

    Attributes:
        causes: (R,) what is wrong.
        loss, rate, norm: (R, S) of each step: the batch's loss, the learning rate, the gradient before clipping.
        validation: (R, M) after every `EVERY` steps.
        samples: (R, M) a text that the model wrote then.
        highest: (R,) the learning rate after the warm-up.
    """

    causes: tuple[str, ...]
    loss: np.ndarray
    rate: np.ndarray
    norm: np.ndarray
    validation: np.ndarray
    samples: np.ndarray
    highest: np.ndarray

    @property
    def letters(self) -> tuple[str, ...]:
        return tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(self.causes)])

    @property
    def healthy(self) -> int:
        """The row of the run with which nothing is wrong."""
        return self.causes.index(NOTHING)

    def run(self, row: int) -> Run:
        return Run(self.loss[row], self.rate[row], self.norm[row], self.validation[row])


@cache
def recorded_runs() -> Runs:
    """The runs that the replay brings along: the same numbers on every machine."""
    with np.load(RECORDED) as file:
        arrays = {name: file[name] for name in ("loss", "rate", "norm", "validation", "samples", "highest")}
        return Runs(causes=tuple(file["causes"].tolist()), **arrays)
