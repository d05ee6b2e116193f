"""The training replay (lesson 08): eight recorded runs, step by step, and the question which bug made a curve.

The runs are real: tools/record_training_runs.py trains the same small GPT eight times on the toy world, each time with
one thing wrong, or with nothing. What is wrong is not shown: the learner names it, and the explorer says whether the
curves agree. The learner's learning-rate schedule, where there is one, is drawn over the recorded rates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import traitlets

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Toggle
from llmlab.explorers.host.line_chart import Line, line_chart

RECORDED = Path(__file__).with_name("training_replay.npz")
EVERY, WARMUP, FINAL_SHARE = 10, 20, 0.1  # steps between measurements; the schedule of the runs
NOT_YET = "not yet"
NOTHING = "nothing"

# What each cause looks like, and why. The keys are those of the recording.
SIGNS = {
    "too little text": (
        "the loss of the batches goes to nearly 0 while the validation loss turns up",
        "The model reads the same few sentences again and again and learns them by heart: overfitting. More text, or "
        "stop at the lowest validation loss.",
    ),
    "learning rate too low": (
        "the loss falls smoothly, and after 240 steps it is still near its start",
        "Nothing is wrong with the code: each step is forty times too short. The chart of the learning rate shows it.",
    ),
    "softmax before the loss": (
        "loss and validation loss lie on a floor near ln V from which nothing moves them, and gradients are tiny",
        "The loss takes a softmax of its own. Given probabilities, which lie between 0 and 1, that one can never come "
        "near 1, however sure the model is.",
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
        "the loss jumps in the warm-up and then stays on a plateau, where only the frequency of words has been learned",
        "Steps that are too long throw the weights to where nothing can be learned any more.",
    ),
    "gradients never zeroed": (
        "the gradient grows and grows, and the loss turns round before it is low",
        "`backward` adds to the gradients that are there. Without `zero_grad` each step follows the sum of all "
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


@cache
def recorded_runs() -> Runs:
    """The runs that the replay brings along: the same numbers on every machine."""
    with np.load(RECORDED) as file:
        arrays = {name: file[name] for name in ("loss", "rate", "norm", "validation", "samples", "highest")}
        return Runs(causes=tuple(file["causes"].tolist()), **arrays)


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
        own_rates: (n,) the learner's schedule at these steps; None without one.
        logarithmic: whether the loss axis is.
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
    own_rates: np.ndarray | None
    logarithmic: bool

    @property
    def steps(self) -> int:
        return len(self.loss)

    @property
    def right(self) -> bool:
        return self.diagnosis == self.cause

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
    total, highest = runs.loss.shape[1], float(runs.highest[row])
    own_rates = None
    if schedule is not None:
        values = [schedule(step, total, WARMUP, highest, FINAL_SHARE * highest) for step in range(n)]
        if not any(value is None or value is ... for value in values):
            own_rates = np.array([float(value) for value in values])
    measured = runs.validation[row, : state["tens"]].tolist()
    return ReplayTrace(
        run=state["run"],
        cause=runs.causes[row],
        total_steps=total,
        loss=runs.loss[row, :n],
        rate=runs.rate[row, :n],
        norm=runs.norm[row, :n],
        validation=tuple(((number + 1) * EVERY, value) for number, value in enumerate(measured)),
        sample=str(runs.samples[row, state["tens"] - 1]),
        is_lowest=_end_of_loss(runs)[row] == _end_of_loss(runs).min(),
        diagnosis=None if state["diagnosis"] == NOT_YET else state["diagnosis"],
        own_rates=own_rates,
        logarithmic=state["logarithmic"],
    )


def _end_of_loss(runs: Runs) -> np.ndarray:
    """(R,) the mean loss of the last steps."""
    return runs.loss[:, -EVERY:].mean(axis=1)


def render(trace: ReplayTrace) -> str:
    """The trace as HTML: numbers, three charts, the sample, and what is to be said to the diagnosis."""
    return (
        f'{_numbers(trace)}<div class="llmlab-charts">{_loss_chart(trace)}{_rate_chart(trace)}{_norm_chart(trace)}'
        f'</div><p>The model goes on from “the king”: <span class="llmlab-sample">{escape(trace.sample)}</span></p>'
        f"{_verdict(trace)}"
    )


def describe(trace: ReplayTrace) -> str:
    """The trace in words: where the curves began, how low and how high they came, where they are."""
    steps, lowest = min(trace.validation, key=lambda pair: pair[1])
    last = trace.validation[-1][1]
    turned = f", after its lowest of {lowest:.2f} at step {steps}" if last > lowest + 0.05 else ""
    return (
        f"Run {trace.run} after {trace.steps} of {trace.total_steps} steps. Loss of the batches: {trace.loss[0]:.2f} "
        f"at first, {trace.loss[-EVERY:].mean():.2f} over the last {EVERY} steps. Validation loss: {last:.2f}{turned}. "
        f"Learning rate: {_three(trace.rate[-1])}, highest so far {_three(trace.rate.max())}. Gradient: "
        f"{_three(trace.norm[0])} long at first, {_three(trace.norm[-1])} now, at most {_three(trace.norm.max())}."
    )


def _numbers(trace: ReplayTrace) -> str:
    facts = {
        "run": trace.run,
        "steps": f"{trace.steps} of {trace.total_steps}",
        f"loss (last {EVERY} steps)": f"{trace.loss[-EVERY:].mean():.2f}",
        "validation loss": f"{trace.validation[-1][1]:.2f}",
        "lowest validation loss": f"{min(value for _, value in trace.validation):.2f}",
        "learning rate": _three(trace.rate[-1]),
        "gradient norm": _three(trace.norm[-1]),
    }
    spans = " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
    return f'<div class="llmlab-numbers">{spans}</div>'


def _loss_chart(trace: ReplayTrace) -> str:
    lines = [
        Line("batches", _from_one(trace.loss), "#2f7fc1"),
        Line("validation", trace.validation, "#b3440b", dashed=True),
    ]
    alt = (
        f"Loss up to step {trace.steps}: batches from {trace.loss[0]:.1f} to {trace.loss[-1]:.1f}, validation from "
        f"{trace.validation[0][1]:.1f} to {trace.validation[-1][1]:.1f}."
    )
    low, high = (0.01, 10) if trace.logarithmic else (0, 7)
    return line_chart(
        lines,
        title="Loss, nats a token",
        alt=alt,
        steps=trace.total_steps,
        low=low,
        high=high,
        logarithmic=trace.logarithmic,
        width=380,
        height=200,
    )


def _rate_chart(trace: ReplayTrace) -> str:
    lines = [Line("recorded", _from_one(trace.rate), "#2f7fc1")]
    if trace.own_rates is not None:
        lines.append(Line("yours", _from_one(trace.own_rates), "#b3440b", dashed=True))
    alt = f"Learning rate up to step {trace.steps}: from {_three(trace.rate[0])} to {_three(trace.rate[-1])}."
    return line_chart(
        lines, title="Learning rate", alt=alt, steps=trace.total_steps, low=3e-6, high=1, logarithmic=True
    )


def _norm_chart(trace: ReplayTrace) -> str:
    alt = f"Gradient norm up to step {trace.steps}: from {_three(trace.norm[0])} to {_three(trace.norm[-1])}."
    return line_chart(
        [Line("", _from_one(trace.norm), "#2f7fc1")],
        title="Gradient norm, before clipping",
        alt=alt,
        steps=trace.total_steps,
        low=1e-4,
        high=200,
        logarithmic=True,
    )


def _verdict(trace: ReplayTrace) -> str:
    if trace.diagnosis is None:
        return ""
    signs, why = SIGNS[trace.diagnosis]
    if trace.right:
        return f'<p class="llmlab-verdict"><strong>Yes, {escape(_named(trace.diagnosis))}:</strong> {signs}. {why}</p>'
    return (
        f'<p class="llmlab-verdict"><strong>No, not this ({escape(_named(trace.diagnosis))}).</strong> One would know '
        f"it by this: {signs}. Look at the whole run, all {trace.total_steps} steps.</p>"
    )


def _named(cause: str) -> str:
    return "a healthy run" if cause == NOTHING else cause


def _from_one(values: np.ndarray) -> list[tuple[int, float]]:
    return list(enumerate(values.tolist(), 1))


def _three(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    return f"{float(f'{value:.3g}'):.7f}".rstrip("0").rstrip(".")


class TrainingReplay(Explorer):
    """Go through recorded training runs step by step, and name what went wrong.

    Args:
        schedule: your `schedule(step, steps, warmup_steps, highest, lowest)`, which returns a learning rate. It is
            drawn over the recorded one. Assign to `.schedule` to try another one.

    >>> replay = TrainingReplay()
    >>> replay.set(run="D", diagnosis="nothing")
    >>> replay.trace.right, bool(replay.trace.loss[-1] < 2)
    (True, True)
    """

    sheet = "../host/line_chart.css"

    schedule = traitlets.Any()

    def __init__(self, schedule: ScheduleFunction | None = None) -> None:
        runs = recorded_runs()
        measurements = runs.validation.shape[1]
        super().__init__(
            title="Training replay",
            task=(
                "Your target: one run ends with a lower loss than all others, and nobody would want its text. Find it, "
                "and name its bug."
            ),
            controls=[
                Choice("run", "Run", runs.letters, initial="A"),
                Range("tens", "Tens of steps", 1, measurements, initial=measurements),
                Choice("diagnosis", "What is wrong?", (NOT_YET, *sorted(SIGNS)), initial=NOT_YET),
                Toggle("logarithmic", "Logarithmic loss", initial=False),
            ],
            schedule=schedule,
        )

    @traitlets.observe("schedule")
    def _schedule_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> ReplayTrace:
        return compute(state, self.schedule)

    def render(self, trace: ReplayTrace) -> str:
        return render(trace)

    def describe(self, trace: ReplayTrace) -> str:
        return describe(trace)

    def note(self, trace: ReplayTrace) -> str:
        if self.schedule is None:
            return ""
        name = getattr(self.schedule, "__name__", "your function")
        if trace.own_rates is None:
            return f"{name} is not written yet, so only the recorded learning rates are shown."
        if trace.schedule_agrees:
            return ""
        step = int(np.argmin(np.isclose(trace.own_rates, trace.rate, rtol=1e-3, atol=0)))
        own, recorded = _three(trace.own_rates[step]), _three(trace.rate[step])
        return f"{name} differs from the recorded rates, first at step {step}: {own} instead of {recorded}."

    def target(self, trace: ReplayTrace) -> tuple[bool, str]:
        if not trace.is_lowest:
            return False, f"Not yet: another run ends with a lower loss than run {trace.run}."
        if trace.diagnosis is None:
            return False, f"Not yet: run {trace.run} has the lowest loss of all. What is wrong with it?"
        if not trace.right:
            return False, f"Not yet: run {trace.run} it is, but that is not its bug. Read its sample at every step."
        return True, f"Reached: the best loss of all, by a bug: {trace.cause}."

    def code_for(self, state: dict[str, Any]) -> str:
        return (
            "from llmlab.explorers.training_replay import recorded_runs\n\n"
            "runs = recorded_runs()\n"
            f"row, steps = runs.letters.index({state['run']!r}), {state['tens'] * EVERY}\n"
            "loss, norm = runs.loss[row, :steps], runs.norm[row, :steps]\n"
            f"validation = runs.validation[row, : steps // {EVERY}]\n"
            'print(f"loss {loss[-1]:.4f}, validation {validation[-1]:.4f}, gradient {norm[-1]:.4f}")\n'
            f"print(runs.samples[row, steps // {EVERY} - 1])"
        )
