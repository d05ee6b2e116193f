"""What `llmlab grade` does, from its options to the exit code."""

from __future__ import annotations

from pathlib import Path

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.folder import grade_all
from llmlab.instructors.grade.machine import protection
from llmlab.instructors.grade.stopping import Stopped
from llmlab.instructors.grade.summary import summary
from llmlab.instructors.grade.table import TableElsewhere
from llmlab.utils.commands import CommandRefused


def grade(
    folder: Path,
    out: Path,
    *,
    seconds: float,
    memory_mb: int,
    jobs: int,
    changed_only: bool = False,
    required: bool = False,
) -> int:
    """Grade a folder and say what was found.

    Returns:
        The exit code: 0, 1 when the table is not where it belongs, 130 after Ctrl-C (128 and the number of a signal).

    Raises:
        CommandRefused: nothing could be graded.
    """
    try:
        held = protection()
        print(held, flush=True)
        options = {"seconds": seconds, "memory_mb": memory_mb, "jobs": jobs, "held": held}
        graded = grade_all(folder, out, **options, changed_only=changed_only, required=required)
    except TableElsewhere as error:
        print(f"{summary(error.rows)}\n{error}")
        return 1
    except Stopped as stopped:
        print(stopped.said)
        return stopped.code
    except (OSError, ValueError, ImportError, GraderBroken) as error:
        raise CommandRefused(str(error)) from error
    print(f"{summary(graded.rows, graded.not_graded)}\nWritten to {out}.")
    return 0
