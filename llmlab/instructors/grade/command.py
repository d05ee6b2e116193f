"""What `llmlab grade` does, from its options to the exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.feedback import write_feedback
from llmlab.instructors.grade.folder import Graded, grade_all
from llmlab.instructors.grade.gradebook import Student, canvas, moodle, read_students
from llmlab.instructors.grade.points import Points, read_points
from llmlab.instructors.grade.report import class_report
from llmlab.instructors.grade.stopping import Stopped
from llmlab.instructors.grade.summary import summary
from llmlab.instructors.grade.table import TableElsewhere
from llmlab.instructors.outputs import replace_file, require_writable, write_or_keep
from llmlab.utils.commands import CommandRefused


@dataclass(frozen=True)
class Wanted:
    """What is read and written besides the table; None where it is not wanted.

    Attributes:
        students: list of the class.
        points: of exercises and lessons.
        feedback: folder for a page for each student.
        report: page on the class.
        canvas, moodle: tables for these platforms.
    """

    students: Path | None = None
    points: Path | None = None
    feedback: Path | None = None
    report: Path | None = None
    canvas: Path | None = None
    moodle: Path | None = None

    def require_possible(self, folder: Path, out: Path) -> None:
        """Raise before anything is run where something could not be written at the end.

        Raises:
            OSError, ValueError: as the message says.
        """
        files = [file for file in (self.report, self.canvas, self.moodle) if file is not None]
        for file in files:
            require_writable(file)
        places = [file.resolve() for file in (out, self.students, self.points, *files) if file is not None]
        if len(set(places)) < len(places):
            raise ValueError("two of the files that were named are the same one: give each its own")
        for file in files:
            if file.name.lower().endswith((".ipynb", ".zip", ".py")):
                raise ValueError(f"{file} has the name of a submission: give another file")
        if self.feedback is None:
            return
        if self.feedback.exists() and not self.feedback.is_dir():
            raise ValueError(f"{self.feedback} is a file: give a folder for the pages")
        if self.feedback.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{self.feedback} lies among the submissions: give a folder outside them for the pages")

    @property
    def ours(self) -> list[Path]:
        """Files that are no submission, wherever they lie."""
        return [file for file in (self.students, self.points, self.report, self.canvas, self.moodle) if file]


def grade(
    folder: Path,
    out: Path,
    *,
    seconds: float,
    memory_mb: int,
    jobs: int,
    lessons: Sequence[str] = (),
    changed_only: bool = False,
    required: bool = False,
    container: bool = False,
    wanted: Wanted = Wanted(),  # noqa: B008  frozen
) -> int:
    """Grade a folder, say what was found, and write what is wanted besides the table.

    Returns:
        The exit code: 0, 1 when something is not written where it belongs, 130 after Ctrl-C (128 and the number of any
        other signal).

    Raises:
        CommandRefused: nothing could be graded.
    """
    try:
        points = read_points(wanted.points) if wanted.points else Points()
        students = read_students(wanted.students) if wanted.students else []
        wanted.require_possible(folder, out)
        graded = grade_all(
            folder,
            out,
            seconds=seconds,
            memory_mb=memory_mb,
            jobs=jobs,
            students=[one.student for one in students],
            ours=wanted.ours,
            lessons=lessons,
            changed_only=changed_only,
            required=required,
            container=container,
            say=lambda held: print(held, flush=True),
        )
    except TableElsewhere as error:
        print(f"{summary(error.rows)}\n{error}")
        return 1
    except Stopped as stopped:
        print(stopped.said)
        return stopped.code
    except (OSError, ValueError, ImportError, GraderBroken) as error:
        raise CommandRefused(str(error)) from error
    print(f"{summary(graded.rows, graded.not_graded)}\nWritten to {out}.")
    return _write(graded, wanted, students, points)


def _write(graded: Graded, wanted: Wanted, students: list[Student], points: Points) -> int:
    made: list[tuple[Path | None, Callable[[], str]]] = [
        (wanted.report, lambda: class_report(graded.rows, graded.not_graded, points)),
        (wanted.canvas, lambda: canvas(graded.rows, students, points)),
        (wanted.moodle, lambda: moodle(graded.rows, students, points)),
    ]
    code = 0
    for file, make in made:
        if file is not None:
            content = make()
            lost = write_or_keep(partial(replace_file, content=content), file)
            print(lost or f"Written to {file}.")
            code = max(code, bool(lost))
    if wanted.feedback is not None:
        try:
            count = write_feedback(wanted.feedback, graded.rows, points)
            print(f"Written to {wanted.feedback}: {count} pages.")
        except OSError as error:
            print(f"The pages could not be written to {wanted.feedback} ({error.strerror or error}).")
            code = 1
    return code
