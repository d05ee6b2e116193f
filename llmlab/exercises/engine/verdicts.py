"""What calling a learner's code may end in, beside a value: three verdicts, which an exercise turns into a `Result`.

`Blank` (there is still a `...`), `Wrong` (it ran, and shows a misconception), `Raised` (it stopped with an error).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmlab.exercises.engine.crashes import Seen


class Verdict(Exception):
    """The check knows enough and stops."""


class Blank(Verdict):
    """A `...` is still in place."""


class Raised(Verdict):
    """An error came out of the learner's code, or of what it gave; the text says what was called, what, and where.

    Attributes:
        seen: what was raised.
        fresh: the arguments were random: nothing of the error's text is to be repeated.
    """

    def __init__(self, text: str, seen: Seen, *, fresh: bool = False) -> None:
        super().__init__(text)
        self.seen, self.fresh = seen, fresh


class Wrong(Verdict):
    """The answer shows the misconception with this id; `shown` is what was seen on the small example."""

    def __init__(self, misconception: str, shown: str = "") -> None:
        super().__init__(misconception)
        self.misconception, self.shown = misconception, shown
