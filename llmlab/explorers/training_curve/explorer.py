"""The growing curve (lesson 08): a run that is under way, drawn anew at each of its measurements.

    curve = TrainingCurve(steps=500, goal=1.7)
    display(curve)
    train(model, loader, config, validation=validation, on_evaluation=curve.update)

The kernel is busy while it trains, but what it sends is shown at once; so the picture grows, and controls that are
moved meanwhile answer at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice
from llmlab.explorers.host.line_chart import Line, line_chart
from llmlab.utils.arguments import require_count, require_number

if TYPE_CHECKING:
    from llmlab.training import History

MOST_POINTS = 150  # of the loss of the batches: more steps are averaged in groups


@dataclass(frozen=True)
class CurveTrace:
    """A run up to its latest measurement.

    Attributes:
        steps: how many there are to be.
        done: how many there have been.
        loss: pairs (steps done, mean loss of the batches since the pair before).
        validation: pairs (steps done, validation loss).
        goal: the validation loss to reach.
        logarithmic: whether the loss axis is.
    """

    steps: int
    done: int
    loss: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    goal: float
    logarithmic: bool

    @property
    def reached_at(self) -> int | None:
        """Steps done when the validation loss was first at the goal or below."""
        return next((step for step, value in self.validation if value <= self.goal), None)


def render(trace: CurveTrace) -> str:
    """The trace as HTML: numbers and a chart."""
    facts = {"steps": f"{trace.done} of {trace.steps}"}
    if trace.loss:
        facts["loss"] = f"{trace.loss[-1][1]:.2f}"
    if trace.validation:
        facts["validation loss"] = f"{trace.validation[-1][1]:.2f}"
    spans = " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
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
    return f'<div class="llmlab-numbers">{spans}</div><div class="llmlab-charts">{chart}</div>'


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


class TrainingCurve(Explorer):
    """Watch a run: pass `curve.update` to `train` as `on_evaluation`.

    Args:
        steps: how many steps the run is to have.
        goal: the validation loss that you want to reach.

    Raises:
        TypeError: steps that are not an int, or a goal that is not a number.
        ValueError: steps below 1, or a goal that is not above 0.

    >>> curve = TrainingCurve(steps=100, goal=2.0)
    >>> curve.trace.done, curve.trace.reached_at
    (0, None)
    """

    sheet = "../host/line_chart.css"

    def __init__(self, steps: int, goal: float) -> None:
        require_count("steps", steps)
        require_number("goal", goal)
        if not goal > 0:
            raise ValueError(f"goal must be above 0, got {goal}: a loss is never below")
        self._steps, self._goal = steps, float(goal)
        self._loss: list[float] = []
        self._validation: list[tuple[int, float]] = []
        super().__init__(
            title="Training, live",
            task=f"Your target: a validation loss of at most {goal:g}.",
            controls=[Choice("axis", "Loss axis", ("linear", "logarithmic"), initial="linear")],
        )

    def update(self, history: History) -> None:
        """Show what `history` holds by now; `train` calls this at each measurement."""
        self._loss, self._validation = list(history.loss), list(history.validation)
        self.refresh()

    def compute(self, state: dict[str, Any]) -> CurveTrace:
        group = -(-max(self._steps, len(self._loss)) // MOST_POINTS)  # rounded up
        parts = [self._loss[start : start + group] for start in range(0, len(self._loss), group)]
        ends = [min((number + 1) * group, len(self._loss)) for number in range(len(parts))]
        return CurveTrace(
            steps=self._steps,
            done=len(self._loss),
            loss=tuple((end, sum(part) / len(part)) for end, part in zip(ends, parts, strict=True)),
            validation=tuple(self._validation),
            goal=self._goal,
            logarithmic=state["axis"] == "logarithmic",
        )

    def render(self, trace: CurveTrace) -> str:
        return render(trace)

    def describe(self, trace: CurveTrace) -> str:
        return describe(trace)

    def target(self, trace: CurveTrace) -> tuple[bool, str]:
        if trace.reached_at is not None:
            return True, f"Reached after {trace.reached_at} steps."
        if not trace.validation:
            return False, "Not yet: nothing has been measured."
        lowest = min(value for _, value in trace.validation)
        return False, f"Not yet: the lowest validation loss so far is {lowest:.2f}."

    def code_for(self, state: dict[str, Any]) -> str:
        return (
            "import matplotlib.pyplot as plt\n\n"
            "plt.plot(range(1, len(history.loss) + 1), history.loss)  # history is what train returned\n"
            "plt.plot(*zip(*history.validation))\n"
            f'plt.yscale("{"log" if state["axis"] == "logarithmic" else "linear"}")'
        )
