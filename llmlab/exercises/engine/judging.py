"""From an answer to a `Result`: what is looked at before the exercise's own check, and what is said of its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlab.exercises.engine.calling import Answer, Look, Stop
from llmlab.exercises.engine.common_crashes import COMMON_CRASHES
from llmlab.exercises.engine.crashes import explain
from llmlab.exercises.engine.probes import Probe, value_of
from llmlab.exercises.engine.result import Misconception, Result
from llmlab.exercises.engine.verdicts import Blank, Raised, Wrong

if TYPE_CHECKING:
    from llmlab.exercises.engine.exercise import Exercise

# What can go wrong in any exercise with a function.
COMMON = {
    "not-a-function": Misconception(
        "The check wants the function itself, to call it with values of its own: "
        "write its name without parentheses after it."
    ),
    "not-the-class": Misconception(
        "The check wants the class itself, to make objects of its own from it: write its name without parentheses "
        "after it."
    ),
    "wrong-parameters": Misconception("The function takes other parameters than the exercise asks for."),
    "yield-for-return": Misconception(
        "The function has a `yield` where the exercise asks for a `return`. Calling it gives a generator, which has "
        "computed nothing yet: collect the values in a list, and `return` that."
    ),
    "read-once": Misconception(
        "What `map`, `filter`, `zip` or `(... for ...)` give can be read only once, and has no length: wrap it in "
        "`list(...)`, or in what else the exercise asks for."
    ),
    "returns-none": Misconception("The function gave nothing back: is its `return` missing, or in the wrong place?"),
    "mutates-input": Misconception(
        "The function changed what it was given. Whoever called it still needs those values: build new ones instead."
    ),
    "endless-result": Misconception("The result does not come to an end: what stops the loop?"),
}


def judge(exercise: Exercise, answer: Answer, look: Look) -> Result:
    """What the exercise's check finds in an answer that is not blank, and that looks like `look`.

    Raises:
        Exception: the check itself does not stand this answer.
    """
    printed = ""
    try:
        if exercise.kind == "value":
            held = list(exercise.examine(value_of(answer.value())))
        elif look.made:
            raise Wrong("not-the-class", f"It got one `{look.kind}` made from it.")
        elif not look.callable:
            raise Wrong("not-a-function", f"It got a value of type `{look.kind}`.")
        else:
            probe = Probe(answer, look.name)
            if look.generator:
                raise Wrong("yield-for-return", f"`{probe.name}(...)` gives a `generator` object.")
            try:
                held = list(exercise.examine(probe))
            finally:
                printed = f"\nYour code printed: {probe.printed.strip()}" if probe.printed.strip() else ""
    except Blank:
        return Result("not_attempted", "A `...` is still in your answer: put your own in its place.")
    except Wrong as wrong:
        idea = {**COMMON, **exercise.misconceptions}[wrong.misconception]
        return Result("failed", _lines(idea.sentence, wrong.shown, _see(idea.section)) + printed, wrong.misconception)
    except Raised as raised:
        return _crashed(exercise, raised, printed)
    names = "; ".join(held)
    count = {1: "The check holds", 2: "Both checks hold"}.get(len(held), f"All {len(held)} checks hold")
    reason = f"Compare your reason with this one: {exercise.model_answer}" if exercise.model_answer else ""
    return Result("passed", _lines(f"{count}: {names}.", exercise.means, reason))


def stopped(stop: Stop) -> Result:
    """What is said of a check that did not come to its end, stopped by a limit or by the learner."""
    if not stop.id:
        return Result("error", "Interrupted before the check came to an end. Does a loop in your code never stop?")
    ended = f"The check stopped your code. {stop.what}: does your loop end?"
    if not stop.own:
        ended = f"The check was stopped. {stop.what}. Is the result far larger than what was asked for?"
    return Result("error", _lines(ended, stop.line), stop.id)


def _crashed(exercise: Exercise, raised: Raised, printed: str) -> Result:
    # An error that the learner's own `raise` made says what the learner put there: nothing common can be known of it.
    crashes = (*exercise.crashes, *(() if raised.seen.on_purpose else COMMON_CRASHES))
    explained = explain(raised.seen, crashes, raised.fresh)
    if explained is None:
        return Result("error", f"{raised}{printed}")
    crash, sentence = explained
    return Result("error", _lines(str(raised), sentence, _see(crash.section)) + printed, crash.id)


def _see(section: str) -> str:
    return f"See '{section}'." if section else ""


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))
