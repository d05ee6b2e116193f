"""What an exception in a learner's own code mostly means: one sentence for each kind of crash that is natural."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Seen:
    """What was seen of an exception, in plain values.

    Attributes:
        kinds: the names of its class and of the classes that this comes from, its own first.
        text: what it says; empty where a class of the learner's own cannot tell.
        line: the line of the learner's code that was running, in words; empty where none was.
        shapes: those of the tensors on that line, in words, where the text speaks of tensors.
        on_purpose: whether a `raise` or an `assert` of the learner's own raised it.
        given: the name of the result's type, where the error came when that was read.
    """

    kinds: tuple[str, ...]
    text: str
    line: str = ""
    shapes: str = ""
    on_purpose: bool = False
    given: str = ""

    @classmethod
    def of(cls, error: BaseException, **more: Any) -> Seen:
        """What can be told of an exception by itself."""
        return cls(tuple(kind.__name__ for kind in type(error).__mro__), message_of(error), **more)

    def is_a(self, kind: str) -> bool:
        """Whether it is of this class or of one that comes from it."""
        return kind in self.kinds

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Crash:
    """A way in which an answer stops with an error, and what that mostly means.

    Attributes:
        id: its name, as for a misconception.
        error: name of the exception's class, or of one of its bases: "IndexError", or "LookupError" for more of them.
        text: a regular expression that is looked for in the exception's text; "" fits any text.
        sentence: what it mostly means here. `{name}` stands for the group `name` of `text`.
        section: the section of the lesson that explains it.
    """

    id: str
    error: str
    text: str
    sentence: str
    section: str = ""

    def said_to(self, seen: Seen, fresh: bool = False) -> str | None:
        """The sentence for this error; None where this is another crash.

        Args:
            seen: what was raised.
            fresh: it comes from random arguments, whose numbers are left out: the same words on every run.
        """
        found = re.search(self.text, seen.text) if seen.is_a(self.error) else None
        if found is None:
            return None
        sentence = self.sentence
        for name, value in found.groupdict(default="").items():
            sentence = sentence.replace(f"{{{name}}}", "…" if fresh and not value.isidentifier() else value)
        return sentence


def message_of(error: BaseException) -> str:
    """The text of an exception; empty where a class of the learner's own cannot give one."""
    try:
        return str(error)
    except Exception:
        return ""


def explain(seen: Seen, crashes: Iterable[Crash], fresh: bool = False) -> tuple[Crash, str] | None:
    """The first of `crashes` that fits this error, with its sentence."""
    return next(((one, said) for one in crashes if (said := one.said_to(seen, fresh)) is not None), None)
