"""The process in which answers are judged. No code of a submission ever runs in it.

It reads lines from its input: which exercise to judge, then what the submission's process replied. It writes lines:
what to ask of that process, and at the end the verdict. The grader carries the lines between the two and can end
either. What comes from a submission is plain data, whatever it claims to be: texts are cut, types are looked at, an
unknown misconception is no verdict.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from typing import Any

from llmlab.exercises.engine.calling import Call, Look, Outcome, Stop
from llmlab.exercises.engine.catalogue import of_lesson
from llmlab.exercises.engine.crashes import Seen
from llmlab.exercises.engine.exercise import SECONDS, Exercise
from llmlab.exercises.engine.judging import stopped
from llmlab.exercises.engine.result import Result
from llmlab.exercises.engine.sources import sources
from llmlab.exercises.engine.wire import from_text, to_text
from llmlab.instructors.grade.notebooks import mark_of
from llmlab.utils.time_limit import TimeLimit

_LONGEST_TEXT = 5_000  # characters of anything that a submission says
_OWN_SECONDS = 60.0  # for what a check computes itself
_MEGABYTES = 4000  # of private memory: what an answer gives back may be large, or only claim to be

# What a check says of code that it had to stop -> the status of the row.
_STOPPED = {"not-finished": "timeout", "memory-filled": "out_of_memory"}


class Gone(Exception):
    """The submission's process does not answer any more."""


class StoppedThere(KeyboardInterrupt):
    """The submission's process stopped the call at a limit.

    Attributes:
        stop: what it said of that.
    """

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop.what)
        self.stop = stop


class RemoteAnswer:
    """An answer in another process, asked over this process's own input and output.

    Args:
        id: the exercise.
    """

    def __init__(self, id: str) -> None:
        self._id, self._end = id, time.monotonic() + SECONDS

    def look(self, stub: str) -> Look:
        """What can be told without calling it."""
        seen = self._ask("look", stub=stub)["look"]
        name, kind = _text(seen["name"]), _text(seen["kind"])
        return Look(
            name=name if name.isidentifier() else "your function",
            kind=kind,
            none=seen["none"] is True,
            untouched=seen["untouched"] is True,
            callable=seen["callable"] is True,
            generator=seen["generator"] is True,
            made=seen["made"] is True,
        )

    def value(self) -> Outcome:
        """The answer itself, as plain values."""
        return _outcome(self._ask("value")["outcome"])

    def call(self, call: Call) -> Outcome:
        """Call it."""
        return _outcome(self._ask("call", call=to_text(vars(call)))["outcome"])

    def stop(self, reason: KeyboardInterrupt) -> Stop:
        """What is known of the end of a check that was stopped."""
        return reason.stop if isinstance(reason, StoppedThere) else Stop("not-finished", str(reason), False, "")

    def _ask(self, do: str, **more: str) -> dict[str, Any]:
        left = max(0.1, self._end - time.monotonic())
        _say({"ask": json.dumps({"id": self._id, "do": do, "seconds": left, **more})})
        line = sys.stdin.readline()
        if not line:
            raise SystemExit  # the grader is gone
        heard = json.loads(line)
        if "reply" not in heard:
            raise Gone
        seen = from_text(heard["reply"])
        if not isinstance(seen, dict):
            raise ValueError("a reply is a dictionary")
        if "stop" in seen:
            told = seen["stop"]
            id = told["id"] if told["id"] in _STOPPED else "not-finished"
            raise StoppedThere(Stop(id, _text(told["what"]), told["own"] is True, _text(told["line"])))
        return seen


def _outcome(seen: dict[str, Any]) -> Outcome:
    raised, wrong = seen["raised"], seen["wrong"]
    return Outcome(
        seen["value"],
        _text(seen["printed"]),
        seen["changed"] is not False,
        seen["blank"] is not False,
        (_text(wrong[0]), _text(wrong[1])) if wrong else None,
        _text(seen["given"]),
        Seen(
            tuple(map(_text, raised["kinds"])) or ("Exception",),
            _text(raised["text"]),
            _text(raised["line"]),
            _text(raised["shapes"]),
            raised["on_purpose"] is True,
            _text(raised["given"]),
        )
        if raised
        else None,
    )


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueError("a text is a text")
    return value[:_LONGEST_TEXT]


def judged(exercise: Exercise, answer: RemoteAnswer) -> dict[str, Any]:
    """The verdict on an answer: status, misconception, message, and whether its code is that of the course's solution.

    Raises:
        Gone: its process went away.
    """
    solution = False
    try:
        with TimeLimit(_OWN_SECONDS):
            result = exercise.judged(answer)
            if result.status == "passed":
                solution = _is_the_solution(exercise, answer)
    except KeyboardInterrupt as reason:
        result = stopped(answer.stop(reason))
    except Gone:
        raise
    except Exception as error:  # also: what came over the pipe is not what a check can read
        result = Result("error", f"The check itself cannot handle this answer ({type(error).__name__}): report it.")
    status = _STOPPED.get(result.misconception or "", result.status)
    if result.status == "error" and re.search(r"raised MemoryError|can't allocate memory", result.message):
        status = "out_of_memory"
    misconception = None if status in _STOPPED.values() else result.misconception
    return {
        "status": status,
        "misconception": misconception,
        "message": result.message[:_LONGEST_TEXT],
        "solution": solution,
    }


def _is_the_solution(exercise: Exercise, answer: RemoteAnswer) -> bool:
    """Whether the code is the published one, wherever the answer has it from; of code that is long enough to tell."""
    published = sources().get(exercise.id, {}).get("solution", "")
    return bool(mark_of(published)) and answer.look(published).untouched


def main() -> None:
    """Judge what is asked for, line by line, until the input ends."""
    import torch  # noqa: F401  what most checks need, before the first one is timed

    with contextlib.suppress(ImportError, ValueError, OSError):  # where there is none, the machine's own memory is it
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEGABYTES * 2**20,) * 2)
    _say({"ready": True})
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "judge" not in order:  # a reply that came too late
            continue
        (exercise,) = (one for one in of_lesson(order["lesson"]) if one.id == order["judge"])
        try:
            _say({"verdict": judged(exercise, RemoteAnswer(exercise.id))})
        except Gone:
            _say({"gone": True})


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
