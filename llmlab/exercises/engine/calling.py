"""The one place where a learner's code is called: quietly, on copies, and so that nothing it does escapes.

What comes back is plain data, an `Outcome`: the check that asks for it may run in another process (the grader's does),
and never holds an object of the learner's. Only KeyboardInterrupt passes through, because it belongs to the learner, or
to the limits of time and memory.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import GeneratorType
from typing import Any, Protocol

from llmlab.exercises.engine.containment import Bounded, contained, copies, same
from llmlab.exercises.engine.crashes import Seen, message_of
from llmlab.exercises.engine.frames import own_frames, raised_on_purpose
from llmlab.exercises.engine.source_code import code_of, made_of_class_in, same_code
from llmlab.exercises.engine.values import plain
from llmlab.exercises.engine.verdicts import Blank, Wrong
from llmlab.utils.memory_limit import GrewTooLarge
from llmlab.utils.time_limit import TookTooLong


def plain_result(result: Any, args: tuple) -> Any:
    """What a check reads of a result, unless it asks for something else: the result itself, as plain values."""
    return plain(result)


@dataclass(frozen=True)
class Call:
    """One call of a learner's function, as plain data and functions of the course's own.

    Attributes:
        args: the arguments, or what `make` makes them of.
        options: arguments by name.
        read: turns (result, the copies it was called with) into plain values.
        make: turns `args` into the arguments, where these are no plain data: a model, an optimizer, a function.
        around: gives what listens while the function runs, a context manager; `read` finds it behind the copies.
        seed: of the global generators while it runs.
    """

    args: tuple
    options: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[Any, tuple], Any] = plain_result
    make: Callable[..., tuple] | None = None
    around: Callable[[], AbstractContextManager] | None = None
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """What a call came to, in plain values.

    Attributes:
        value: what was read of the result.
        printed: the beginning of what it printed.
        changed: whether it changed its arguments.
        blank: whether a `...` came back instead of a value.
        wrong: misconception and what was seen, where reading the result showed one.
        given: the name of the result's type, where that is what was wrong.
        raised: the exception in which it ended.
    """

    value: Any = None
    printed: str = ""
    changed: bool = False
    blank: bool = False
    wrong: tuple[str, str] | None = None
    given: str = ""
    raised: Seen | None = None


@dataclass(frozen=True)
class Look:
    """What can be told of an answer without calling it.

    Attributes:
        name: how messages call it, if it is a function or a class.
        kind: the name of its type.
        none: whether it is `None`.
        untouched: whether it is blank, or still what the student notebook came with.
        callable: whether it can be called.
        generator: whether calling it gives a generator.
        made: whether it is an object made from the class that was asked for, not the class itself.
    """

    name: str
    kind: str
    none: bool
    untouched: bool
    callable: bool
    generator: bool
    made: bool


@dataclass(frozen=True)
class Stop:
    """Why a check did not come to its end.

    Attributes:
        id: "not-finished", "memory-filled", or "" where the learner interrupted it.
        what: the limit, in words.
        own: whether the learner's own code was running.
        line: which line of it, in words.
    """

    id: str
    what: str
    own: bool
    line: str


class Answer(Protocol):
    """An answer as a check sees it: here, or in another process."""

    def look(self, stub: str) -> Look:
        """What can be told without calling it; `stub` is the cell that the student notebook came with."""

    def value(self) -> Outcome:
        """The answer itself, as plain values."""

    def call(self, call: Call) -> Outcome:
        """Call it."""

    def stop(self, reason: KeyboardInterrupt) -> Stop:
        """What is known of the end of a check that was stopped."""


class LocalAnswer:
    """An answer in this process.

    Args:
        answer: what the learner wrote.
    """

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def look(self, stub: str) -> Look:
        """What can be told without calling it; `stub` is the cell that the student notebook came with."""
        answer = self._answer
        return Look(
            self._name(),
            type(answer).__name__,
            none=answer is None,
            untouched=answer is None or answer is ... or same_code(answer, stub),
            callable=callable(answer),
            generator=_is_generator_function(answer),
            made=made_of_class_in(stub, answer),
        )

    def value(self) -> Outcome:
        """The answer itself, as plain values."""
        try:
            with contained(0, Bounded()):
                return Outcome(plain(self._answer))
        except KeyboardInterrupt:
            raise
        except Wrong as wrong:
            return Outcome(wrong=(wrong.misconception, wrong.shown))
        except BaseException as error:
            return Outcome(raised=Seen.of(error))

    def call(self, call: Call) -> Outcome:
        """Call it with copies of the arguments, and read the result while errors are still caught."""
        args = call.make(*call.args) if call.make else call.args
        if unfit := self._unfit(args, call.options):
            return Outcome(wrong=unfit)
        given, options = copies(args), copies(dict(call.options))
        printed, result = Bounded(), _NOTHING
        listener = call.around() if call.around else nullcontext()
        try:
            with contained(call.seed, printed):
                with listener:
                    result = self._answer(*given, **options)
                if isinstance(result, Iterator):
                    return Outcome(wrong=(_of_iterator(result), ""), given=type(result).__name__, printed=printed.text)
                value = call.read(result, (*given, listener) if call.around else given)
        except KeyboardInterrupt:
            raise
        except Blank:
            return Outcome(blank=True, printed=printed.text)
        except Wrong as wrong:
            return Outcome(wrong=(wrong.misconception, wrong.shown), printed=printed.text)
        except BaseException as error:  # sys.exit() in an answer must not end the kernel
            return Outcome(raised=self._seen(error, result), printed=printed.text)
        changed = not (same(list(given), list(args)) and same(options, dict(call.options)))
        return Outcome(value, printed.text, changed)

    def stop(self, reason: KeyboardInterrupt) -> Stop:
        """What is known of the end of a check that was stopped."""
        frames = own_frames(reason, self._answer)
        # The outermost step in a loop, else the outermost: what runs inside it differs from moment to moment.
        outermost = frames[0].line() if frames else ""
        line = next((frame.line(loop) for frame in frames if (loop := frame.loop())), outermost)
        ids = {TookTooLong: "not-finished", GrewTooLarge: "memory-filled"}
        id = next((id for kind, id in ids.items() if isinstance(reason, kind)), "")
        return Stop(id, str(reason).partition(":")[0], bool(frames), line)

    def _name(self) -> str:
        answer = self._answer
        name = answer.__name__ if isinstance(answer, type) else getattr(code_of(answer), "co_name", "")
        return name if name.isidentifier() else "your function"

    def _unfit(self, args: tuple, options: Mapping[str, Any]) -> tuple[str, str] | None:
        try:
            signature = inspect.signature(self._answer)
        except Exception:  # builtins have none; an odd object may raise anything: the call itself will tell
            return None
        try:
            signature.bind(*args, **options)
        except TypeError as error:
            yours = f"{self._name()}({', '.join(signature.parameters)})"
            return "wrong-parameters", f"Yours is `{yours}`; called as the exercise says: {error}."
        return None

    def _seen(self, error: BaseException, result: Any) -> Seen:
        """What is known of an error; `result` is what the function gave, if the error came when that was read."""
        frames = own_frames(error, self._answer)
        if not frames:
            return Seen.of(error, given="" if result is _NOTHING else type(result).__name__)
        # How deep a recursion without end got differs from run to run.
        frame = frames[0] if isinstance(error, RecursionError) else frames[-1]
        purpose = raised_on_purpose(error, frames)
        shapes = frame.shapes() if _OF_TENSORS.search(message_of(error)) else ""
        return Seen.of(error, line=frame.line(), shapes=shapes, on_purpose=purpose)


# An error whose text speaks of these is about tensors: then the shapes on the line are shown, too.
_OF_TENSORS = re.compile(r"shape|size|dim|axis|axes|dtype|scalar type|batch|operand|multipl|broadcast|Long|index", re.I)
_NOTHING = object()


def _is_generator_function(function: Any) -> bool:
    """Whether calling it gives a generator; one that a decorator turned into something else is none."""
    try:
        return inspect.isgeneratorfunction(function)
    except Exception:  # an odd object may raise on any attribute
        return False


def _of_iterator(result: Iterator) -> str:
    made_by_yield = type(result) is GeneratorType and result.gi_code.co_name != "<genexpr>"
    return "yield-for-return" if made_by_yield else "read-once"
