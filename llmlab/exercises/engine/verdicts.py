"""What calling a learner's code may end in, beside a value: three verdicts, which an exercise turns into a `Result`.

`Blank` (there is still a `...`), `Wrong` (it ran, and shows a misconception), `Raised` (it stopped with an error).
"""

from __future__ import annotations


class Verdict(Exception):
    """The check knows enough and stops."""


class Blank(Verdict):
    """A `...` is still in place."""


class Raised(Verdict):
    """An error came out of the learner's code, or of what it gave; the text says what was called, what, and where.

    Attributes:
        error: what was raised.
        fresh: the arguments were random: nothing of the error's text is to be repeated.
        on_purpose: a `raise` of the learner's own raised it.
    """

    def __init__(self, text: str, error: BaseException, *, fresh: bool = False, on_purpose: bool = False) -> None:
        super().__init__(text)
        self.error, self.fresh, self.on_purpose = error, fresh, on_purpose


class Wrong(Verdict):
    """The answer shows the misconception with this id; `shown` is what was seen on the small example."""

    def __init__(self, misconception: str, shown: str = "") -> None:
        super().__init__(misconception)
        self.misconception, self.shown = misconception, shown
