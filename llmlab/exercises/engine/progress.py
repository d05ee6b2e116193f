"""Where the learner stands in a lesson: `progress("03")` at its end."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from html import escape
from typing import overload

from llmlab.course.progress import store
from llmlab.exercises.engine.catalogue import lessons, listed, listed_in_notebook, loaded
from llmlab.exercises.engine.result import Status
from llmlab.exercises.engine.view import anchor_of, box, sign, spelled
from llmlab.utils.edition import CURRENT, edition


@dataclass(frozen=True, repr=False)
class Progress:
    """Where the learner stands in one lesson, at the moment of the call.

    Attributes:
        lesson: its number, "03".
        states: (id, title, status) of each exercise.
        attempted: how many have had a real attempt.
        passed: how many are passed.
        next_lesson: the number of the lesson after it, "" for the last one.
        news: a sentence on the file where progress is kept, if something is wrong with it.
    """

    lesson: str
    states: tuple[tuple[str, str, Status], ...]
    attempted: int
    passed: int
    next_lesson: str = ""
    news: str = ""

    @property
    def open(self) -> int:
        """How many exercises have not passed, or not yet."""
        return len(self.states) - self.passed

    def __repr__(self) -> str:
        lines = [f"  {name}  {sign(status):<16}{title.replace('`', '')}" for name, title, status in self.states]
        return "\n".join(filter(None, [self._summary(), *lines, self._next(), self.news]))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<li>{self._link(id, title)} ({sign(status)})</li>"
            for id, title, status in self.states
            if status != "passed"
        )
        # Decoration: the summary says the same in words.
        done = round(100 * self.passed / len(self.states))
        bar = (
            '<div style="height: 8px; max-width: 300px; margin: 6px 0px; background-color: rgba(117, 117, 117, 0.3)">'
            f'<div style="height: 8px; width: {done}%; background-color: #2e7d32"></div></div>'
        )
        still = f'<p style="margin: 4px 0px">Open:</p><ul style="margin: 0px">{rows}</ul>' if rows else ""
        after = "".join(f'<p style="margin: 4px 0px">{escape(line)}</p>' for line in (self._next(), self.news) if line)
        return box("note", f"<strong>{escape(self._summary())}</strong>{bar}{still}{after}")

    def _summary(self) -> str:
        return (
            f"Lesson {self.lesson}, {len(self.states)} exercises: "
            f"{self.attempted} attempted, {self.passed} passed, {self.open} open"
        )

    def _next(self) -> str:
        first = next((id for id, _, status in self.states if status != "passed"), "")
        if first:
            return f"Next: exercise {first}."
        return (
            f"All passed. Next: lesson {self.next_lesson}." if self.next_lesson else "All passed, in the last lesson."
        )

    @staticmethod
    def _link(id: str, title: str) -> str:
        """An exercise, as a link to its place in the notebook; those of old have other numbers."""
        name = f"{id} · {spelled(title)}"
        return f'<a href="#{anchor_of(id)}">{name}</a>' if edition() == CURRENT else name


@dataclass(frozen=True, repr=False)
class Overview:
    """Where the learner stands in the whole course, at the moment of the call.

    Attributes:
        lessons: how far each lesson has come, in order.
    """

    lessons: tuple[Progress, ...]

    @property
    def passed(self) -> int:
        """Exercises passed, in all lessons."""
        return sum(one.passed for one in self.lessons)

    def __repr__(self) -> str:
        return "\n".join([self._summary(), *(f"  {one.lesson}  {_squares(one)}" for one in self.lessons)])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align: left">{one.lesson}</td>'
            f'<td style="text-align: left; letter-spacing: 2px" aria-hidden="true">{_squares(one)}</td>'
            f'<td style="text-align: left">{one.passed} of {len(one.states)} passed</td></tr>'
            for one in self.lessons
        )
        head = "".join(f'<th scope="col" style="text-align: left">{name}</th>' for name in ("lesson", "", "exercises"))
        signs = '<p style="margin: 4px 0px">■ passed, ◪ tried, □ open</p>'
        return box("note", f"<strong>{escape(self._summary())}</strong><table><tr>{head}</tr>{rows}</table>{signs}")

    def _summary(self) -> str:
        whole = sum(one.open == 0 for one in self.lessons)
        exercises = sum(len(one.states) for one in self.lessons)
        return (
            f"The course: {self.passed} of {exercises} exercises passed, {whole} of {len(self.lessons)} lessons "
            "complete"
        )


def _squares(one: Progress) -> str:
    """A square for each exercise of a lesson: passed, tried or open."""
    return "".join({"passed": "■", "not_attempted": "□"}.get(status, "◪") for _, _, status in one.states)


@overload
def progress(lesson: None = None) -> Overview: ...
@overload
def progress(lesson: str) -> Progress: ...
def progress(lesson: str | None = None) -> Progress | Overview:
    """Attempted, passed and open exercises of a lesson, for example `progress("03")`; without a number, of all lessons.

    For what has been checked in this kernel the latest check counts, for the others the best that is kept from earlier
    sessions. It is kept on this machine alone: `llmlab progress` shows all lessons and says where.

    Raises:
        TypeError: the number is not a str.
        UnknownExercise: a KeyError; there are no exercises for that lesson.
    """
    if lesson is None:
        return Overview(tuple(progress(number) for number in lessons()))
    if not isinstance(lesson, str):
        raise TypeError(f'a lesson is named by text such as "03", got {lesson!r}: put it in quotes')
    kept = store()
    states: list[tuple[str, str, Status]] = []
    standings, attempted = kept.standings(), 0
    for id, (_, title) in listed_in_notebook(lesson).items():
        one, before = loaded(id), standings.get(id)
        here = one.status if one else "not_attempted"
        status = before.best if before and here == "not_attempted" else here
        states.append((id, title, status))
        attempted += status != "not_attempted" or bool(one and one.attempted)
    later = (number for number in lessons() if number > lesson and edition() == CURRENT)
    return Progress(
        lesson=lesson,
        states=tuple(states),
        attempted=attempted,
        passed=sum(status == "passed" for _, _, status in states),
        next_lesson=next(later, ""),
        news=kept.news(),
    )


def print_progress() -> int:
    """Print how far each lesson has come, from what is kept on this machine, and where that is; returns 0."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # for a terminal whose encoding lacks a letter, as that of Windows may
    kept = store()
    standings = kept.standings()
    for lesson in lessons():
        there = listed(lesson)
        passed = [id for id in there if id in standings and standings[id].best == "passed"]
        bar = "".join("■" if id in passed else "◪" if id in standings else "□" for id in there)
        first = next((f"{id} {title}".replace("`", "") for id, (_, title) in there.items() if id not in passed), "")
        print(f"{lesson}  {bar:<8}{len(passed)} of {len(there)} passed{f'   next: {first}' if first else ''}")
    print("\n■ passed   ◪ tried   □ open")
    where = f"It is kept in {kept.path} and sent nowhere." if kept.path else "Nothing is kept on this machine."
    print("\n".join(filter(None, [where, kept.news()])))
    return 0
