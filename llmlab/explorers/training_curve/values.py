"""The values of the growing curve: a run up to its latest measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

MOST_POINTS = 150  # of the loss of the batches: more steps are averaged in groups
MOST_STOPS = 40  # where a finished run can be looked at: of more measurements every second, third ... is one
LAST = "last"  # what a run is looked at while it grows


@dataclass(frozen=True)
class CurveTrace:
    """A run up to its latest measurement, and the step of it that is looked at.

    Attributes:
        steps: how many there are to be.
        done: how many there have been.
        at: the step that is looked at; the last one, unless the run is finished.
        stops: those that can be: the measurements, and the last step.
        loss: pairs (steps done, mean loss of the batches since the pair before).
        validation: pairs (steps done, validation loss).
        goal: the validation loss to reach.
        logarithmic: whether the loss axis is.
        losses: of each step so far.
        seconds_left: of the whole run, as fast as it has been so far; None before a second measurement.
        samples: pairs (steps done, what the model wrote then); None where nothing writes.
        ghost: pairs (steps done, validation loss) of another run, to compare with; empty without one.
    """

    steps: int
    done: int
    at: int
    stops: tuple[int, ...]
    loss: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    goal: float
    logarithmic: bool
    losses: tuple[float, ...] = ()
    seconds_left: float | None = None
    samples: tuple[tuple[int, str], ...] | None = None
    ghost: tuple[tuple[int, float], ...] = ()

    @property
    def reached_at(self) -> int | None:
        """Steps done when the validation loss was first at the goal or below."""
        return next((step for step, value in self.validation if value <= self.goal), None)

    @property
    def finished(self) -> bool:
        return self.done >= self.steps

    def seen_at(self, step: int) -> CurveTrace:
        """The same run, looked at where it was after `step` steps."""
        return replace(self, at=step)

    @property
    def seen(self) -> tuple[tuple[int, float], ...]:
        """The pairs of `validation` up to the step that is looked at."""
        return tuple(pair for pair in self.validation if pair[0] <= self.at)

    @property
    def group(self) -> int:
        """Over how many steps the loss of the batches is averaged: since the measurement before, at most 25."""
        before = self.seen[-2][0] if len(self.seen) > 1 else 0
        return min(max(self.at - before, 1), 25)

    @property
    def batches(self) -> float | None:
        """The mean loss of the last batches before the step that is looked at."""
        recent = self.losses[max(self.at - self.group, 0) : self.at]
        return sum(recent) / len(recent) if recent else None

    @property
    def sample(self) -> tuple[int, str] | None:
        """After which step the model wrote last, and what; None where nothing writes."""
        if self.samples is None:
            return None
        return next((pair for pair in reversed(self.samples) if pair[0] <= self.at), (0, ""))


def compute(
    state: dict[str, Any],
    steps: int,
    goal: float,
    loss: Sequence[float],
    validation: Sequence[tuple[int, float]],
    **others: Any,
) -> CurveTrace:
    """The trace of a state of the growing curve.

    Args:
        state: axis, "linear" or "logarithmic", and upto, the number of a stop, from 1; one beyond the last, or of a
            run that is not finished, means the last step.
        steps: how many there are to be.
        goal: the validation loss to reach.
        loss: of each step so far.
        validation: pairs (steps done, validation loss).
        **others: seconds_left, samples and ghost, as in the trace.
    """
    group = -(-max(steps, len(loss)) // MOST_POINTS)  # rounded up
    parts = [loss[start : start + group] for start in range(0, len(loss), group)]
    ends = [min((number + 1) * group, len(loss)) for number in range(len(parts))]
    done, stops = len(loss), stops_of([step for step, _ in validation] or ends, len(loss))
    chosen = len(stops) if state.get("upto", LAST) == LAST or done < steps else int(state["upto"])
    return CurveTrace(
        steps=steps,
        done=done,
        at=stops[chosen - 1] if chosen < len(stops) else done,
        stops=stops,
        loss=tuple((end, sum(part) / len(part)) for end, part in zip(ends, parts, strict=True)),
        validation=tuple(validation),
        goal=goal,
        logarithmic=state["axis"] == "logarithmic",
        losses=tuple(loss),
        **others,
    )


def stops_of(measured: Sequence[int], done: int) -> tuple[int, ...]:
    """Steps at which a run can be looked at: where it was measured, at most `MOST_STOPS`, and where it ended.

    >>> stops_of([10, 20, 30], 35), stops_of([], 0)
    ((10, 20, 30, 35), ())
    """
    every = sorted({*measured, done} - {0})
    stride = -(-len(every) // MOST_STOPS)
    return tuple(every[::-1][:: max(stride, 1)][::-1])
