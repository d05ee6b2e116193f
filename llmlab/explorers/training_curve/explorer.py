"""The growing curve as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Scale
from llmlab.explorers.training_curve import picture
from llmlab.explorers.training_curve.values import LAST, MOST_STOPS, CurveTrace, compute
from llmlab.explorers.training_replay import recorded_runs
from llmlab.utils.arguments import require_count, require_number

if TYPE_CHECKING:
    from llmlab.training import History


class TrainingCurve(Explorer):
    """Watch a run: pass `curve.update` to `train` as `on_evaluation`. Once it is finished, drag along the curve.

    Args:
        steps: how many steps the run is to have.
        goal: the validation loss that you want to reach.
        sample: what writes a text with the model; called at each measurement, without arguments.
        ghost: whether to draw the validation loss of the replay's healthy run, a small model on the toy world, too.

    Raises:
        TypeError: steps that are not an int, a goal that is not a number, or a sample that is not a function.
        ValueError: steps below 1, or a goal that is not above 0.

    >>> curve = TrainingCurve(steps=100, goal=2.0)
    >>> curve.trace.done, curve.trace.reached_at
    (0, None)
    """

    sheet = "../training_replay/training_replay.css"
    heading = "Training, live"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(picture.more)
    stand_in = staticmethod(picture.stand_in)

    def __init__(self, steps: int, goal: float, *, sample: Callable[[], str] | None = None, ghost: bool = True) -> None:
        require_count("steps", steps)
        require_number("goal", goal)
        if not goal > 0:
            raise ValueError(f"goal must be above 0, got {goal}: a loss is never below")
        if sample is not None and not callable(sample):
            raise TypeError(f"sample must be a function without arguments that returns a text, got {sample!r}")
        runs = recorded_runs()
        self._steps, self._goal, self._sample = steps, float(goal), sample
        self._ghost = runs.run(runs.healthy).measured if ghost else ()
        self._loss: list[float] = []
        self._validation: list[tuple[int, float]] = []
        self._written: list[tuple[int, str]] | None = None if sample is None else []
        self._began: tuple[int, float] | None = None  # steps done and the time at the run's first measurement
        self._seconds_left: float | None = None
        super().__init__(
            title=self.heading,
            task=f"Your target: a validation loss of at most {goal:g}.",
            controls=[
                Choice("axis", "Loss axis", ("linear", "logarithmic"), initial="linear", look="buttons"),
                Scale(
                    *("upto", "Look at measurement", (*(f"{n}" for n in range(1, MOST_STOPS + 1)), LAST), LAST),
                    quiet=True,
                ),
            ],
        )

    def update(self, history: History) -> None:
        """Show what `history` holds by now; `train` calls this at each measurement."""
        done, now = len(history.loss), time.perf_counter()
        if self._began is None or done <= self._began[0]:  # a run begins, or another one
            self._began = done, now
            self._written = self._written and []
        first, then = self._began
        self._seconds_left = (now - then) / (done - first) * max(self._steps - done, 0) if done > first else None
        self._loss, self._validation = list(history.loss), list(history.validation)
        if self._sample is not None and self._written is not None:
            self._written.append((done, str(self._sample())))
        self._look_at_the_end()
        self.refresh()
        self._send_other_axes()

    def _look_at_the_end(self) -> None:
        """Of a run that is finished it has a number: so one step back of the slider is another picture."""
        trace = self.compute({**self._state, "upto": LAST})
        end = f"{len(trace.stops)}" if trace.finished else LAST
        if self._state.get("upto", LAST) != end:
            self._state["upto"] = end
            self._revision += 1  # on the page, too

    def _send_other_axes(self) -> None:
        """The kernel trains and answers nothing, so the page gets beforehand what it could ask for."""
        others = [{**self._state, "axis": axis} for axis in self._controls["axis"].values]
        others.remove(self._state)
        self._send_frames([self._frame_or_error(state) for state in others], done=False, stop="")

    def compute(self, state: dict[str, Any]) -> CurveTrace:
        return compute(
            state,
            self._steps,
            self._goal,
            self._loss,
            self._validation,
            seconds_left=self._seconds_left,
            samples=None if self._written is None else tuple(self._written),
            ghost=self._ghost,
        )

    def target(self, trace: CurveTrace) -> tuple[bool, str]:
        if trace.reached_at is not None:
            return True, f"Reached after {trace.reached_at} steps."
        if not trace.validation:
            return False, "Not yet: nothing has been measured."
        lowest = min(value for _, value in trace.validation)
        return False, f"Not yet: the lowest validation loss so far is {lowest:.2f}."

    def limits(self, trace: CurveTrace) -> dict[str, tuple[str, str]]:
        stops = len(trace.stops)
        return {"upto": ("1", f"{stops}") if stops and trace.finished else (LAST, LAST)}

    def off(self, trace: CurveTrace) -> dict[str, str]:
        return {} if trace.finished else {"upto": "Once the run is finished: until then the kernel trains."}

    def code_for(self, state: dict[str, Any]) -> str:
        return (
            "import matplotlib.pyplot as plt\n\n"
            "plt.plot(range(1, len(history.loss) + 1), history.loss)  # history is what train returned\n"
            "plt.plot(*zip(*history.validation))\n"
            f'plt.yscale("{"log" if state["axis"] == "logarithmic" else "linear"}")'
        )
