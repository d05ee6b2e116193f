"""The one place where a learner's code is called: quietly, on copies, and so that nothing it does escapes.

Whatever happens in there becomes a verdict. Only KeyboardInterrupt passes through, because it belongs to the learner,
or to the limits of time and memory.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from llmlab.exercises.engine.containment import Bounded, contained, copies, same
from llmlab.exercises.engine.crashes import message_of
from llmlab.exercises.engine.frames import own_frames, raised_on_purpose
from llmlab.exercises.engine.source_code import code_of
from llmlab.exercises.engine.values import plain, shorten, show
from llmlab.exercises.engine.verdicts import Blank, Raised, Verdict, Wrong

# An error whose text speaks of these is about tensors: then the shapes on the line are shown, too.
_OF_TENSORS = re.compile(r"shape|size|dim|axis|axes|dtype|scalar type|batch|operand|multipl|broadcast|Long|index", re.I)


class Probe:
    """A learner's function, or a class of theirs, made safe to call.

    Args:
        function: what the learner wrote.

    Attributes:
        name: how messages call it.
        printed: the first thing that it printed, at most 200 characters.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.printed = ""
        self._function = function
        self._calls = 0
        name = function.__name__ if isinstance(function, type) else getattr(code_of(function), "co_name", "")
        self.name = name if name.isidentifier() else "your function"

    def __call__(
        self,
        *args: Any,
        shown: str = "",
        fresh: bool = False,
        read: Callable[[Any, tuple], Any] = lambda result, args: plain(result),
        **options: Any,
    ) -> Any:
        """Call the function with copies of `args` and `options` and return its result as plain Python values.

        Args:
            shown: how a message writes this call; by default with all its arguments.
            fresh: the arguments are random: the message leaves out the error's own text, which may hold their numbers.
            read: turns (result, the copies it was called with) into plain values while errors are still caught.

        Raises:
            Blank, Wrong, Raised: see `verdicts`.
        """
        shown = shown or self.spell(*args, **options)
        self._require_parameters(args, options)
        given, given_options = copies(args), copies(options)
        self._calls += 1
        printed, result = Bounded(), _NOTHING
        try:
            # Another seed for each call: a function that draws from the global generator must not repeat itself.
            with contained(self._calls, printed):
                result = self._function(*given, **given_options)
                if isinstance(result, Iterator):
                    _refuse_iterator(result, f"`{shown}` gave")
                value = read(result, given)
        except (KeyboardInterrupt, Verdict):
            raise
        except BaseException as error:  # sys.exit() in an answer must not end the kernel
            raise self._raised(error, shown, fresh, result) from None
        finally:
            self.printed = self.printed or printed.text
        if _holds_ellipsis(value):
            raise Blank
        if value is None:
            raise Wrong("returns-none", f"`{shown}` gave `None`.")
        if not (same(list(given), list(args)) and same(given_options, options)):
            raise Wrong("mutates-input", f"After `{shown}` the arguments were no longer what they had been.")
        return value

    def spell(self, *args: Any, **options: Any) -> str:
        """The call as one would type it."""
        named = [f"{name}={show(value)}" for name, value in options.items()]
        return f"{self.name}({', '.join([show(value) for value in args] + named)})"

    def _require_parameters(self, args: tuple, options: dict[str, Any]) -> None:
        try:
            signature = inspect.signature(self._function)
        except Exception:  # builtins have none; an odd object may raise anything: the call itself will tell
            return
        try:
            signature.bind(*args, **options)
        except TypeError as error:
            yours = f"{self.name}({', '.join(signature.parameters)})"
            raise Wrong("wrong-parameters", f"Yours is `{yours}`; called as the exercise says: {error}.") from None

    def _raised(self, error: BaseException, shown: str, fresh: bool, result: Any) -> Raised:
        """What is known of an error; `result` is what the function gave, if the error came when that was read."""
        frames = own_frames(error, self._function)
        what = describe(error, fresh)
        if result is not _NOTHING and not frames:
            return Raised(
                f"`{shown}` gave a `{type(result).__name__}`, with which the check could not go on: {what}",
                error,
                fresh=fresh,
            )
        lines = [f"`{shown}` raised {what}"]
        if frames:
            # How deep a recursion without end got differs from run to run.
            frame = frames[0] if isinstance(error, RecursionError) else frames[-1]
            about_tensors = not fresh and _OF_TENSORS.search(message_of(error))
            lines += [frame.line(), frame.shapes() if about_tensors else ""]
        text = "\n".join(filter(None, lines))
        return Raised(text, error, fresh=fresh, on_purpose=raised_on_purpose(error, frames))


def read_answer(answer: Any) -> Any:
    """An answer that is a value, as plain Python values.

    Raises:
        Blank, Wrong, Raised: see `verdicts`.
    """
    try:
        with contained(0, Bounded()):
            value = plain(answer)
    except (KeyboardInterrupt, Verdict):
        raise
    except BaseException as error:
        raise Raised(f"Reading your answer stopped with {describe(error)}", error) from None
    if _holds_ellipsis(value):
        raise Blank
    return value


def is_generator_function(function: Any) -> bool:
    """Whether calling it gives a generator; one that a decorator turned into something else is none."""
    try:
        return inspect.isgeneratorfunction(function)
    except Exception:  # an odd object may raise on any attribute
        return False


def describe(error: BaseException, fresh: bool = False) -> str:
    """Name and text of an error; with `fresh` the name alone, because the text may hold random numbers."""
    name = type(error).__name__
    if isinstance(error, RecursionError):
        text = "the function calls itself without end"
    else:
        text = "" if fresh else re.sub(r" at 0x[0-9a-fA-F]+", "", message_of(error))
    text = f": {shorten(text)}" if text else ""
    return f"{name}{text.rstrip('.')}."


def _refuse_iterator(result: Iterator, before: str) -> None:
    name = type(result).__name__
    made_by_yield = name == "generator" and result.gi_code.co_name != "<genexpr>"
    raise Wrong("yield-for-return" if made_by_yield else "read-once", f"{before} a `{name}` object.")


def _holds_ellipsis(value: Any) -> bool:
    return value is ... or (isinstance(value, list) and any(map(_holds_ellipsis, value)))


_NOTHING = object()
