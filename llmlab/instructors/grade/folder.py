"""A folder of submissions from end to end: several at a time, each in its own process, one row an exercise."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

from llmlab.instructors.grade.attempt import Cancelled, GraderBroken, Limits, Verdict
from llmlab.instructors.grade.judge import Judges
from llmlab.instructors.grade.machine import fill_home
from llmlab.instructors.grade.process import grade_one
from llmlab.instructors.grade.submissions import Submission, exercises_of, find
from llmlab.instructors.grade.table import Row, Table
from llmlab.instructors.outputs import require_writable
from llmlab.utils.arguments import require_count


def grade_folder(
    folder: str | Path,
    out: str | Path,
    *,
    seconds: float = 120.0,
    memory_mb: int = 2048,
    jobs: int = 2,
    progress: bool = True,
) -> list[Row]:
    """Grade every notebook in a folder and below it; the submitted files are only read.

    Args:
        folder: the submissions: `anna.ipynb`, or `anna/03_sliding_window.ipynb`.
        out: the CSV file to write (UTF-8 with a mark that spreadsheets know). Rows are added as notebooks finish, in
            the order of students at the end; after Ctrl-C it holds what was graded until then.
        seconds: for one submission; one cell may take half of it, one check a sixth.
        memory_mb: memory of one submission; PyTorch itself takes about 300, a build for GPUs more than 500.
        jobs: submissions at a time.
        progress: whether to show a progress bar.

    Raises:
        NotADirectoryError, ValueError: there is no such folder, or no notebook in it; a limit is not positive.
        OSError: `out` is a folder, lies in none, or cannot be written; said before anything is run.
        ImportError: a package that only grading needs is missing.
        GraderBroken: the grading process cannot start on this machine.
        TableElsewhere: all is graded, but `out` could not be written at the end; the message says where the table is.
        KeyboardInterrupt: after Ctrl-C, when the processes are ended and the file is complete so far.
    """
    folder, out = Path(folder), Path(out)
    require_count("memory_mb", memory_mb)
    require_count("jobs", jobs)
    if not seconds > 0:
        raise ValueError(f"seconds must be above 0, got {seconds}")
    require_writable(out)
    _require_packages()
    submissions = find(folder)
    limits = Limits(seconds, memory_mb, threads=max(1, (os.cpu_count() or 1) // jobs))
    with tempfile.TemporaryDirectory(prefix="llmlab-home-") as template:
        fill_home(Path(template))
        table = Table(out)
        try:
            for graded in _graded(submissions, limits, Path(template), jobs, progress):
                table.add(graded)
        finally:
            table.finish()
    return table.rows


def _graded(
    submissions: list[Submission], limits: Limits, template: Path, jobs: int, progress: bool
) -> Iterator[list[Row]]:
    """The rows of one submission after the other, as they finish."""
    from tqdm import tqdm

    stop = threading.Event()
    judges = Judges(limits.threads)
    with (
        closing(judges),
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=len(submissions), unit="notebook", disable=not progress) as bar,
    ):
        running = {pool.submit(_rows, one, limits, template, judges, stop) for one in submissions}
        try:
            while running:
                # Woken now and then, so that Ctrl-C is heard at once on every system.
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                    bar.update()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _rows(submission: Submission, limits: Limits, template: Path, judges: Judges, stop: threading.Event) -> list[Row]:
    verdicts, notes = {}, list(submission.notes)
    ids = list(exercises_of(submission.lesson)) or [""]
    if submission.problem:
        verdicts = {id: Verdict("unreadable", submission.problem) for id in ids}
    else:
        try:
            verdicts, more = grade_one(submission, limits, template, judges.mine(), stop)
            notes += more
        except Cancelled:
            return []
        except GraderBroken:
            raise
        except Exception as error:  # one notebook never stops the batch
            message = f"The grader itself failed on this notebook ({type(error).__name__}: {error}): report it."
            verdicts = {id: Verdict("error", message) for id in ids}
    return [
        Row(
            student=submission.student,
            notebook=submission.name,
            lesson=submission.lesson,
            exercise=id,
            status=verdict.status,
            misconception=verdict.misconception,
            message=verdict.message,
            notes="; ".join(notes),
        )
        for id, verdict in verdicts.items()
    ]


def _require_packages() -> None:
    missing = [name for name in ("IPython", "psutil", "tqdm") if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(f'grading needs {", ".join(missing)}: pip install "llmlab[instructors]"')
