"""Where the learner stands in a lesson."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from llmlab.exercises.engine.catalogue import listed, loaded
from llmlab.exercises.engine.result import Status
from llmlab.exercises.engine.view import sign


@dataclass(frozen=True, repr=False)
class Progress:
    """Where the learner stands in one lesson, in this kernel, at the moment of the call.

    Attributes:
        lesson: its number, "03".
        states: (id, title, status) of each exercise; the status is that of its latest check.
        attempted: how many have had a real attempt.
        passed: how many passed their latest check.
    """

    lesson: str
    states: tuple[tuple[str, str, Status], ...]
    attempted: int
    passed: int

    @property
    def open(self) -> int:
        """How many exercises have not passed, or not yet."""
        return len(self.states) - self.passed

    def __repr__(self) -> str:
        lines = [f"  {name}  {sign(status):<16}{title}" for name, title, status in self.states]
        return "\n".join([self._summary(), *lines])

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{escape(f'{name} {sign(status)} · {title}')}</li>" for name, title, status in self.states)
        return f"<div><strong>{escape(self._summary())}</strong><ul>{rows}</ul></div>"

    def _summary(self) -> str:
        return (
            f"Lesson {self.lesson}, {len(self.states)} exercises: "
            f"{self.attempted} attempted, {self.passed} passed, {self.open} open"
        )


def progress(lesson: str) -> Progress:
    """Attempted, passed and open exercises of a lesson, for example `progress("03")`; kept in this kernel only.

    Raises:
        TypeError: the number is not a str.
        UnknownExercise: a KeyError; there are no exercises for that lesson.
    """
    if not isinstance(lesson, str):
        raise TypeError(f'a lesson is named by text such as "03", got {lesson!r}: put it in quotes')
    titles = {id: title for id, (_, title) in listed(lesson).items()}
    there = {id: loaded(id) for id in titles}
    states = tuple((id, title, there[id].status if there[id] else "not_attempted") for id, title in titles.items())
    return Progress(
        lesson=lesson,
        states=states,
        attempted=sum(one.attempted for one in there.values() if one),
        passed=sum(status == "passed" for _, _, status in states),
    )
