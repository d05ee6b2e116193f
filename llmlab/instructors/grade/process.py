"""One submission from start to verdict: where its process must be ended, a fresh one goes on without the cause.

A cell that never ends, takes all memory or kills the process cannot be stopped from inside for sure. So the process is
ended from outside, and a fresh one runs the notebook without that cell: whatever else was answered is still graded.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from llmlab.instructors.grade.attempt import Attempt, Ended, GraderBroken, Limits, Verdict
from llmlab.instructors.grade.judge import Judge
from llmlab.instructors.grade.missing import why_missing
from llmlab.instructors.grade.submissions import Submission, exercises_of
from llmlab.instructors.grade.workplace import Workplace

_SAYS = {
    "timeout": "took longer than {seconds:.0f} s",
    "out_of_memory": "took more than {memory_mb} MB of memory",
    "too_many": "started more than {processes} processes, or ten times as many threads",
    "crashed": "ended the process ({detail})",
}


def grade_one(
    submission: Submission, limits: Limits, place: Workplace, judge: Judge, stop: threading.Event
) -> tuple[dict[str, Verdict], list[str]]:
    """Run and check one readable submission.

    Args:
        submission: one with a lesson and without a problem.
        limits: see `Limits`.
        place: where its processes get their folders.
        judge: decides on each answer.
        stop: set from another thread, ends the work at once.

    Returns:
        A verdict for each exercise of the lesson, and notes on what happened on the way.

    Raises:
        Cancelled: `stop` was set.
    """
    names = exercises_of(*submission.lessons)
    seconds = limits.seconds * max(1, len(submission.lessons))
    run = _Run(submission, names, seconds, end=time.monotonic() + seconds)
    while len(run.decided) < len(names):
        step = _Step("start")
        run.stopped = {}
        try:
            with Attempt(run.job(limits), limits, place, submission.beside) as attempt:
                _follow(run, attempt, judge, limits, step, stop)
        except Ended as ended:
            run.note(ended, step, limits)
        else:
            break
    notes = run.notes + [f"cell {place} stopped: {error}" for place, error in list(run.stopped.items())[:3]]
    if len(run.stopped) > 3:
        notes.append(f"so did {len(run.stopped) - 3} more")
    return {id: run.decided[id] for id in names}, notes


@dataclass
class _Step:
    """What is going on: kind is "start", "cell" or "check", `at` the cell's place or the exercise."""

    kind: str
    at: Any = None

    def __str__(self) -> str:
        return {"start": "its start", "cell": f"cell {self.at}", "check": f"the check of {self.at}"}[self.kind]


@dataclass
class _Run:
    """What is known of a submission so far; what a process that had to be ended has cost stays known."""

    submission: Submission
    names: dict[str, tuple[str, ...]]
    seconds: float
    end: float
    decided: dict[str, Verdict] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    stopped: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def job(self, limits: Limits) -> dict[str, Any]:
        """What the next process is to do."""
        return {
            "lessons": self.submission.lessons,
            "names": self.names,
            "cells": [vars(cell) for cell in self.submission.cells],
            "skipped": self.skipped,
            "memory_mb": limits.memory_mb,
        }

    def note(self, ended: Ended, step: _Step, limits: Limits) -> None:
        """Draw the conclusion from a process that had to be ended in the middle of a step."""
        what = _SAYS[ended.cause].format(
            seconds=limits.of_step(step.kind),
            memory_mb=limits.memory_mb,
            processes=limits.processes,
            detail=ended.detail,
        )
        status = "crashed" if ended.cause == "too_many" else ended.cause
        open = [id for id in self.names if id not in self.decided]
        if time.monotonic() >= self.end:
            self.notes.append(f"not finished within {self.seconds:.0f} s, last in {step}")
            message = f"The submission as a whole took longer than {self.seconds:.0f} s."
            self.decided |= {id: Verdict("timeout", message) for id in open}
        elif step.kind == "cell":
            self.skipped[step.at] = status
            self.notes.append(f"cell {step.at} {what} and was left out")
        elif step.kind == "check":
            self.decided[step.at] = Verdict(status, f"The check of this answer {what}.")
        else:
            self.decided |= {id: Verdict(status, f"Before its first cell the submission {what}.") for id in open}


def _follow(run: _Run, attempt: Attempt, judge: Judge, limits: Limits, step: _Step, stop: threading.Event) -> None:
    """Follow one process through its cells and let its answers be judged; `step` says how far it has come.

    Raises:
        Ended, Cancelled: see `Attempt.event`.
    """
    found = _run_cells(run, attempt, limits, step, stop)
    for id in run.names:
        if id in run.decided:
            continue
        if id not in found:
            run.decided[id] = why_missing(run.names[id], run.submission.cells, run.skipped, run.stopped)
            continue
        step.kind, step.at = "check", id
        run.decided[id] = judge.verdict(id[:2], id, attempt, limits.of_step("check"), run.end, stop)


def _run_cells(run: _Run, attempt: Attempt, limits: Limits, step: _Step, stop: threading.Event) -> set[str]:
    """Wait until all cells have run; returns the exercises that have an answer."""
    places = {cell.place for cell in run.submission.cells}
    until = run.end
    while True:
        match attempt.event(min(run.end, until), stop):
            # In order: a cell that says again and again that it begins gets no more time by that.
            case {"event": "cell", "place": int(place)} if place in places and place > (step.at or 0):
                step.kind, step.at = "cell", place
                until = time.monotonic() + limits.of_step("cell")
            case {"event": "stopped", "place": int(place), "error": str(error)} if place in places:
                run.stopped[place] = error[:300]
            case {"event": "guard", **held} if limits.required and step.kind == "start" and "python" in held.values():
                raise GraderBroken("the kernel did not hold a submission as it did before, and that is required")
            case {"event": "memory"}:
                raise Ended("out_of_memory")
            case {"event": "broken", "message": str(message)} if step.kind == "start":
                raise GraderBroken(f"the grading process cannot start on this machine: {message[:300]}")
            case {"event": "ready", "found": list(found), "replaced": list(replaced)}:
                for id in run.names:
                    if id in replaced:
                        named = " and ".join(f"`{name}`" for name in run.names[id])
                        run.notes.append(f"{id}: {named} got another value after the check, which was graded")
                return {id for id in run.names if id in found}
