"""The table that grading writes: its rows, the file that grows on the way, and the one that replaces the last."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TextIO

from llmlab.instructors.grade.safe_text import cell, name_shown, shown
from llmlab.instructors.outputs import replace_file, require_writable, write_or_keep


@dataclass(frozen=True)
class Row:
    """One student and one exercise; or one notebook of which no exercise is known.

    Attributes:
        student: from the name of the file or of its folder.
        notebook: path below the graded folder.
        lesson: "03", or "" where it cannot be told.
        exercise: "03.2", or "".
        status: passed, failed, error or not_attempted as a check says it; missing_name, timeout, crashed or
            out_of_memory where there was no answer to check; unreadable for a file that is no notebook of the course;
            not_submitted for a student of the list of whom there is nothing.
        misconception: id of the idea that is probably behind a failed answer, or "".
        message: what was seen.
        notes: what else is odd about the notebook, the same in each of its rows.
        same_code: whose answer has the same code: other students, or "the course's solution"; noted, not judged.
        seconds: that the notebook took, the same in each of its rows.
        fingerprint: of the notebook and the checks, by which a later run knows that nothing has changed.
    """

    student: str
    notebook: str
    lesson: str
    exercise: str
    status: str
    misconception: str
    message: str
    notes: str
    same_code: str = ""
    seconds: float = 0.0
    fingerprint: str = ""


HEADER = tuple(field.name for field in fields(Row))
_ENCODING = "utf-8-sig"  # the mark makes spreadsheets read UTF-8
_NAMES = ("student", "notebook")


class TableElsewhere(OSError):
    """All is graded, but the table could not be written to its place; the message says where it is.

    Attributes:
        rows: all of them, in order.
    """

    def __init__(self, message: str, rows: list[Row]) -> None:
        super().__init__(message)
        self.rows = rows


class Table:
    """The table that grows while notebooks are graded, beside its place, and takes that place when it is complete.

    Attributes:
        rows: all rows so far.
        partial: the file that grows; it stays where the work was interrupted.
    """

    def __init__(self, out: Path) -> None:
        """Open it, for this process alone.

        Raises:
            OSError, ValueError: `out` cannot be written, is something else than a table of grades, or another grader
                is writing it.
        """
        require_writable(out)
        _require_own(out)
        self.rows: list[Row] = []
        self.partial = partial_of(out)
        self._out = out
        self._file = _opened_alone(self.partial, out)
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

    def leave(self) -> None:
        """Stop in the middle: the file that grew stays as it is, unless nothing is in it."""
        with contextlib.suppress(OSError):
            self._file.close()
        if not self.rows:
            self.partial.unlink(missing_ok=True)

    def finish(self, rows: list[Row]) -> None:
        """Write these rows in the order of students, in place of the last table.

        Raises:
            TableElsewhere: that failed.
        """
        with contextlib.suppress(OSError):
            self._file.close()
        self.rows = sorted(rows, key=lambda row: (row.student, row.exercise, row.notebook))
        lost = write_or_keep(lambda file: write_table(file, self.rows), self._out)
        if lost:
            raise TableElsewhere(lost, self.rows)
        with contextlib.suppress(OSError):
            self.partial.unlink()


def partial_of(out: Path) -> Path:
    """Where the table `out` grows."""
    place = out.resolve()
    return place.with_name(f"{place.stem}.partial{place.suffix}")


def write_table(out: Path, rows: list[Row]) -> None:
    """The whole table, in order: the old or the new one is there, never half of it."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(HEADER)
    table.writerows(map(as_cells, rows))
    replace_file(out, text.getvalue(), _ENCODING)


def read_table(file: Path) -> list[dict[str, str]]:
    """The rows of a table that was written before, as text; none where there is none, or something else."""
    with contextlib.suppress(OSError, UnicodeError, csv.Error), file.open(encoding=_ENCODING, newline="") as text:
        return [row for row in csv.DictReader(text) if set(HEADER) <= set(row)]
    return []


def as_cells(row: Row) -> list[str]:
    """The row as text of one line each, safe to show and to open in a spreadsheet."""
    values = zip(HEADER, astuple(row), strict=True)
    texts = (name_shown(value) if name in _NAMES else shown(value) for name, value in values)
    return [cell(text) for text in texts]


def _require_own(out: Path) -> None:
    """Never write over a submission, nor over columns that somebody added."""
    if not out.exists() or out.stat().st_size == 0:
        return
    with out.open("rb") as file:
        first = file.readline(4096).decode(_ENCODING, errors="replace").strip()
    found = [name.strip('" ') for name in first.replace(";", ",").replace("\t", ",").split(",")]
    if not set(_NAMES) <= set(found):
        raise ValueError(f"{out} holds something else than a table of grades: give another file to write")
    if added := [name for name in found if name and name not in HEADER]:
        raise ValueError(
            f"{out} has columns of its own ({', '.join(added)[:200]}), which would be lost: give another file"
        )


def _opened_alone(partial: Path, out: Path) -> TextIO:
    file = partial.open("a+", encoding=_ENCODING, errors="replace", newline="")
    try:
        _lock(file)
    except OSError:
        file.close()
        raise ValueError(f"{out} is being written by another llmlab grade: wait for it, or give another file") from None
    file.seek(0)
    file.truncate()
    return file


def _lock(file: TextIO) -> None:  # the lock ends with the process
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
