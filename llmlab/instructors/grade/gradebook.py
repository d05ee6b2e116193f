"""Tables that course platforms take, one row per student and one column per lesson; and the list of students."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from llmlab.instructors.grade.points import Points, earned, percent
from llmlab.instructors.grade.safe_text import cell, name_shown
from llmlab.instructors.grade.table import Row

_COLUMNS = ("student", "name", "id", "login", "email", "section")


@dataclass(frozen=True)
class Student:
    """One line of the list of students; only `student` must be there.

    Attributes:
        student: as in the names of files or folders.
        name, id, login, email, section: as the platform knows them.
    """

    student: str
    name: str = ""
    id: str = ""
    login: str = ""
    email: str = ""
    section: str = ""


def read_students(file: Path) -> list[Student]:
    """The list of a class from a CSV file with the columns student, name, id, login, email, section (in any order).

    Raises:
        ValueError: there is no column `student`, or a student stands there twice.
        OSError: it cannot be read.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text in UTF-8 ({error.reason}): save it as CSV in UTF-8") from None
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        table = csv.DictReader(io.StringIO(text), delimiter=separator)
        names = [str(name).strip().lower() for name in table.fieldnames or ()]
        rows = list(table)
    except csv.Error as error:
        raise ValueError(f"{file} cannot be read as CSV ({error}): is a quotation mark left open?") from None
    if "student" not in names:
        raise ValueError(
            f"{file} has no column `student` (it has: {', '.join(names) or 'none'}): that is the name of the file or "
            f"folder that each one hands in; {', '.join(_COLUMNS[1:])} may stand beside it"
        )
    found = []
    for row in rows:
        values = {str(key).strip().lower(): str(value or "").strip() for key, value in row.items()}
        one = Student(**{name: values.get(name, "") for name in _COLUMNS})
        if one.student:
            found.append(Student(**vars(one) | {"student": unicodedata.normalize("NFC", one.student)}))
    twice = sorted({one.student for one in found if [other.student for other in found].count(one.student) > 1})
    if twice:
        raise ValueError(f"{file} has {name_shown(twice[0])} twice: each student stands there once")
    return found


def canvas(rows: Iterable[Row], students: Iterable[Student], points: Points) -> str:
    """A table for Canvas: Grades, Import. It matches by ID or by SIS Login ID."""
    rows, known = list(rows), {one.student: one for one in students}
    sums = earned(rows, points)
    lessons = list(next(iter(sums.values()), {}))
    table = [["Student", "ID", "SIS Login ID", "Section", *(f"llmlab {lesson}" for lesson in lessons)]]
    table.append(["    Points Possible", "", "", "", *(f"{points.possible(lesson):g}" for lesson in lessons)])
    for student, own in sums.items():
        one = known.get(student, Student(student))
        who = [one.name or student, one.id, one.login, one.section]
        table.append([*map(_safe, who), *(f"{own[lesson]:g}" for lesson in lessons)])
    return _written(table)


def moodle(rows: Iterable[Row], students: Iterable[Student], points: Points) -> str:
    """A table for Moodle: Grades, Import, CSV file. It matches by ID number, user name or email address."""
    rows, known = list(rows), {one.student: one for one in students}
    sums = earned(rows, points)
    lessons = list(next(iter(sums.values()), {}))
    head = ["Full name", "ID number", "Username", "Email address", *(f"llmlab {lesson}" for lesson in lessons)]
    table = [[*head, "llmlab in all (of 100)"]]
    for student, own in sums.items():
        one = known.get(student, Student(student))
        who = [one.name or student, one.id, one.login, one.email]
        marks = (f"{own[lesson]:g}" for lesson in lessons)
        table.append([*map(_safe, who), *marks, f"{percent(own, points):.1f}"])
    return _written(table)


def _safe(value: str) -> str:
    return cell(name_shown(value))


def _written(table: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(table)
    return text.getvalue()
