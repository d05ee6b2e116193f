"""What an exercise is: a check and what it says, and `check`, `hint`, `solution` for the learner.

How a learner's function is called: `probes`; how it all looks: `view`; how an exercise is found by its id: `catalogue`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from llmlab.exercises.engine.crashes import Crash, explain
from llmlab.exercises.engine.probes import Probe
from llmlab.exercises.engine.result import Misconception, Result, Status
from llmlab.exercises.engine.source_code import same_code
from llmlab.exercises.engine.sources import sources
from llmlab.exercises.engine.verdicts import Blank, Raised, Wrong
from llmlab.exercises.engine.view import Note

# What can go wrong in any exercise with a function.
COMMON = {
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
        id: lesson and number, "03.2", and
        title: what the header says; both are given by the exercise's place in its lesson's list.
        kind: "function" when the answer is a function, "value" when it is a choice or a prediction.
        examine: the check function, a generator. It gets the learner's value in plain Python, or for a function a
            `Probe` to call, yields the name of each check that holds, and raises `Wrong` where one does not.
        means: one sentence on what a passed exercise means from now on.
        hints: a question, the idea, the line.
        variant: something to try next, shown below the solution.
        misconceptions: id -> what to say, for every id that `examine` raises.
        crashes: what an exception of the learner's code mostly means in this exercise; the first that fits is said.
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
        return sources().get(self.id, {"stub": "", "solution": "(missing: build the notebooks to write it)"})

    def _judge(self, answer: Any) -> Result:
        if self.untouched(answer):
            return Result("not_attempted", _UNCHANGED)
        if self.kind == "value":
            probe = Probe(lambda: answer)
        elif not callable(answer):
            return self._failed("not-a-function", f"It got a value of type `{type(answer).__name__}`.")
        else:
            probe = Probe(answer)
        try:
            subject = probe(shown="reading your answer") if self.kind == "value" else probe
            held = list(self.examine(subject))
        except Blank:
            return Result("not_attempted", "A `...` is still in your answer: put your own in its place.")
        except Wrong as wrong:
            return self._failed(wrong.misconception, wrong.shown, _printed(probe.printed))
        except Raised as raised:
            return self._crashed(raised, _printed(probe.printed))
        lines = [f"{_holding(held)}: {'; '.join(held)}.", self.means]
        if self.model_answer:
            lines.append(f"Compare your reason with this one: {self.model_answer}")
        return Result("passed", "\n".join(lines))

    def _crashed(self, raised: Raised, printed: str) -> Result:
        explained = explain(raised.error, self.crashes) if raised.error else None
        if explained is None:
            return Result("error", f"{raised}{printed}")
        crash, sentence = explained
        see = f"See '{crash.section}'." if crash.section else ""
        return Result("error", "\n".join(filter(None, (str(raised), sentence, see))) + printed, crash.id)

    def _failed(self, misconception: str, shown: str, printed: str = "") -> Result:
        idea = {**COMMON, **self.misconceptions}[misconception]
        see = f"See '{idea.section}'." if idea.section else ""
        return Result("failed", "\n".join(filter(None, (idea.sentence, shown, see))) + printed, misconception)


def _holding(held: list[str]) -> str:
    return {1: "The check holds", 2: "Both checks hold"}.get(len(held), f"All {len(held)} checks hold")


def _printed(text: str) -> str:
    return f"\nYour code printed: {text.strip()}" if text.strip() else ""
