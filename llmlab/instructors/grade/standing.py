"""From the rows of all notebooks to what stands: one row for each student and exercise, and what was not handed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from llmlab.instructors.grade.table import Row

BEST_FIRST = (
    *("passed", "failed", "error", "timeout", "out_of_memory", "crashed"),
    *("not_attempted", "missing_name", "unreadable"),
)
ALSO = "also answered in "


def best_of(rows: Iterable[Row]) -> list[Row]:
    """Of several answers of one student to one exercise the best one, with a note that names the others.

    Of equally good ones the one counts whose notebook comes last by its name: "03 (1).ipynb" after "03.ipynb".
    """
    answers: dict[tuple[str, str], list[Row]] = defaultdict(list)
    kept = []
    for row in rows:
        if row.exercise:
            answers[row.student, row.exercise].append(row)
        else:
            kept.append(row)
    for many in answers.values():
        many.sort(key=lambda row: (-BEST_FIRST.index(row.status), _order(row.notebook)))
        *others, best = many
        notes = [best.notes] if best.notes else []
        notes += [f"{ALSO}{other.notebook} ({other.status}), of which the better counts" for other in reversed(others)]
        kept.append(replace(best, notes="; ".join(notes)))
    return kept


def absent(rows: Iterable[Row], students: Iterable[str]) -> list[Row]:
    """A row for each student of a list of whom there is nothing."""
    there = {row.student for row in rows}
    message = "There is no notebook of this student."
    return [Row(name, "", "", "", "not_submitted", "", message, "") for name in students if name not in there]


def not_of_lessons(rows: Iterable[Row], students: Iterable[str], lessons: Sequence[str]) -> list[Row]:
    """A row for each student and each of the lessons that were asked for, where there is nothing of it.

    Args:
        rows: of all notebooks.
        students: all who are known, of a list or by a file.
        lessons: "03" and maybe more.
    """
    there = {(row.student, row.lesson) for row in rows}
    return [
        Row(name, "", lesson, "", "not_submitted", "", f"There is no notebook of lesson {lesson} of this student.", "")
        for name in dict.fromkeys(students)
        for lesson in lessons
        if (name, lesson) not in there
    ]


def _order(notebook: str) -> tuple[str, str]:
    stem = notebook.removesuffix(".ipynb")
    return stem, notebook
