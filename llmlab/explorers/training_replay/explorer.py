"""The training replay as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

import numpy as np

from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Toggle
from llmlab.explorers.host.learner import learners_function, name_of, not_written
from llmlab.explorers.training_replay import numbers, picture
from llmlab.explorers.training_replay.picture import three
from llmlab.explorers.training_replay.recorded import EVERY, recorded_runs
from llmlab.explorers.training_replay.values import NOT_YET, SIGNS, ReplayTrace, ScheduleFunction, compute

QUESTION = Question(
    "Why did the validation loss fall with this bug, and not rise?",
    (
        ("the validation text was read in training", False, "It was not, and a copy needs no text learned by heart."),
        (
            "it asks the same wrong question",
            True,
            "Validation goes through the same code: it too asks for the token just read. What the model writes tells.",
        ),
        ("it is measured too seldom", False, "It is measured every 10 steps, and each time it looks splendid."),
    ),
)


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

    sheet = "training_replay.css"
    heading = "Training replay"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = staticmethod(numbers.stand_in)
    schedule = learners_function()

    def __init__(self, schedule: ScheduleFunction | None = None) -> None:
        runs = recorded_runs()
        measurements = runs.validation.shape[1]
        super().__init__(
            title=self.heading,
            task=(
                "Your target: one run ends with a lower loss than all others, and nobody would want its text. Name its "
                "bug, and put the playhead where one could first have known: at the first validation loss that is "
                "lower than the healthy run's ever is."
            ),
            controls=[
                Choice("run", "Run", runs.letters, initial="A", quiet=True),
                Range("tens", "Up to", 1, measurements, initial=measurements, play=350, format="step {}0"),
                Choice("diagnosis", "What is wrong?", (NOT_YET, *sorted(SIGNS)), initial=NOT_YET, quiet=True),
                Toggle("logarithmic", "Logarithmic loss", initial=False),
            ],
            schedule=schedule,
        )

    def compute(self, state: dict[str, Any]) -> ReplayTrace:
        return compute(state, self.schedule)

    def note(self, trace: ReplayTrace) -> str:
        if trace.own_rates is None:
            return not_written(self.schedule, "only the recorded learning rates are shown")
        if trace.schedule_agrees:
            return ""
        step = int(np.argmin(np.isclose(trace.own_rates, trace.rate, rtol=1e-3, atol=0)))
        own, recorded = three(trace.own_rates[step]), three(trace.rate[step])
        name = name_of(self.schedule)
        return f"{name} differs from the recorded rates, first at step {step}: {own} instead of {recorded}."

    def target(self, trace: ReplayTrace) -> tuple[bool, str]:
        if not trace.is_lowest:
            return False, f"Not yet: another run ends with a lower loss than run {trace.run}."
        if trace.diagnosis is None:
            return False, f"Not yet: run {trace.run} has the lowest loss of all. What is wrong with it?"
        if not trace.right:
            return False, f"Not yet: run {trace.run} it is, but that is not its bug. Read its sample at every step."
        now = f"at step {trace.steps} the validation loss is {trace.validation[-1][1]:.2f}"
        from_here = trace.too_good_at
        if from_here is None or trace.steps < from_here:
            return False, f"Not yet: the bug it is, but {now}, and the healthy run gets lower than that."
        if trace.steps > from_here:
            return False, f"Not yet: the bug it is, but {now}, and one could have known before."
        return True, f"Reached: {now}, lower than the healthy run's ever is. A loss too good is a bug: {trace.cause}."

    def question(self, trace: ReplayTrace) -> Question:
        return QUESTION

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
