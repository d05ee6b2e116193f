"""Which notebooks were submitted, by whom, for which lessons: read from the files alone, nothing is run.

A notebook that lies directly in the folder belongs to the student its name says (`anna.ipynb` -> anna); one that lies
deeper belongs to the first folder on its way (`anna/03_sliding_window.ipynb` -> anna). A zip is a folder of its name.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from llmlab.instructors.grade.beside import MOST_FILES, Beside
from llmlab.instructors.grade.notebooks import Cell, binds, exercises_of, lesson_in_name
from llmlab.instructors.grade.reader import Reader, Unread
from llmlab.instructors.grade.safe_text import name_shown
from llmlab.instructors.grade.walk import Entry, hidden, is_notebook, stem, walk

__all__ = ["Beside", "Cell", "Found", "Submission", "binds", "exercises_of", "find"]

_MOST_NOTEBOOKS = 100  # of one student, and as many zips: a term has 17, and each takes its time


@dataclass(frozen=True)
class Submission:
    """One file that a student handed in.

    Attributes:
        student: see the module.
        path: the file, or the zip that it lies in.
        name: its way below the folder, as the table shows it.
        lessons: "03" and maybe more, none where nothing tells.
        cells: the code cells in order.
        notes: what the file itself shows to be odd.
        problem: why nothing of it can be run, or "".
        beside: what lies in the same folder, and is there when it runs.
        answers: exercise -> a mark of the answer's code, see `notebooks`.
        fingerprint: the same for the same bytes, "" where they cannot be read.
    """

    student: str
    path: Path
    name: str
    lessons: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    beside: tuple[Beside, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""


@dataclass(frozen=True)
class Found:
    """What is in a folder: the submissions in order of student and file, and a line on each thing passed over."""

    submissions: list[Submission]
    not_graded: list[str]


@dataclass(frozen=True)
class _File:
    """A notebook to be read, in the folder or in a zip."""

    parts: tuple[str, ...]
    path: Path
    member: str = ""


def find(folder: Path, ours: tuple[Path, ...] = ()) -> Found:
    """All submissions below `folder`.

    Args:
        folder: see the module.
        ours: files that are no submission though they lie there: the table, a list of students.

    Raises:
        NotADirectoryError: `folder` is no folder.
        ValueError: there is no notebook in it.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder: give the one that holds the submitted notebooks")
    with closing(Reader()) as reader:
        return _Collection(folder, ours, reader).found()


def asked_for(found: Found, lessons: Sequence[str]) -> Found:
    """What there is of some lessons; the rest is passed over, with a line on each file. Without lessons, everything.

    A file of which no lesson can be told stays: it may be the one that was asked for.

    Raises:
        ValueError: there is no such lesson.
    """
    for lesson in lessons:
        if not exercises_of(lesson):
            raise ValueError(f"there is no lesson {lesson!r} with exercises; give a number such as 03")
    wanted = set(lessons)
    other = [one for one in found.submissions if wanted and one.lessons and not wanted & set(one.lessons)]
    lines = [f"{_way((one.name,))} is of lesson {' and '.join(one.lessons)}, which was not asked for" for one in other]
    return Found([one for one in found.submissions if one not in other], [*found.not_graded, *lines])


class _Collection:
    def __init__(self, folder: Path, ours: tuple[Path, ...], reader: Reader) -> None:
        self._folder, self._reader = folder, reader
        self._ours = {path.resolve() for path in ours}
        self._students: dict[str, str] = {}  # of each folder or zip at the top, the student
        self._files: list[_File] = []
        self._beside: dict[tuple[str, ...], list[Beside]] = defaultdict(list)
        self._passed_over: list[tuple[tuple[str, ...], str]] = []
        self._notebooks: Counter[str] = Counter()  # of each student
        self._zips: Counter[str] = Counter()
        for entry in walk(folder):
            self._sort(entry)

    def found(self) -> Found:
        """Read what was sorted."""
        if not self._files:
            listed = "; ".join(name_shown(f"{_way(parts)} {why}") for parts, why in self._passed_over[:3])
            raise ValueError(
                f"there is no notebook (.ipynb) in {self._folder} or below it" + (listed and f"; {listed}")
            )
        submissions = [self._read(file) for file in self._files]
        there = {one.student for one in submissions}
        for top, student in self._students.items():
            if student not in there:
                submissions.append(self._nothing(top, student))
        submissions.sort(key=lambda one: (one.student, one.name))
        return Found(submissions, [f"{_way(parts)} {why}" for parts, why in sorted(self._passed_over)])

    def _nothing(self, top: str, student: str) -> Submission:
        """For whoever handed in something that is no notebook: it must not be passed over in silence."""
        mine = [(parts, why) for parts, why in self._passed_over if parts[0] == top]
        listed = "; ".join(f"{_way(parts)} {why}" for parts, why in mine[:3])
        lesson = next((found for parts, _ in mine if (found := lesson_in_name(stem(parts[-1])))), "")
        problem = f"There is no notebook of this student{': ' if listed else ''}{listed}."
        return Submission(student, self._folder / top, top, (lesson,) if lesson else (), problem=problem)

    def _sort(self, entry: Entry) -> None:
        top = entry.parts[0]
        if entry.kind == "folder":
            if len(entry.parts) == 1:
                self._students[top] = _student(top)
        elif entry.kind == "notebook":
            self._take(_File(entry.parts, entry.path))
        elif entry.kind == "zip":
            if len(entry.parts) == 1:
                self._students[top] = _student(top[: -len(".zip")])
            self._zips[top] += 1
            if self._zips[top] > _MOST_NOTEBOOKS:
                self._passed_over.append((entry.parts, f"is one zip more than {_MOST_NOTEBOOKS} of one student"))
            else:
                self._unpack(entry)
        elif entry.kind == "none":
            if len(entry.parts) == 1:  # also where it is one file: whoever handed in a link stands in the table
                self._students[top] = _student(stem(top) if is_notebook(top) else Path(top).stem)
            self._passed_over.append((entry.parts, entry.problem))
        elif len(entry.parts) > 1:
            self._lay(entry.parts, Beside(entry.parts[-1], entry.path))
        elif entry.path.resolve() not in self._ours:
            self._passed_over.append((entry.parts, "is no notebook"))

    def _take(self, file: _File) -> None:
        self._notebooks[file.parts[0]] += 1
        if self._notebooks[file.parts[0]] <= _MOST_NOTEBOOKS:
            self._files.append(file)
        else:
            self._passed_over.append((file.parts, f"is one notebook more than {_MOST_NOTEBOOKS} of one student"))

    def _lay(self, parts: tuple[str, ...], file: Beside) -> None:
        if len(self._beside[parts[:-1]]) < MOST_FILES:
            self._beside[parts[:-1]].append(file)

    def _unpack(self, entry: Entry) -> None:
        try:
            members = self._reader.members(entry.path)
        except Unread as error:
            self._passed_over.append((entry.parts, str(error)))
            return
        for member in members:
            inner = tuple(part for part in PurePosixPath(member.replace("\\", "/")).parts if part not in ("..", "/"))
            if not inner or any(hidden(part) for part in inner):
                continue
            parts = (*entry.parts, *inner)
            if is_notebook(inner[-1]):
                self._take(_File(parts, entry.path, member))
            elif inner[-1].lower().endswith(".zip"):
                self._passed_over.append((parts, "is a zip in a zip: unpack it"))
            else:
                self._lay(parts, Beside(inner[-1], entry.path, member))
        if not any(file.path == entry.path for file in self._files):
            self._passed_over.append((entry.parts, "holds no notebook"))

    def _read(self, file: _File) -> Submission:
        top, name = file.parts[0], file.parts[-1]
        student = self._students.get(top) if len(file.parts) > 1 else None
        student = student if student is not None else _student(stem(top))
        shown = "/".join(file.parts)
        try:
            read = self._reader.notebook(file.path, file.member)
        except Unread as error:
            lesson = lesson_in_name(stem(name))
            problem = f"This is no notebook that can be read: it {error}."
            return Submission(student, file.path, shown, (lesson,) if lesson else (), problem=problem)
        notes = read["notes"]
        if not name.lower().endswith(".ipynb"):
            notes = [f"its name ends in .{name.rpartition('.')[2]}, read as a notebook all the same", *notes]
        return Submission(
            student,
            file.path,
            shown,
            tuple(read["lessons"]),
            tuple(Cell(**cell) for cell in read["cells"]),
            tuple(notes),
            read["problem"],
            tuple(self._beside[file.parts[:-1]]) if len(file.parts) > 1 else (),
            read["answers"],
            read["fingerprint"],
        )


def _way(parts: tuple[str, ...]) -> str:
    """A way from the folder, cut where it is long."""
    whole = "/".join(parts)
    return whole if len(whole) <= 200 else f"{whole[:100]} … {whole[-60:]}"


def _student(name: str) -> str:
    """The same text for the same name: one may come composed, and from a Mac decomposed."""
    return unicodedata.normalize("NFC", name)


def duplicates(submissions: list[Submission]) -> Iterator[tuple[str, list[str]]]:
    """Exercises whose answers stand with the same code in several students' notebooks, and those students."""
    by_mark: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in submissions:
        for id, mark in one.answers.items():
            if mark != "solution" and one.student not in by_mark[id, mark]:
                by_mark[id, mark].append(one.student)
    return ((id, students) for (id, _), students in by_mark.items() if len(students) > 1)
