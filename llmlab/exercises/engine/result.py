"""What a check found, and the ideas behind wrong answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from llmlab.exercises.engine.view import Note, anchor_of, as_html, as_text

Status = Literal["not_attempted", "passed", "failed", "error"]


@dataclass(frozen=True, repr=False)
class Result:
    """What a check found; a notebook shows it, `print` writes it as text.

    Attributes:
        status: "not_attempted", "passed", "failed" or "error".
        message: what was seen and what it means, one or more lines.
        misconception: id of the idea that is probably behind a failed answer, or of the crash that stopped it; else
            None.
        folded: hints and solution, which a notebook shows below, closed; `print` leaves them out.
        exercise: id of the exercise, "03.2"; `progress` links to the place where its result stands.
    """

    status: Status
    message: str
    misconception: str | None = None
    folded: tuple[Note, ...] = field(default=(), compare=False)
    exercise: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return as_text(self.status, self.message)

    def _repr_html_(self) -> str:
        return as_html(self.status, self.message, folded=self.folded, anchor=anchor_of(self.exercise))


@dataclass(frozen=True)
class Misconception:
    """An idea that leads to a wrong answer: what to say to it, and the section of the lesson that explains it."""

    sentence: str
    section: str = ""
