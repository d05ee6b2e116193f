"""A learner's function as a check sees it: it is called, and what that comes to is a plain value or a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from llmlab.exercises.engine.calling import Answer, Call, Outcome, plain_result
from llmlab.exercises.engine.crashes import Seen
from llmlab.exercises.engine.values import shorten, show
from llmlab.exercises.engine.verdicts import Blank, Raised, Wrong


class Probe:
    """A learner's function, or a class of theirs, made safe to call.

    Args:
        answer: what the learner wrote.
        name: how messages call it.

    Attributes:
        name: how messages call it.
        printed: the first thing that it printed, at most 200 characters.
    """

    def __init__(self, answer: Answer, name: str) -> None:
        self.name, self.printed = name, ""
        self._answer = answer
        self._calls = 0

    def __call__(
        self,
        *args: Any,
        shown: str = "",
        fresh: bool = False,
        read: Callable[[Any, tuple], Any] = plain_result,
        make: Callable[..., tuple] | None = None,
        around: Callable[[], AbstractContextManager] | None = None,
        **options: Any,
    ) -> Any:
        """Call the function with copies of `args` and `options` and return its result as plain Python values.

        Args:
            shown: how a message writes this call; by default with all its arguments.
            fresh: the arguments are random: the message leaves out the error's own text, which may hold their numbers.
            read: turns (result, the copies it was called with) into plain values while errors are still caught.
            make: turns `args` into what the function is called with, where that is no plain data.
            around: gives what listens while the function runs; `read` finds it behind the copies.

        `read`, `make` and `around` run where the learner's code runs, which may be another process: each is a function
        of a module, or a `partial` of one with plain data.

        Raises:
            Blank, Wrong, Raised: see `verdicts`.
        """
        shown = shown or self.spell(*args, **options)
        self._calls += 1
        # Another seed for each call: a function that draws from the global generator must not repeat itself.
        outcome = self._answer.call(Call(args, options, read, make, around, self._calls))
        self.printed = self.printed or outcome.printed
        value = value_of(outcome, shown, fresh)
        if value is None:
            raise Wrong("returns-none", f"`{shown}` gave `None`.")
        if outcome.changed:
            raise Wrong("mutates-input", f"After `{shown}` the arguments were no longer what they had been.")
        return value

    def spell(self, *args: Any, **options: Any) -> str:
        """The call as one would type it."""
        named = [f"{name}={show(value)}" for name, value in options.items()]
        return f"{self.name}({', '.join([show(value) for value in args] + named)})"


def value_of(outcome: Outcome, shown: str = "", fresh: bool = False) -> Any:
    """The value that an answer, or a call of it that is shown as `shown`, came to.

    Raises:
        Blank, Wrong, Raised: see `verdicts`.
    """
    if outcome.wrong:
        misconception, seen = outcome.wrong
        raise Wrong(misconception, f"`{shown}` gave a `{outcome.given}` object." if outcome.given else seen)
    if outcome.raised and not shown:
        raise Raised(f"Reading your answer stopped with {describe(outcome.raised)}", outcome.raised)
    if outcome.raised:
        raise Raised(_how_it_ended(outcome.raised, shown, fresh), outcome.raised, fresh=fresh)
    if outcome.blank or _holds_ellipsis(outcome.value):
        raise Blank
    return outcome.value


def describe(seen: Seen, fresh: bool = False) -> str:
    """Name and text of an error; with `fresh` the name alone, because the text may hold random numbers."""
    if seen.is_a("RecursionError"):
        text = "the function calls itself without end"
    else:
        text = "" if fresh else re.sub(r" at 0x[0-9a-fA-F]+", "", seen.text)
    text = f": {shorten(text)}" if text else ""
    return f"{seen.kinds[0]}{text.rstrip('.')}."


def _how_it_ended(seen: Seen, shown: str, fresh: bool) -> str:
    what = describe(seen, fresh)
    if seen.given:
        return f"`{shown}` gave a `{seen.given}`, with which the check could not go on: {what}"
    return "\n".join(filter(None, (f"`{shown}` raised {what}", seen.line, "" if fresh else seen.shapes)))


def _holds_ellipsis(value: Any) -> bool:
    return value is ... or (isinstance(value, list) and any(map(_holds_ellipsis, value)))
