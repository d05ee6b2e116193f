"""What an exercise is, how it is found by its id, and what `check`, `hint`, `solution` and `progress` return.

A lesson is a folder `lesson_NN`, whose `EXERCISES` names its modules in order: the first is NN.1. A module holds one
`EXERCISE`, imported when it is asked for, so that a prediction needs no PyTorch. Prompt, stub and solution stand in the
lesson's source, from which `solutions.json` is built. How a learner's function is called: `probes`; how it all looks:
`view`.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Literal

from llmlab.exercises.engine.view import Note, as_html, as_text, sign

_EXERCISES = Path(__file__).resolve().parents[1]

Status = Literal["not_attempted", "passed", "failed", "error"]


@dataclass(frozen=True, repr=False)
class Result:
    """What a check found; a notebook shows it, `print` writes it as text.

    Attributes:
        status: "not_attempted", "passed", "failed" or "error".
        message: what was seen and what it means, one or more lines.
        misconception: id of the idea that is probably behind a failed answer, else None.
    """

    status: Status
    message: str
    misconception: str | None = None

    def __repr__(self) -> str:
        return as_text(self.status, self.message)

    def _repr_html_(self) -> str:
        return as_html(self.status, self.message)


@dataclass(frozen=True)
class Misconception:
    """An idea that leads to a wrong answer: what to say to it, and the section of the lesson that explains it."""

    sentence: str
    section: str = ""


# What can go wrong in any exercise with a function.
_COMMON = {
    "not-a-function": Misconception(
        "The check wants the function itself, to call it with values of its own: "
        "write its name without parentheses after it."
    ),
    "wrong-parameters": Misconception("The function takes other parameters than the exercise asks for."),
    "returns-none": Misconception("The function gave nothing back: is its `return` missing, or in the wrong place?"),
    "mutates-input": Misconception(
        "The function changed what it was given. Whoever called it still needs those values: build new ones instead."
    ),
    "endless-result": Misconception("The result does not come to an end: what stops the loop?"),
}

_UNCHANGED = "The cell still holds its `...` or its first version. Change it, run it, then run the check again."


@dataclass(eq=False, kw_only=True)
class Exercise:
    """One exercise: what it checks and what it says. `check`, `hint` and `solution` are for the learner.

    Attributes:
        id: lesson and number, "03.2"; given by the exercise's place among those of its lesson.
        title: what the header of the exercise says.
        kind: "function" when the answer is a function, "value" when it is a choice or a prediction.
        examine: the check function, a generator. It gets the learner's value in plain Python, or for a function a
            `Probe` to call, yields the name of each check that holds, and raises `Wrong` where one does not.
        means: one sentence on what a passed exercise means from now on.
        hints: a question, the idea, the line.
        variant: something to try next, shown below the solution.
        misconceptions: id -> what to say, for every id that `examine` raises.
    """

    title: str
    kind: Literal["function", "value"]
    examine: Callable[[Any], Iterator[str]] = field(repr=False)
    means: str = field(repr=False)
    hints: tuple[str, str, str] = field(repr=False)
    variant: str = field(repr=False)
    misconceptions: Mapping[str, Misconception] = field(repr=False)
    id: str = ""
    status: Status = field(default="not_attempted", init=False, repr=False)
    attempted: bool = field(default=False, init=False, repr=False)
    _hints_given: int = field(default=0, init=False, repr=False)

    def check(self, answer: Any) -> Result:
        """Check an answer: a function where one is to be written or mended, else a value. Never raises or prints."""
        try:
            result = self._judge(answer)
        except KeyboardInterrupt:
            result = Result(
                "error", "Interrupted before the check came to an end. Does a loop in your code never stop?"
            )
        except Exception as error:
            result = Result("error", f"The check itself cannot handle this answer ({type(error).__name__}): report it.")
        self.status = result.status
        self.attempted = self.attempted or result.status != "not_attempted"
        return result

    def untouched(self, answer: Any) -> bool:
        """Whether an answer is still blank, or a function still the one that the student notebook came with."""
        from llmlab.exercises.engine.probes import same_code

        return answer is None or answer is ... or same_code(answer, self._sources["stub"])

    def hint(self) -> Note:
        """The next hint: a question, then the idea, then the line. The last one is repeated."""
        last = self._hints_given >= len(self.hints)
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        heading = f"Hint {self._hints_given} of {len(self.hints)}" + (", the last one, again" if last else "")
        return Note(heading, self.hints[self._hints_given - 1])

    def solution(self, anyway: bool = False) -> Note:
        """One solution and a variant to try; it opens after a real attempt, or with `anyway=True`."""
        if not (self.attempted or anyway):
            return Note(
                f"Solution of {self.id}",
                "It opens after your first real attempt: run the check once with a try of your own, "
                f'or write `exercise("{self.id}").solution(anyway=True)`.',
            )
        return Note(
            f"One solution of {self.id}", "There are others.", self._sources["solution"], f"To try next: {self.variant}"
        )

    @property
    def _sources(self) -> dict[str, str]:
        return _solutions().get(self.id, {"stub": "", "solution": "(missing: build the notebooks to write it)"})

    def _judge(self, answer: Any) -> Result:
        from llmlab.exercises.engine import probes

        if self.untouched(answer):
            return Result("not_attempted", _UNCHANGED)
        if self.kind == "value":
            probe = probes.Probe(lambda: answer)
        elif not callable(answer):
            return self._failed("not-a-function", f"It got a value of type `{type(answer).__name__}`.")
        else:
            probe = probes.Probe(answer)
        try:
            subject = probe(shown="reading your answer") if self.kind == "value" else probe
            held = list(self.examine(subject))
        except probes.Blank:
            return Result("not_attempted", "A `...` is still in your answer: put your own in its place.")
        except probes.Wrong as wrong:
            return self._failed(wrong.misconception, wrong.shown, _printed(probe.printed))
        except probes.Raised as raised:
            return Result("error", f"{raised}{_printed(probe.printed)}")
        count = f"{len(held)} of {len(held)} visible checks hold: {'; '.join(held)}."
        return Result("passed", f"{count}\n{self.means}")

    def _failed(self, misconception: str, shown: str, printed: str = "") -> Result:
        idea = {**_COMMON, **self.misconceptions}[misconception]
        see = f"See '{idea.section}'." if idea.section else ""
        return Result("failed", "\n".join(filter(None, (idea.sentence, shown, see))) + printed, misconception)


def _printed(text: str) -> str:
    return f"\nYour code printed: {text.strip()}" if text.strip() else ""


class UnknownExercise(KeyError):
    """There is no such exercise; the message lists those that there are."""

    def __str__(self) -> str:  # KeyError would put the sentence in quotes
        return self.args[0]


def exercise(exercise_id: str) -> Exercise:
    """The exercise with this id, for example `exercise("03.2")`; always the same object in one kernel.

    Raises:
        TypeError: the id is not a str.
        UnknownExercise: a KeyError; there is no such exercise.

    >>> exercise("03.2").title
    'Write the windows'
    """
    if not isinstance(exercise_id, str):
        raise TypeError(f'an exercise id is text such as "03.2", got {exercise_id!r}: put it in quotes')
    lesson, _, _ = exercise_id.partition(".")
    there = modules(lesson)
    if exercise_id not in there:
        raise UnknownExercise(f"there is no exercise {exercise_id!r}: lesson {lesson} has {', '.join(there)}")
    return _load(lesson, exercise_id)


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
    exercises = of_lesson(lesson)
    return Progress(
        lesson=lesson,
        states=tuple((one.id, one.title, one.status) for one in exercises),
        attempted=sum(one.attempted for one in exercises),
        passed=sum(one.status == "passed" for one in exercises),
    )


def lessons() -> list[str]:
    """Numbers of the lessons that have exercises.

    >>> "03" in lessons()
    True
    """
    names = (module.name for module in pkgutil.iter_modules([str(_EXERCISES)]))
    return sorted(name.removeprefix("lesson_") for name in names if re.fullmatch(r"lesson_\d\d", name))


def modules(lesson: str) -> dict[str, str]:
    """For each exercise of a lesson, in order, the name of its module.

    Raises:
        UnknownExercise: there are no exercises for that lesson.

    >>> modules("03")["03.2"]
    'make_windows'
    """
    if lesson not in lessons():
        raise UnknownExercise(f"there is no lesson {lesson!r} with exercises: there are {', '.join(lessons())}")
    names = importlib.import_module(f"llmlab.exercises.lesson_{lesson}").EXERCISES
    return {f"{lesson}.{number}": name for number, name in enumerate(names, start=1)}


def answer_names() -> dict[str, tuple[str, ...]]:
    """For each exercise of the course, the names under which a notebook holds its answer.

    They are what the last statement of the exercise's cell binds. No lesson module is loaded, and so no PyTorch.

    >>> answer_names()["03.2"], answer_names()["03.3"]
    (('make_windows',), ('trained_at_stride_4', 'trained_at_stride_5'))
    """
    return {id: _bound_last(sources["stub"]) for id, sources in sorted(_solutions().items())}


def _bound_last(source: str) -> tuple[str, ...]:
    last = ast.parse(source).body[-1]
    if isinstance(last, ast.FunctionDef | ast.ClassDef):
        return (last.name,)
    return tuple(node.id for node in ast.walk(last) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))


def of_lesson(lesson: str) -> tuple[Exercise, ...]:
    """All exercises of a lesson, in order.

    Raises:
        UnknownExercise: there are no exercises for that lesson.
    """
    return tuple(_load(lesson, id) for id in modules(lesson))


@cache
def _load(lesson: str, id: str) -> Exercise:
    one = importlib.import_module(f"llmlab.exercises.lesson_{lesson}.{modules(lesson)[id]}").EXERCISE
    one.id = id
    return one


@cache
def _solutions() -> dict[str, dict[str, str]]:
    path = _EXERCISES / "solutions.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
