"""Where a recorded run speaks for a cause or against it: a chart, a step, and a sentence.

Each cause is judged by one rule on the curves. The rule of a run's own cause speaks for it, the seven others against
it; the tests try all 64 pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from llmlab.explorers.training_replay.recorded import EVERY, NOTHING, WARMUP, Run

VOCABULARY = 600
FLOOR = math.log(VOCABULARY - 1 + math.e) - 1  # of a loss that takes a softmax too many
SETTLED = 60  # by this step a healthy loss no longer leaps


@dataclass(frozen=True)
class Evidence:
    """What to look at.

    Attributes:
        chart: "loss", "rate" or "norm".
        step: where.
        value: the curve's, there.
        speaks_for: whether it speaks for the cause; otherwise it rules the cause out.
        text: what is seen there.
    """

    chart: str
    step: int
    value: float
    speaks_for: bool
    text: str


def judge(cause: str, run: Run, honest: float) -> Evidence:
    """What a run says to a cause.

    Args:
        honest: the lowest validation loss of the healthy run.
    """
    return _RULES[cause](run, honest)


def _end(run: Run) -> tuple[int, float, float]:
    """The last step, the loss of the last batches, the last validation loss."""
    return len(run.loss), float(run.loss[-EVERY:].mean()), float(run.validation[-1])


def _too_little_text(run: Run, honest: float) -> Evidence:
    steps, batches, measured = _end(run)
    turn = int(run.validation.argmin())
    if measured > batches + 1:
        low = float(run.validation[turn])
        text = f"From step {(turn + 1) * EVERY} on the validation loss rises, from {low:.2f} to {measured:.2f}"
        return Evidence("loss", (turn + 1) * EVERY, low, True, f"{text}, while the batches go on to {batches:.2f}.")
    text = f"At step {steps} the batches have {batches:.2f} and the validation text {measured:.2f}"
    return Evidence("loss", steps, measured, False, f"{text}. Few sentences learned by heart would leave it far above.")


def _rate_too_low(run: Run, honest: float) -> Evidence:
    return _rate(run, run.rate.max() < 1e-3)


def _rate_too_high(run: Run, honest: float) -> Evidence:
    if run.rate.max() <= 0.1:
        return _rate(run, False)
    jump = int(np.diff(run.loss).argmax()) + 2
    by, rate = float(np.diff(run.loss).max()), float(run.rate[jump - 1])
    text = f"With a rate of {rate:.2g} the loss jumps by {by:.2f} from step {jump - 1} to step {jump}."
    return Evidence("loss", jump, float(run.loss[jump - 1]), True, text)


def _rate(run: Run, speaks_for: bool) -> Evidence:
    highest = float(run.rate.max())
    known = {True: "the lowest of all eight runs", False: "the highest of all eight runs"}
    usual = 1e-3 < highest < 0.1
    remark = "the healthy run has that one, too" if usual else known[highest < 1e-3]
    return Evidence(
        "rate", WARMUP, highest, speaks_for, f"At step {WARMUP} the learning rate is {highest:.2g}: {remark}."
    )


def _softmax_twice(run: Run, honest: float) -> Evidence:
    steps, batches, _ = _end(run)
    floor = f"ln({VOCABULARY - 1} + e) − 1 = {FLOOR:.2f}"
    below = np.flatnonzero(run.loss < FLOOR)
    if len(below):
        step, value = int(below[0]) + 1, float(run.loss[below[0]])
        text = f"At step {step} the loss is {value:.2f}: with a second softmax it could not come below {floor}."
        return Evidence("loss", step, value, False, text)
    last = float(run.norm[-1])
    if np.median(run.norm[-20:]) < 0.01:
        text = f"The loss never comes below {floor}, and at the end, at {batches:.2f}, most gradients are below 0.01."
        return Evidence("norm", steps, last, True, text)
    text = f"At step {steps} the gradient is {last:.2f} long: with a second softmax it would be next to nothing."
    return Evidence("norm", steps, last, False, text)


def _healthy(run: Run, honest: float) -> Evidence:
    steps, batches, measured = _end(run)
    turn, low = (int(run.validation.argmin()) + 1) * EVERY, float(run.validation.min())
    if measured > low + 0.2:
        text = f"At step {turn} the validation loss was {low:.2f}; at the end it is {measured:.2f}. A healthy run ends "
        return Evidence("loss", turn, low, False, f"{text}at its lowest.")
    if measured < honest - 1:
        text = f"At step {steps} the validation loss is {measured:.2f}: text that can go on in many ways does not "
        return Evidence("loss", steps, measured, False, f"{text}allow that.")
    if measured > honest + 1:
        text = f"At step {steps} the validation loss is still {measured:.2f}: one of these runs gets down to "
        return Evidence("loss", steps, measured, False, f"{text}{honest:.2f}, and honestly.")
    text = f"At step {steps} the batches have {batches:.2f} and the validation text {measured:.2f}, its lowest."
    return Evidence("loss", steps, measured, True, text)


def _not_shifted(run: Run, honest: float) -> Evidence:
    steps, _, measured = _end(run)
    if measured < 0.05:
        text = f"At step {steps} also text that was never read has a loss of {measured:.2f}."
        return Evidence("loss", steps, measured, True, text)
    text = f"At step {steps} the validation loss is {measured:.2f}. A model that only has to repeat what it reads "
    return Evidence("loss", steps, measured, False, f"{text}would be near 0, there as well.")


def _never_zeroed(run: Run, honest: float) -> Evidence:
    first, last = float(run.norm[0]), float(run.norm[-1])
    grows = last > 10 * first
    remark = f"{last / first:.0f} times as long" if grows else "a sum that is never emptied would grow"
    text = f"The gradient is {_length(first)} long at first and {_length(last)} at the end: {remark}."
    return Evidence("norm", len(run.norm), last, grows, text)


def _not_shuffled(run: Run, honest: float) -> Evidence:
    jumps = np.diff(run.loss)[SETTLED - 1 :]
    step, by = int(jumps.argmax()) + SETTLED + 1, float(jumps.max())
    leaps = int((jumps > 0.5).sum())
    if leaps >= 3:
        text = f"From step {step - 1} to {step} the loss jumps by {by:.2f}, and {leaps - 1} times more by over 0.5."
        return Evidence("loss", step, float(run.loss[step - 1]), True, text)
    most = math.ceil(100 * by) / 100
    text = (
        f"After step {SETTLED} the loss rises most from step {step - 1} to {step}, by less than {most:.2f}. Texts in "
    )
    return Evidence("loss", step, float(run.loss[step - 1]), False, f"{text}turn make it leap.")


def _length(norm: float) -> str:
    return f"{norm:.2f}" if norm >= 0.01 else f"{norm:.4f}"


_RULES: dict[str, Callable[[Run, float], Evidence]] = {
    "too little text": _too_little_text,
    "learning rate too low": _rate_too_low,
    "learning rate too high": _rate_too_high,
    "softmax before the loss": _softmax_twice,
    NOTHING: _healthy,
    "targets not shifted": _not_shifted,
    "gradients never zeroed": _never_zeroed,
    "text not shuffled": _not_shuffled,
}
