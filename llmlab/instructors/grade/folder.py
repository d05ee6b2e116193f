"""A folder of submissions from end to end: several at a time, each in its own process, one row an exercise."""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmlab.instructors.grade import container as containers
from llmlab.instructors.grade.attempt import Cancelled, GraderBroken, Limits, Verdict
from llmlab.instructors.grade.earlier import Earlier, fingerprint
from llmlab.instructors.grade.judge import Judges
from llmlab.instructors.grade.machine import Protection, fill_home, protection
from llmlab.instructors.grade.process import grade_one
from llmlab.instructors.grade.safe_text import name_shown
from llmlab.instructors.grade.standing import absent, best_of, not_of_lessons
from llmlab.instructors.grade.stopping import Stopped, Stopping
from llmlab.instructors.grade.submissions import Found, Submission, asked_for, duplicates, exercises_of, find
from llmlab.instructors.grade.table import Row, Table, partial_of
from llmlab.instructors.grade.workplace import Workplace
from llmlab.utils.arguments import require_count

SOLUTION = "the course's solution"
_OF_THIS_RUN = {"timeout", "out_of_memory", "crashed"}  # with other limits, or another day, it may end otherwise


@dataclass(frozen=True)
class Graded:
    """What came of a folder: the rows of the table, and a line on each thing that was passed over."""

    rows: list[Row]
    not_graded: list[str]


def grade_folder(folder: str | Path, out: str | Path, **options: Any) -> list[Row]:
    """Grade every notebook in a folder and below it; returns the rows. Takes what `grade_all` takes."""
    return grade_all(folder, out, **options).rows


def grade_all(
    folder: str | Path,
    out: str | Path,
    *,
    seconds: float = 120.0,
    memory_mb: int = 2048,
    jobs: int = 2,
    progress: bool = True,
    students: Sequence[str] = (),
    ours: Sequence[Path] = (),
    lessons: Sequence[str] = (),
    changed_only: bool = False,
    required: bool = False,
    container: bool = False,
    say: Callable[[Protection | containers.Container], object] = lambda held: None,
) -> Graded:
    """Grade every notebook in a folder and below it; the submitted files are only read.

    Args:
        folder: the submissions: `anna.ipynb`, or `anna/03_sliding_window.ipynb`.
        out: the CSV file to write (UTF-8 with a mark that spreadsheets know). It is replaced when all is done; on the
            way rows are added to a file beside it, `grades.partial.csv`, which stays after an interruption.
        seconds: for one lesson of a submission; one cell may take half of it, one check a sixth.
        memory_mb: memory of one submission; PyTorch itself takes about 300, a build for GPUs more than 500.
        jobs: submissions at a time.
        progress: whether to show a progress bar.
        students: who should have handed in something; whoever did not gets a row.
        ours: files in the folder that are no submission.
        lessons: that were asked for, such as "03": notebooks of others are passed over, and whoever has none of one of
            them gets a row. Otherwise all that is there.
        changed_only: whether to take over the rows of the last table where nothing has changed since.
        required: whether to run nothing that the kernel does not hold in every respect.
        container: whether to run each submission in a container of Docker or Podman.
        say: is told what holds a submission, before the first one runs.

    Raises:
        NotADirectoryError, ValueError: there is no such folder or lesson, or no notebook; a limit is not positive;
            `out` holds something else than a table of grades.
        OSError: `out` is a folder, lies in none, or cannot be written; said before anything is run.
        ImportError: a package that only grading needs is missing.
        GraderBroken: the grading process, or a container, cannot start on this machine, or less holds it than is
            required.
        TableElsewhere: all is graded, but `out` could not be written at the end; the message says where the table is.
        Stopped: after Ctrl-C and other signals, when all that was started is ended; a KeyboardInterrupt.
    """
    folder, out = Path(folder), Path(out)
    require_count("memory_mb", memory_mb)
    require_count("jobs", jobs)
    if not seconds > 0:
        raise ValueError(f"seconds must be above 0, got {seconds}")
    _require_packages()
    earlier = Earlier(out) if changed_only else None
    table = Table(out)  # a place where no table can be written is refused before anything is read or run
    try:
        contained = containers.find() if container else None
        everything = find(folder, ours=(out, partial_of(out), *ours))
        found = asked_for(everything, lessons)
        held = contained or protection()
        say(held)
        if required and not held.whole:
            raise GraderBroken(f"less protects this machine here than is required. {held}")
        threads = max(1, (os.cpu_count() or 1) // jobs)
        alone = required and contained is None  # in a container what Python holds comes on top
        limits = Limits(seconds, memory_mb, threads, wrapped=held.wrapped, required=alone, container=contained)
        with Stopping() as stopping, Workplace() as place:
            if contained is None:  # the image has a home of its own
                fill_home(place.home)
            batch = _Batch(limits, place, stopping.event, earlier, _same_code(found.submissions))
            for rows in batch.graded(found.submissions, jobs, progress):
                table.add(rows)
    except BaseException:
        table.leave()
        raise
    if stopping.event.is_set():
        table.leave()
        raise Stopped(stopping.code, _left(found, table, out))
    rows = best_of(table.rows)
    known = [*students, *(one.student for one in everything.submissions)]
    table.finish([*rows, *(not_of_lessons(rows, known, lessons) if lessons else absent(rows, students))])
    return Graded(table.rows, found.not_graded)


@dataclass
class _Batch:
    """What all submissions of one run have in common."""

    limits: Limits
    place: Workplace
    stop: threading.Event
    earlier: Earlier | None
    same_code: dict[tuple[str, str], str]

    def graded(self, submissions: list[Submission], jobs: int, progress: bool) -> Iterator[list[Row]]:
        """The rows of one submission after the other, as they finish; it ends early when `stop` is set."""
        from tqdm import tqdm

        judges = Judges(self.limits.threads)
        with (
            closing(judges),
            ThreadPoolExecutor(jobs) as pool,
            tqdm(total=len(submissions), unit="notebook", disable=None if progress else True) as bar,
        ):
            waiting = iter(submissions)
            running: dict[Future[list[Row]], Submission] = {}
            try:
                while not self.stop.is_set():
                    while len(running) < jobs and (one := next(waiting, None)) is not None:
                        running[pool.submit(self._rows, one, judges)] = one
                    if not running:
                        break
                    bar.set_postfix_str(
                        ", ".join(name_shown(one.name)[-40:] for one in running.values()), refresh=False
                    )
                    # Woken now and then, so that a signal is heard at once on every system.
                    done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in done:
                        del running[future]
                        bar.update()
                        yield future.result()
            finally:
                if running:  # left in the middle: what runs is given up
                    self.stop.set()

    def _rows(self, submission: Submission, judges: Judges) -> list[Row]:
        mark = fingerprint(submission)
        if self.earlier and (rows := self.earlier.rows(submission, mark)):
            return [self._with_same_code(row) for row in rows]
        verdicts, notes, started = {}, list(submission.notes), time.monotonic()
        ids = list(exercises_of(*submission.lessons)) or [""]
        if submission.problem:
            verdicts = {id: Verdict("unreadable", submission.problem) for id in ids}
        else:
            try:
                verdicts, more = grade_one(submission, self.limits, self.place, judges.mine(), self.stop)
                notes += more
            except Cancelled:
                return []
            except GraderBroken:
                raise
            except Exception as error:  # one notebook never stops the batch
                verdicts, mark = {id: Verdict("error", self._failed(error)) for id in ids}, ""
            if not _OF_THIS_RUN.isdisjoint(verdict.status for verdict in verdicts.values()):
                mark = ""  # the next run with `--changed-only` tries it again
        return [
            self._with_same_code(
                Row(
                    student=submission.student,
                    notebook=submission.name,
                    lesson=id[:2] or "".join(submission.lessons[:1]),
                    exercise=id,
                    status=verdict.status,
                    misconception=verdict.misconception,
                    message=verdict.message,
                    notes="; ".join(notes),
                    seconds=round(time.monotonic() - started, 1),
                    same_code=SOLUTION if verdict.solution else "",
                    fingerprint=mark,
                )
            )
            for id, verdict in verdicts.items()
        ]

    def _failed(self, error: Exception) -> str:
        if isinstance(error, shutil.Error):  # what copying a folder raises holds a list of files
            return f"The grader could not work in {self.place.folder}: {error.args[0][0][2]}."
        if isinstance(error, OSError):
            return f"The grader could not work in {self.place.folder}: {error.strerror or error}."
        return f"The grader itself failed on this notebook ({type(error).__name__}: {error}): report it."

    def _with_same_code(self, row: Row) -> Row:
        found = self.same_code.get((row.student, row.exercise), "")
        if SOLUTION in row.same_code and SOLUTION not in found:  # seen when it ran: no cell has that code
            found = ", ".join(filter(None, (found, SOLUTION)))
        return replace(row, same_code=found)


def _same_code(submissions: list[Submission]) -> dict[tuple[str, str], str]:
    """For students and exercises: whose answer has the same code."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in submissions:
        for id, mark in one.answers.items():
            if mark == "solution":
                found[one.student, id].add(SOLUTION)
    for id, students in duplicates(submissions):
        for student in students:
            found[student, id] |= {other for other in students if other != student}
    return {key: ", ".join(sorted(others)) for key, others in found.items()}


def _left(found: Found, table: Table, out: Path) -> str:
    count = len({row.notebook for row in table.rows})
    where = f" Their rows are in {table.partial}." if table.rows else ""
    kept = f" {out} is as it was." if out.exists() else f" {out} was not written."
    on = " With --changed-only the next run goes on from there." if table.rows else ""
    return f"Stopped: {count} of {len(found.submissions)} notebooks were graded.{where}{kept}{on}"


def _require_packages() -> None:
    missing = [name for name in ("IPython", "psutil", "tqdm") if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(f'grading needs {", ".join(missing)}: pip install "llmlab[instructors]"')
