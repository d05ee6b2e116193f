"""The growing curve as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice
from llmlab.explorers.training_curve import picture
from llmlab.explorers.training_curve.values import CurveTrace, compute
from llmlab.utils.arguments import require_count, require_number

if TYPE_CHECKING:
    from llmlab.training import History


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
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)

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
        return compute(state, self._steps, self._goal, self._loss, self._validation)

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
