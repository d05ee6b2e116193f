"""How long a lesson takes, counted: what stands in its first cell and in the instructors' plan.

    python tools/minutes.py          the table of all lessons, as docs/INSTRUCTORS.md has it

minutes = words / 150 + 0.4 for each code cell + the minutes of the exercises + 4 for each explorer, rounded to 5. What
is folded as "Further" is not counted, nor are code cells with the tag `further`; an explorer that is shown twice counts
once. Change the formula when a class has been timed, not the limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lesson_cells import Lesson, parse_lesson

WORDS_A_MINUTE, A_CODE_CELL, AN_EXPLORER = 150, 0.4, 4
LIMIT = 75
PLACE = "{minutes}"  # where a lesson's first cell wants the number

_FURTHER = re.compile(r"<details>\s*<summary>Further\b.*?</details>", re.DOTALL)
_EXERCISE = re.compile(r"●[●○]* · (\d+) minutes")
_MARKS = re.compile(r"<[^>]+>|[|`*#$]")


@dataclass(frozen=True)
class Count:
    """What a lesson's minutes are made of."""

    words: int
    code_cells: int
    exercise_minutes: int
    explorers: int

    @property
    def exact(self) -> float:
        """Minutes before rounding."""
        reading = self.words / WORDS_A_MINUTE + A_CODE_CELL * self.code_cells
        return reading + self.exercise_minutes + AN_EXPLORER * self.explorers

    @property
    def minutes(self) -> int:
        """Minutes, rounded to 5."""
        return 5 * round(self.exact / 5)


def count(lesson: Lesson) -> Count:
    """Count a lesson's words, code cells, exercises and explorers.

    >>> text = "# %% [markdown]\\n# # 03 Title\\n# ●○○ · 4 minutes · for this\\n# %%\\nWindowMap()\\nWindowMap()"
    >>> count(parse_lesson("03_title", text))
    Count(words=9, code_cells=1, exercise_minutes=4, explorers=1)
    """
    prose = [_FURTHER.sub(" ", cell.source) for cell in lesson.cells if cell.kind == "markdown"]
    code = [cell.source for cell in lesson.cells if cell.kind == "code" and "further" not in cell.tags]
    return Count(
        words=sum(len(_MARKS.sub(" ", text).split()) for text in prose),
        code_cells=len(code),
        exercise_minutes=sum(int(minutes) for text in prose for minutes in _EXERCISE.findall(text)),
        explorers=len(explorers_in("\n".join(code))),
    )


def explorers_in(code: str) -> set[str]:
    """The explorers that code makes: names that begin with a capital letter and end like one, called."""
    kinds = "Map|Microscope|Player|Bench|Tracer|Replay|Curve|Sculptor|Meter"
    return set(re.findall(rf"\b([A-Z]\w*(?:{kinds}))\(", code))


def table(lessons: list[Lesson]) -> str:
    """The lessons with their minutes, as a table in Markdown."""
    lines = ["| lesson | words | code cells | exercises | explorers | minutes |", "|---|--:|--:|--:|--:|--:|"]
    for lesson in lessons:
        one = count(lesson)
        lines.append(
            f"| {lesson.title} | {one.words:,} | {one.code_cells} | {one.exercise_minutes} min | {one.explorers} | "
            f"{one.minutes} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    folder = Path(__file__).resolve().parents[1] / "lessons"
    print(table([parse_lesson(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))]))


if __name__ == "__main__":
    main()
