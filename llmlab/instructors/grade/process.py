"""One submission from start to verdict: where its process must be ended, a fresh one goes on without the cause.

A cell that never ends, takes all memory or kills the process cannot be stopped from inside for sure. So the process is
ended from outside, and a fresh one runs the notebook without that cell: whatever else was answered is still graded.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from llmlab.instructors.grade.attempt import Attempt, Limits, Verdict
from llmlab.instructors.grade.submissions import Submission, exercises_of

_SAYS = {
    "timeout": "took longer than {seconds:.0f} s",
    "out_of_memory": "took more than {memory_mb} MB of memory",
    "crashed": "ended the process ({detail})",
}


def grade_one(
    submission: Submission, limits: Limits, template: Path, stop: threading.Event
) -> tuple[dict[str, Verdict], list[str]]:
    """Run and check one readable submission.

    Args:
        submission: one with a lesson and without a problem.
        limits: see `Limits`.
        template: a folder that each process gets a copy of as its home.
        stop: set from another thread, ends the work at once.

    Returns:
        A verdict for each exercise of the lesson, and notes on what happened on the way.
    """
    names = exercises_of(submission.lesson)
    decided: dict[str, Verdict] = {}
    skipped: dict[int, str] = {}
    notes: list[str] = []
    stopped: dict[int, str] = {}
    end = time.monotonic() + limits.seconds
    while len(decided) < len(names) and not stop.is_set():
        stopped = {}
        job = {
            "lesson": submission.lesson,
            "names": names,
            "undecided": [id for id in names if id not in decided],
            "cells": [vars(cell) for cell in submission.cells],
            "skipped": skipped,
            "memory_mb": limits.memory_mb,
        }
        with Attempt(job, limits, template) as attempt:
            cause = attempt.follow(end, stop, decided, stopped)
        if cause is None:
            break
        what = _SAYS[cause].format(
            seconds=limits.of_step(attempt.kind), memory_mb=limits.memory_mb, detail=attempt.exit
        )
        if time.monotonic() >= end:
            notes.append(f"not finished within {limits.seconds:.0f} s, last in {attempt.step}")
            message = f"The submission as a whole took longer than {limits.seconds:.0f} s."
            decided |= {id: Verdict("timeout", message) for id in names if id not in decided}
        elif attempt.kind == "cell":
            skipped[attempt.at] = cause
            notes.append(f"cell {attempt.at} {what} and was left out")
        elif attempt.kind == "check":
            decided[attempt.at] = Verdict(cause, f"The check of this answer {what}.")
        else:
            decided |= {id: Verdict(cause, f"Before its first cell the submission {what}.") for id in names}
    notes += [f"cell {place} stopped: {error}" for place, error in list(stopped.items())[:3]]
    if len(stopped) > 3:
        notes.append(f"so did {len(stopped) - 3} more")
    undecided = Verdict("crashed", "The grading process came to its end without a word on this answer.")
    return {id: decided.get(id, undecided) for id in names}, notes
