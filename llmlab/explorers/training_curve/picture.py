"""The picture of the growing curve as HTML, and the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlab.explorers.host.line_chart import Line, line_chart
from llmlab.explorers.host.markup import numbers

if TYPE_CHECKING:
    pass
from llmlab.explorers.training_curve.values import CurveTrace


def render(trace: CurveTrace) -> str:
    """The trace as HTML: numbers and a chart."""
    facts = {"steps": f"{trace.done} of {trace.steps}"}
    if trace.loss:
        facts["loss"] = f"{trace.loss[-1][1]:.2f}"
    if trace.validation:
        facts["validation loss"] = f"{trace.validation[-1][1]:.2f}"
    values = [value for _, value in (*trace.loss, *trace.validation)]
    lines = [
        Line("batches", trace.loss, "#2f7fc1"),
        Line("validation", trace.validation, "#b3440b", dashed=True),
    ]
    chart = line_chart(
        lines,
        title="Loss, nats a token",
        alt=describe(trace),
        steps=trace.steps,
        low=0.1 if trace.logarithmic else 0,
        high=10 if trace.logarithmic else max(1.0, *values, 7.0),
        logarithmic=trace.logarithmic,
        width=520,
        height=240,
    )
    return f'{numbers(facts)}<div class="llmlab-charts">{chart}</div>'


def describe(trace: CurveTrace) -> str:
    """The trace in words."""
    if not trace.loss:
        return f"No step yet of {trace.steps}: the curve grows while the model trains."
    text = f"After {trace.done} of {trace.steps} steps the loss of the batches is {trace.loss[-1][1]:.2f}"
    text += f", at first it was {trace.loss[0][1]:.2f}."
    if trace.validation:
        step, value = min(trace.validation, key=lambda pair: pair[1])
        text += f" Validation loss: {trace.validation[-1][1]:.2f}, lowest {value:.2f} at step {step}."
    return text
