"""What calling a learner's code may end in, beside a value: three verdicts, which an exercise turns into a `Result`.

`Blank` (there is still a `...`), `Wrong` (it ran, and shows a misconception), `Raised` (it stopped with an error).
"""

from __future__ import annotations


class Verdict(Exception):
    """The check knows enough and stops."""


class Blank(Verdict):
    """A `...` is still in place."""


class Raised(Verdict):
    """The learner's code raised `error`; the text says what was called, what was raised, and in which line."""

    def __init__(self, text: str, error: BaseException | None = None) -> None:
        super().__init__(text)
        self.error = error


class Wrong(Verdict):
    """The answer shows the misconception with this id; `shown` is what was seen on the small example."""

    def __init__(self, misconception: str, shown: str = "") -> None:
        super().__init__(misconception)
        self.misconception, self.shown = misconception, shown
