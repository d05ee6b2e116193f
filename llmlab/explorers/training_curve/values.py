"""The values of the growing curve: a run up to its latest measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
        losses: of each step so far.
        seconds_left: of the whole run, as fast as it has been so far; None before a second measurement.
        sample: what the model wrote at the last measurement; None where nothing writes.
        ghost: pairs (steps done, validation loss) of another run, to compare with; empty without one.
    """

    steps: int
    done: int
    loss: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    goal: float
    logarithmic: bool
    losses: tuple[float, ...] = ()
    seconds_left: float | None = None
    sample: str | None = None
    ghost: tuple[tuple[int, float], ...] = ()

    @property
    def reached_at(self) -> int | None:
        """Steps done when the validation loss was first at the goal or below."""
        return next((step for step, value in self.validation if value <= self.goal), None)

    @property
    def group(self) -> int:
        """Over how many of the last steps the loss of the batches is averaged: to the last measurement, at most 25."""
        before = self.validation[-2][0] if len(self.validation) > 1 else 0
        return min(max(self.done - before, 1), 25)

    @property
    def batches(self) -> float | None:
        """The mean loss of the last batches."""
        recent = self.losses[-self.group :]
        return sum(recent) / len(recent) if recent else None


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
        state: axis, "linear" or "logarithmic".
        steps: how many there are to be.
        goal: the validation loss to reach.
        loss: of each step so far.
        validation: pairs (steps done, validation loss).
        **others: seconds_left, sample and ghost, as in the trace.
    """
    group = -(-max(steps, len(loss)) // MOST_POINTS)  # rounded up
    parts = [loss[start : start + group] for start in range(0, len(loss), group)]
    ends = [min((number + 1) * group, len(loss)) for number in range(len(parts))]
    return CurveTrace(
        steps=steps,
        done=len(loss),
        loss=tuple((end, sum(part) / len(part)) for end, part in zip(ends, parts, strict=True)),
        validation=tuple(validation),
        goal=goal,
        logarithmic=state["axis"] == "logarithmic",
        losses=tuple(loss),
        **others,
    )
