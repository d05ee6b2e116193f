"""What `llmlab grade` does, from its options to the exit code."""

from __future__ import annotations

from pathlib import Path

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.folder import grade_folder
from llmlab.instructors.grade.machine import isolation
from llmlab.instructors.grade.table import TableElsewhere, summary
from llmlab.utils.commands import CommandRefused


def grade(folder: Path, out: Path, *, seconds: float, memory_mb: int, jobs: int) -> int:
    """Grade a folder and say what was found; returns the exit code: 0, or 1 when the table is not where it belongs.

    Raises:
        CommandRefused: nothing could be graded.
    """
    try:
        print(isolation())
        rows = grade_folder(folder, out, seconds=seconds, memory_mb=memory_mb, jobs=jobs)
    except TableElsewhere as error:
        print(f"{summary(error.rows)}\n{error}")
        return 1
    except (OSError, ValueError, ImportError, GraderBroken) as error:
        raise CommandRefused(str(error)) from error
    print(f"{summary(rows)}\nWritten to {out}.")
    return 0
