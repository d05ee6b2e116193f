"""What an exception in a learner's own code mostly means: one sentence for each kind of crash that is natural."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


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

    def said_to(self, error: BaseException, fresh: bool = False) -> str | None:
        """The sentence for this error; None where this is another crash.

        Args:
            error: what was raised.
            fresh: it comes from random arguments, whose numbers are left out: the same words on every run.
        """
        if self.error not in {kind.__name__ for kind in type(error).__mro__}:
            return None
        found = re.search(self.text, message_of(error))
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


def explain(error: BaseException, crashes: Iterable[Crash], fresh: bool = False) -> tuple[Crash, str] | None:
    """The first of `crashes` that fits this error, with its sentence."""
    return next(((one, said) for one in crashes if (said := one.said_to(error, fresh)) is not None), None)
