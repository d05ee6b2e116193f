"""Grade a folder of submitted notebooks: `grade_folder("submissions", "grades.csv")`, or `llmlab grade` in a shell.

Each notebook runs in a fresh process with limits; its answers are found by their names and judged by the course's own
checks with fresh random values, whatever the notebook shows or prints. One row a student and exercise. Which file is
whose: `_grading_submissions`; how a process is watched: `_grading_attempt`; what it may not do: `_grading_guard`.
This is for the notebooks of one's own course: it stops accidents and simple tricks, not a determined attack.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from llmlab.instructors.grade.attempt import GraderBroken, Limits, Verdict
from llmlab.instructors.grade.process import grade_one
from llmlab.instructors.grade.submissions import Submission, exercises_of, find
from llmlab.instructors.grade.table import CSV_FILE, HEADER, Row, as_cells, summary, write_table
from llmlab.utils.arguments import require_count

__all__ = ["GraderBroken", "Row", "grade_folder", "isolation", "summary"]


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
        FileNotFoundError: `out` lies in a folder that does not exist.
        ImportError: a package that only grading needs is missing.
        GraderBroken: the grading process cannot start on this machine.
        KeyboardInterrupt: after Ctrl-C, when the processes are ended and the file is complete so far.
    """
    folder, out = Path(folder), Path(out)
    require_count("memory_mb", memory_mb)
    require_count("jobs", jobs)
    if not seconds > 0:
        raise ValueError(f"seconds must be above 0, got {seconds}")
    if not out.parent.is_dir():
        raise FileNotFoundError(f"{out.parent} does not exist: make that folder first, {out.name} is written there")
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder: give the file to write, for example {out / 'grades.csv'}")
    _require_packages()
    submissions = find(folder)
    limits = Limits(seconds, memory_mb, threads=max(1, (os.cpu_count() or 1) // jobs))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="llmlab-home-") as template, out.open("w", **CSV_FILE) as file:
        _fill_home(Path(template))
        table = csv.writer(file)
        table.writerow(HEADER)
        try:
            for graded in _graded(submissions, limits, Path(template), jobs, progress):
                rows += graded
                table.writerows(map(as_cells, graded))
                file.flush()
        finally:
            rows.sort(key=lambda row: (row.student, row.notebook, row.exercise))
            file.flush()
            write_table(out, rows)
    return rows


def isolation() -> str:
    """One sentence on what keeps a submission from the network and from other files on this machine."""
    code = (
        f"import sys, json, pathlib; sys.path[:] = {[str(Path(entry).resolve()) for entry in sys.path]!r}; "
        "from llmlab.instructors.grade.guard import confine; print(json.dumps(confine(pathlib.Path.cwd())))"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise GraderBroken(f"the grading process cannot start on this machine: {done.stderr.strip()[-300:]}")
    how = {"kernel": "by the kernel", "python": "in Python only: programs that a notebook starts are not held"}
    found = json.loads(done.stdout)
    return f"Network: cut {how[found['network']]}. Files outside the submission's folder: kept {how[found['files']]}."


def _graded(
    submissions: list[Submission], limits: Limits, template: Path, jobs: int, progress: bool
) -> Iterator[list[Row]]:
    """The rows of one submission after the other, as they finish."""
    from tqdm import tqdm

    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as pool, tqdm(total=len(submissions), unit="notebook", disable=not progress) as bar:
        running = {pool.submit(_rows, one, limits, template, stop) for one in submissions}
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


def _rows(submission: Submission, limits: Limits, template: Path, stop: threading.Event) -> list[Row]:
    verdicts, notes = {}, list(submission.notes)
    ids = list(exercises_of(submission.lesson)) or [""]
    if submission.problem:
        verdicts = {id: Verdict("unreadable", submission.problem) for id in ids}
    else:
        try:
            verdicts, more = grade_one(submission, limits, template, stop)
            notes += more
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


def _fill_home(template: Path) -> None:
    """Let matplotlib list the fonts once for the whole batch, in a home that every submission gets a copy of."""
    names = {name: str(template) for name in ("HOME", "USERPROFILE")} | {"MPLBACKEND": "agg"}
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "SYSTEMDRIVE") if name in os.environ}
    path = [str(Path(entry).resolve()) for entry in sys.path]
    code = f"import sys; sys.path[:] = {path!r}; import matplotlib.font_manager"
    # Without it each submission lists the fonts itself: slower, nothing worse.
    subprocess.run([sys.executable, "-B", "-c", code], env=kept | names, capture_output=True)


def _require_packages() -> None:
    missing = [name for name in ("IPython", "psutil", "tqdm") if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(f'grading needs {", ".join(missing)}: pip install "llmlab[instructors]"')
