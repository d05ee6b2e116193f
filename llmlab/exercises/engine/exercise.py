"""What an exercise is: a check and what it says, and `check`, `hint`, `solution` for the learner.

How an answer is judged: `judging`; how a learner's function is called: `probes`; how it all looks: `view`; how an
exercise is found by its id: `catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from llmlab.course.progress import store
from llmlab.exercises.engine.calling import Answer, LocalAnswer
from llmlab.exercises.engine.containment import usual_settings
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.judging import COMMON, judge, stopped
from llmlab.exercises.engine.result import Misconception, Result, Status
from llmlab.exercises.engine.sources import sources
from llmlab.exercises.engine.view import Note
from llmlab.utils.memory_limit import MemoryLimit
from llmlab.utils.time_limit import TimeLimit

__all__ = ["COMMON", "Exercise"]

SECONDS = 10.0  # for one check
MEGABYTES = 1000  # by which the kernel may grow in one check
TRIES = 3  # after so many the box offers the solution

_UNCHANGED = "The cell still holds its `...` or its first version. Change it, run it, then run the check again."
_NONE = {
    "value": "The answer is `None`. That stands where nothing was written yet, and is what a call gives that has "
    "nothing to give back, such as `print(...)`. Write the answer itself.",
    "function": "The check got `None`, not a function. Was the result of a call handed over, which gave nothing back? "
    "Write the function's name alone.",
}


@dataclass(eq=False, kw_only=True)
class Exercise:
    """One exercise: what it checks and what it says. `check`, `hint` and `solution` are for the learner.

    Attributes:
        id: lesson and number, "03.2", and
        title: what the header says; both are given by the exercise's place in its lesson's list.
        kind: "function" when the answer is a function, "value" when it is a choice or a prediction.
        examine: the check function, a generator. It gets the learner's value in plain Python, or for a function a
            `Probe` to call, yields the name of each check that holds, and raises `Wrong` where one does not.
        means: one sentence on what a passed exercise means from now on.
        hints: a question, the idea, the line.
        variant: something to try next, shown below the solution.
        misconceptions: id -> what to say, for every id that `examine` raises.
        crashes: what an exception of the learner's code mostly means in this exercise; the first that fits is said,
            and those that are common to all exercises come after them.
        model_answer: a reason to compare one's own with, where the exercise asks to explain; shown once it passed.
    """

    kind: Literal["function", "value"]
    examine: Callable[[Any], Iterator[str]] = field(repr=False)
    means: str = field(repr=False)
    hints: tuple[str, str, str] = field(repr=False)
    variant: str = field(repr=False)
    misconceptions: Mapping[str, Misconception] = field(repr=False)
    crashes: Sequence[Crash] = field(default=(), repr=False)
    model_answer: str = field(default="", repr=False)
    id: str = ""
    title: str = ""
    status: Status = field(default="not_attempted", init=False, repr=False)
    attempted: bool = field(default=False, init=False, repr=False)
    _tries: int = field(default=0, init=False, repr=False)
    _hints_given: int = field(default=0, init=False, repr=False)

    def check(self, answer: Any, *, seconds: float = SECONDS) -> Result:
        """Check an answer: a function where one is to be written or mended, else a value. Never raises or prints.

        Code that does not end is stopped after `seconds`, and code that fills the memory before the kernel dies of it.
        One single call into compiled code cannot be stopped, however long it takes or whatever it fills, such as
        `list(range(10**10))`: interrupt or restart the kernel then.
        """
        local = LocalAnswer(answer)
        try:
            with TimeLimit(seconds), MemoryLimit(MEGABYTES):
                result = self.judged(local)
        except KeyboardInterrupt as reason:
            result = stopped(local.stop(reason))
        except Exception as error:
            result = Result("error", f"The check itself cannot handle this answer ({type(error).__name__}): report it.")
        self.status = result.status
        if result.status != "not_attempted":
            self.attempted, self._tries = True, self._tries + 1
        return self._dressed(result)

    def judged(self, answer: Answer) -> Result:
        """What the check finds, wherever the answer is; nothing is kept of it.

        Raises:
            Exception: the check itself does not stand this answer.
        """
        look = answer.look(self._sources["stub"])
        if look.none:
            return Result("not_attempted", _NONE[self.kind])
        if look.untouched:
            return Result("not_attempted", _UNCHANGED)
        with usual_settings():
            return judge(self, answer, look)

    def untouched(self, answer: Any) -> bool:
        """Whether an answer is still blank, or a function still the one that the student notebook came with."""
        return LocalAnswer(answer).look(self._sources["stub"]).untouched

    def hint(self) -> Note:
        """The next hint: a question, then the idea, then the line. The last one is repeated."""
        last = self._hints_given >= len(self.hints)
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        heading = f"Hint {self._hints_given} of {len(self.hints)}" + (", the last one, again" if last else "")
        return Note(heading, self.hints[self._hints_given - 1])

    def solution(self, anyway: bool = False) -> Note:
        """A solution and a variant to try; it opens after a real attempt, or with `anyway=True`."""
        if self.attempted or anyway:
            return self._solution
        return Note(
            f"Solution of {self.id}",
            "It opens after your first real attempt: run the check once with a try of your own, "
            f'or write `exercise("{self.id}").solution(anyway=True)`.',
        )

    @property
    def _solution(self) -> Note:
        one_of_many = self.kind == "function"
        return Note(
            f"{'One solution' if one_of_many else 'Solution'} of {self.id}",
            "There are others." if one_of_many else "",
            self._sources["solution"],
            f"To try next: {self.variant}",
        )

    @property
    def _sources(self) -> dict[str, str]:
        return sources().get(self.id, {"stub": "", "solution": "(missing: build the notebooks to write it)"})

    def _dressed(self, result: Result) -> Result:
        """The result as it is shown: kept on disk, with what stands folded under it."""
        kept = store()
        standing = kept.add(self.id, result.status) if self.id and result.status != "not_attempted" else None
        tries = standing.tries if standing else self._tries
        passed = result.status == "passed"
        hints = () if passed else tuple(Note(f"Hint {n} of {len(self.hints)}", h) for n, h in enumerate(self.hints, 1))
        solution = (self._solution,) if passed or tries >= TRIES else ()
        message = "\n".join(filter(None, (result.message, kept.news())))
        return replace(result, message=message, folded=hints + solution, exercise=self.id)
