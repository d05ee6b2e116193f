"""The values of the training replay: one recorded run up to one step, and what each cause looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmlab.explorers.host.learner import is_written
from llmlab.explorers.training_replay.evidence import Evidence, judge
from llmlab.explorers.training_replay.recorded import EVERY, FINAL_SHARE, NOTHING, WARMUP, Run, Runs, recorded_runs

NOT_YET = "not yet"

# What each cause looks like, and why. The keys are those of the recording.
SIGNS = {
    "too little text": (
        "the loss of the batches goes to nearly 0 while the validation loss turns up",
        "The model reads the same few sentences again and again and learns them by heart: overfitting. More text, or "
        "stop at the lowest validation loss.",
    ),
    "learning rate too low": (
        "the loss falls smoothly, and after 240 steps it is still high",
        "Nothing is wrong with the code: each step is forty times too short. The chart of the learning rate shows it.",
    ),
    "softmax before the loss": (
        "loss and validation loss stop a little below ln V, most gradients are tiny, and the sample repeats a word",
        "The loss takes a softmax of its own. Once the one before it is sure of a token, hardly any gradient comes "
        "through, and the model goes on naming a few frequent tokens, far above the lowest loss that it could reach.",
    ),
    NOTHING: (
        "both losses fall together, fast at first and then ever more slowly, and the samples become sentences",
        "A healthy run. The gradient is clipped now and then, most of all in the beginning.",
    ),
    "targets not shifted": (
        "both losses fall below anything that text allows, to 0, and the sample repeats its last word",
        "The model is asked for the token that it has just read. It learns to copy, perfectly. A loss that is too good "
        "is a bug until proven otherwise.",
    ),
    "learning rate too high": (
        "the loss jumps when the rate reaches its highest, then hardly falls: only the frequency of words is learned",
        "Steps that are too long throw the weights to where nothing can be learned any more.",
    ),
    "gradients never zeroed": (
        "the gradient grows and grows, and the loss turns round before it is low",
        "backward() adds to the gradients that are there. Without zero_grad() each step follows the sum of all "
        "gradients since the first.",
    ),
    "text not shuffled": (
        "the loss goes up and down in blocks, at regular distances",
        "The text is of two kinds, one after the other: toy world, story, toy world ... What the model learns from one "
        "it partly forgets while it reads the other. Shuffled batches hold some of each.",
    ),
}

ScheduleFunction = Callable[[int, int, int, float, float], float]


@dataclass(frozen=True)
class ReplayTrace:
    """One recorded run up to one step. n steps, m measurements.

    Attributes:
        run: its letter.
        cause: what is wrong with it; "nothing" for the healthy one.
        total_steps: how many the whole run has.
        loss, rate, norm: (n,) each.
        validation: (m,) pairs (steps done, validation loss).
        sample: what the model wrote at the last measurement.
        is_lowest: whether no other run ends with a lower training loss.
        diagnosis: the learner's; None so far.
        evidence: where the whole run speaks for the diagnosis, or against it; None without one.
        own_rates: (n,) the learner's schedule at these steps; None without one.
        logarithmic: whether the loss axis is.
        whole: the run to its end.
        honest: the lowest validation loss of the healthy run.
    """

    run: str
    cause: str
    total_steps: int
    loss: np.ndarray
    rate: np.ndarray
    norm: np.ndarray
    validation: tuple[tuple[int, float], ...]
    sample: str
    is_lowest: bool
    diagnosis: str | None
    evidence: Evidence | None
    own_rates: np.ndarray | None
    logarithmic: bool
    whole: Run
    honest: float

    @property
    def steps(self) -> int:
        return len(self.loss)

    @property
    def batches(self) -> float:
        """The mean loss of the last `EVERY` batches."""
        return float(self.loss[-EVERY:].mean())

    @property
    def right(self) -> bool:
        return self.diagnosis == self.cause

    @property
    def too_good_at(self) -> int | None:
        """Steps done when the validation loss is first lower than the healthy run's ever is."""
        return next((step for step, value in self.whole.measured if value < self.honest), None)

    @property
    def schedule_agrees(self) -> bool:
        """The learner's schedule gives the recorded rates."""
        return self.own_rates is None or bool(np.allclose(self.own_rates, self.rate, rtol=1e-3, atol=0))


def compute(state: dict[str, Any], schedule: ScheduleFunction | None = None) -> ReplayTrace:
    """The trace of a state of the replay.

    Args:
        state: run, tens (of steps), diagnosis and logarithmic.
        schedule: the learner's `schedule(step, steps, warmup_steps, highest, lowest)`; None, or a function that is not
            written yet (it returns None or ...), is not drawn.

    Raises:
        TypeError, ValueError: the schedule returned something other than a number.
        Exception: whatever it raises.
    """
    runs = recorded_runs()
    row = runs.letters.index(state["run"])
    n = state["tens"] * EVERY
    whole = runs.run(row)
    honest = float(runs.validation[runs.healthy].min())
    diagnosis = None if state["diagnosis"] == NOT_YET else state["diagnosis"]
    return ReplayTrace(
        run=state["run"],
        cause=runs.causes[row],
        total_steps=len(whole.loss),
        loss=whole.loss[:n],
        rate=whole.rate[:n],
        norm=whole.norm[:n],
        validation=whole.measured[: state["tens"]],
        sample=str(runs.samples[row, state["tens"] - 1]),
        is_lowest=_end_of_loss(runs)[row] == _end_of_loss(runs).min(),
        diagnosis=diagnosis,
        evidence=judge(diagnosis, whole, honest) if diagnosis else None,
        own_rates=_own_rates(schedule, n, len(whole.loss), float(runs.highest[row])),
        logarithmic=state["logarithmic"],
        whole=whole,
        honest=honest,
    )


def _own_rates(schedule: ScheduleFunction | None, n: int, total: int, highest: float) -> np.ndarray | None:
    if schedule is None:
        return None
    values = [schedule(step, total, WARMUP, highest, FINAL_SHARE * highest) for step in range(n)]
    return np.array([float(value) for value in values]) if all(map(is_written, values)) else None


def _end_of_loss(runs: Runs) -> np.ndarray:
    """(R,) the mean loss of the last steps."""
    return runs.loss[:, -EVERY:].mean(axis=1)
