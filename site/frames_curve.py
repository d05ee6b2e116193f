"""The growing curve in a page, where nothing trains: the healthy run of the replay, as far as it has been played."""

from __future__ import annotations

from typing import Any

from llmlab.explorers import TrainingCurve
from llmlab.explorers.host.controls import Range, declare
from llmlab.explorers.host.touch import touch
from llmlab.explorers.training_curve.picture import render
from llmlab.explorers.training_curve.values import CurveTrace
from llmlab.explorers.training_replay import recorded_runs
from llmlab.explorers.training_replay.recorded import EVERY

GOAL = 1.8
OPENED = 4  # measurements: the curve still falls, the goal is ahead


class RecordedCurve(TrainingCurve):
    """The curve with a control more, which says how many measurements there have been."""

    def __init__(self) -> None:
        runs = recorded_runs()
        self._run, self._samples = runs.run(runs.healthy), runs.samples[runs.healthy].tolist()
        last = len(self._run.validation)
        self._step = Range("measured", "Up to", 1, last, initial=OPENED, play=500, format="step {}0")
        super().__init__(steps=len(self._run.loss), goal=GOAL, sample=str, ghost=False)
        self._controls = {"measured": self._step, "axis": self._controls["axis"]}  # it is played, not looked back at
        self._state = {"measured": OPENED, "axis": self._state["axis"]}
        self.title, self.controls = "Training, recorded", [declare(control) for control in self._controls.values()]
        self.refresh()

    def compute(self, state: dict[str, Any]) -> CurveTrace:
        measured = state.get("measured", 0)  # before there is such a control, nothing
        self._loss = self._run.loss[: EVERY * measured].tolist()
        self._validation = list(self._run.measured[:measured])
        self._written = [(EVERY * measured, self._samples[measured - 1] if measured else "")]
        return super().compute({"axis": state["axis"]})

    def render(self, trace: CurveTrace) -> str:
        steps, slots = trace.steps, ""
        for number in range(1, len(self._run.validation) + 1):
            step = EVERY * number
            left, width = (100 * part / steps for part in (step - EVERY / 2, EVERY))
            its = touch(key=f"step{step}", press={"measured": number}, tip=f"play the run up to step {step}")
            slots += f'<span class="llmlab-run-slot"{its} style="left:{left:.3f}%;width:{width:.3f}%"></span>'
        group = touch(key="slots", group="follow", sweep=True)
        return render(trace, f'<div class="llmlab-run-slots"{group}>{slots}</div>')

    def limits(self, trace: CurveTrace) -> dict[str, tuple[str, str]]:
        return {}

    def off(self, trace: CurveTrace) -> dict[str, str]:
        return {}

    def note(self, trace: CurveTrace) -> str:
        return "A run that was recorded: in the notebook you train one of your own, and watch."
