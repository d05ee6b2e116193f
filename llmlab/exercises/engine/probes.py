"""The one place where a learner's code is called: quietly, on copies, and so that nothing it does escapes.

Whatever happens in there becomes a verdict. Only KeyboardInterrupt passes through, because it belongs to the learner:
an endless loop is theirs to interrupt.
"""

from __future__ import annotations

import inspect
import linecache
import re
import traceback
from collections.abc import Callable
from typing import Any

from llmlab.exercises.engine.containment import Bounded, contained, copies, same
from llmlab.exercises.engine.source_code import code_of
from llmlab.exercises.engine.values import plain, shorten, show
from llmlab.exercises.engine.verdicts import Blank, Raised, Verdict, Wrong


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
        printed = Bounded()
        try:
            # Another seed for each call: a function that draws from the global generator must not repeat itself.
            with contained(self._calls, printed):
                value = read(self._function(*given, **given_options), given)
        except (KeyboardInterrupt, Verdict):
            raise
        except BaseException as error:  # sys.exit() in an answer must not end the kernel
            raise Raised(f"`{shown}` raised {self._describe(error, fresh)}", error) from None
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

    def _describe(self, error: BaseException, fresh: bool) -> str:
        name = type(error).__name__
        lines = self._lines_of(error)
        if isinstance(error, RecursionError):  # how deep it got differs from run to run
            text, lines = "the function calls itself without end", lines[:1]
        else:
            try:
                text = "" if fresh else re.sub(r" at 0x[0-9a-fA-F]+", "", str(error))
            except Exception:
                text = ""
        text = f": {shorten(text)}" if text else ""
        return f"{name}{text.rstrip('.')}.{lines[-1] if lines else ''}"

    def _lines_of(self, error: BaseException) -> list[str]:
        """One sentence for each frame of the error that lies in the learner's own cell, outermost first."""
        code = code_of(self._function)
        if code is None:
            return []
        sentences = []
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename == code.co_filename:
                source = linecache.getline(code.co_filename, number).strip()
                sentences.append(f"\nLine {number} of your cell" + (f": `{source}`" if source else "."))
        return sentences


def _holds_ellipsis(value: Any) -> bool:
    return value is ... or (isinstance(value, list) and any(map(_holds_ellipsis, value)))
