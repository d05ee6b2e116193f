"""The table that grading writes: its rows, how they look in a file that a spreadsheet opens, and a summary of them."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from llmlab.instructors.outputs import write_or_keep


@dataclass(frozen=True)
class Row:
    """One student and one exercise; or one notebook of which no exercise is known.

    Attributes:
        student: from the name of the file or of its folder.
        notebook: path below the graded folder.
        lesson: "03", or "" where it cannot be told.
        exercise: "03.2", or "".
        status: passed, failed, error or not_attempted as a check says it; missing_name, timeout, crashed or
            out_of_memory where there was no answer to check; unreadable for a file that is no notebook of the course.
        misconception: id of the idea that is probably behind a failed answer, or "".
        message: what was seen.
        notes: what else is odd about the notebook, the same in each of its rows.
    """

    student: str
    notebook: str
    lesson: str
    exercise: str
    status: str
    misconception: str
    message: str
    notes: str


HEADER = tuple(field.name for field in fields(Row))
CSV_FILE = {"encoding": "utf-8-sig", "errors": "replace", "newline": ""}  # the mark makes spreadsheets read UTF-8


class TableElsewhere(OSError):
    """All is graded, but the table could not be written to its place; the message says where it is.

    Attributes:
        rows: all of them, in order.
    """

    def __init__(self, message: str, rows: list[Row]) -> None:
        super().__init__(message)
        self.rows = rows


class Table:
    """The table that grows while notebooks are graded, and is put in order at the end.

    Attributes:
        rows: all rows so far.
    """

    def __init__(self, out: Path) -> None:
        self.rows: list[Row] = []
        self._out, self._file = out, out.open("w", **CSV_FILE)
        self._write([HEADER])

    def add(self, rows: list[Row]) -> None:
        """Rows of one more notebook; they are in the file when this returns."""
        self.rows += rows
        self._write(map(as_cells, rows))

    def _write(self, rows: Iterable[Iterable[str]]) -> None:
        # A full disk stops no grading: at the end all rows are written anew, and what then fails is said.
        with contextlib.suppress(OSError):
            csv.writer(self._file).writerows(rows)
            self._file.flush()

    def finish(self) -> None:
        """Put the file in the order of students.

        Raises:
            TableElsewhere: that failed.
        """
        with contextlib.suppress(OSError):
            self._file.close()
        self.rows.sort(key=lambda row: (row.student, row.notebook, row.exercise))
        lost = write_or_keep(lambda file: write_table(file, self.rows), self._out)
        if lost:
            raise TableElsewhere(lost, self.rows)


def write_table(out: Path, rows: list[Row]) -> None:
    """The whole table, in order, in place of the one that grew: the old or the new one is there, never half of it."""
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        with temporary.open("w", **CSV_FILE) as file:
            table = csv.writer(file)
            table.writerow(HEADER)
            table.writerows(map(as_cells, rows))
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def as_cells(row: Row) -> list[str]:
    """The row as text of one line each; what a spreadsheet would take for a formula gets an apostrophe in front."""
    texts = [" ".join(str(value).replace("\0", "").split()) for value in astuple(row)]
    return [f"'{text}" if text.startswith(("=", "+", "-", "@")) else text for text in texts]


def summary(rows: Iterable[Row]) -> str:
    """A few lines on a batch: how many of each status, the commonest misconceptions, what went wrong with notebooks.

    >>> print(summary([Row("anna", "anna.ipynb", "03", "03.2", "failed", "last-window-missing", "…", "")]))
    1 notebook of 1 student, 1 exercise graded.
    Status: 1 failed.
    Commonest misconceptions:
      1 × 03.2 last-window-missing
    """
    rows = list(rows)
    notebooks, students = {row.notebook for row in rows}, {row.student for row in rows}
    statuses = Counter(row.status for row in rows)
    exercises = sum(bool(row.exercise) for row in rows)
    lines = [
        f"{_count(len(notebooks), 'notebook')} of {_count(len(students), 'student')}, "
        f"{_count(exercises, 'exercise')} graded.",
        f"Status: {', '.join(f'{count} {status}' for status, count in statuses.most_common())}.",
    ]
    ideas = Counter((row.exercise, row.misconception) for row in rows if row.misconception)
    if ideas:
        lines.append("Commonest misconceptions:")
        common = sorted(ideas.items(), key=lambda item: (-item[1], item[0]))[:10]
        lines += [f"  {count} × {exercise} {idea}" for (exercise, idea), count in common]
    troubled = {
        status: sorted({row.notebook for row in rows if row.status == status})
        for status in ("unreadable", "timeout", "out_of_memory", "crashed", "missing_name")
    }
    noted = sorted({row.notebook for row in rows if row.notes})
    if noted or any(troubled.values()):
        lines.append("Trouble:")
        lines += [f"  {status}: {_listed(names)}" for status, names in troubled.items() if names]
        lines += [f"  with notes: {_listed(noted)}"] if noted else []
    return "\n".join(lines)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _listed(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{_count(len(names), 'notebook')} ({', '.join(names[:most])}{more})"
