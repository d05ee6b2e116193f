"""The picture of the training replay as HTML, and the same in words."""

from __future__ import annotations

from html import escape

import numpy as np

from llmlab.explorers.host.line_chart import Line, line_chart
from llmlab.explorers.host.markup import numbers
from llmlab.explorers.training_replay.recorded import EVERY
from llmlab.explorers.training_replay.values import NOTHING, SIGNS, ReplayTrace


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
        f"Learning rate: {three(trace.rate[-1])}, highest so far {three(trace.rate.max())}. Gradient: "
        f"{three(trace.norm[0])} long at first, {three(trace.norm[-1])} now, at most {three(trace.norm.max())}."
    )


def _numbers(trace: ReplayTrace) -> str:
    facts = {
        "run": trace.run,
        "steps": f"{trace.steps} of {trace.total_steps}",
        f"loss (last {EVERY} steps)": f"{trace.loss[-EVERY:].mean():.2f}",
        "validation loss": f"{trace.validation[-1][1]:.2f}",
        "lowest validation loss": f"{min(value for _, value in trace.validation):.2f}",
        "learning rate": three(trace.rate[-1]),
        "gradient norm": three(trace.norm[-1]),
    }
    return numbers(facts)


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
    alt = f"Learning rate up to step {trace.steps}: from {three(trace.rate[0])} to {three(trace.rate[-1])}."
    return line_chart(
        lines, title="Learning rate", alt=alt, steps=trace.total_steps, low=3e-6, high=1, logarithmic=True
    )


def _norm_chart(trace: ReplayTrace) -> str:
    alt = f"Gradient norm up to step {trace.steps}: from {three(trace.norm[0])} to {three(trace.norm[-1])}."
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


def three(value: float) -> str:
    """Three significant digits, never in powers of ten."""
    return f"{float(f'{value:.3g}'):.7f}".rstrip("0").rstrip(".")
