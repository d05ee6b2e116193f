"""The grader's handle on the checker process: carries lines between it and a submission, and keeps the time."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from typing import Any

from llmlab.course import progress
from llmlab.instructors.grade.attempt import Attempt, Cancelled, Ended, GraderBroken, Verdict
from llmlab.instructors.grade.pipes import pipes
from llmlab.instructors.grade.places import import_path

_BOOT = "import sys; sys.path[:] = {path!r}; from llmlab.instructors.grade.checker import main; main()"
_OWN_SECONDS = 120.0  # for the checker to start, or to compute without asking; it runs the course's own code alone


class CheckerGone(Exception):
    """The checker does not answer any more."""


class Judge:
    """One checker process, kept from one submission to the next; `close` ends it."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: queue.Queue[bytes | None] = queue.Queue()

    def verdict(
        self, lesson: str, id: str, attempt: Attempt, seconds: float, end: float, stop: threading.Event
    ) -> Verdict:
        """What is decided on one answer of a submission that waits for calls.

        Args:
            lesson: of the exercise.
            id: of the exercise.
            attempt: the submission's process.
            seconds: that the submission's process may take, all calls together; what the check computes is free.
            end: when all must be done, as `time.monotonic()` counts.
            stop: ends the work when set.

        Raises:
            Ended: the submission's process is beyond its limits, or gone.
            Cancelled: `stop` was set.
            GraderBroken: no checker starts on this machine.
        """
        try:
            return self._verdict(lesson, id, attempt, seconds, end, stop)
        except CheckerGone:  # what the answer gave back was too much for it: a fresh one judges the next answer
            self.close()
            return Verdict("error", "The check came to its end on what this answer gave back: too large, or odd.")

    def _verdict(
        self, lesson: str, id: str, attempt: Attempt, seconds: float, end: float, stop: threading.Event
    ) -> Verdict:
        self._say({"judge": id, "lesson": lesson})
        while True:
            heard = self._hear(stop)
            if "verdict" in heard:
                found = heard["verdict"]
                return Verdict(found["status"], found["message"], found["misconception"] or "", found["solution"])
            asked = time.monotonic()
            try:
                attempt.send(heard["ask"])
                while (event := attempt.event(min(end, asked + seconds), stop)).get("event") != "reply":
                    pass  # what a submission says of itself now changes nothing
            except (Ended, Cancelled):
                self._free()
                raise
            seconds -= time.monotonic() - asked
            line = event.get("line")
            self._say({"reply": line if isinstance(line, str) else ""})

    def _free(self) -> None:
        """Let the checker give up the answer that it asks for, so that it can judge the next one."""
        self._say({"gone": True})
        try:
            self._hear(threading.Event(), until=("gone", "verdict"))
        except CheckerGone:
            self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in pipes(self._process):
                pipe.close()
            self._process = None

    def _say(self, message: dict[str, Any]) -> None:
        to_it, _ = pipes(self._started())
        with contextlib.suppress(OSError):  # it is gone: `_hear` says so
            to_it.write(json.dumps(message).encode() + b"\n")
            to_it.flush()

    def _hear(self, stop: threading.Event, until: tuple[str, ...] = ("ask", "verdict")) -> dict[str, Any]:
        end = time.monotonic() + _OWN_SECONDS
        while time.monotonic() < end:
            if stop.is_set():
                self.close()
                raise Cancelled
            try:
                line = self._lines.get(timeout=0.2)
            except queue.Empty:
                continue
            if line is None:
                break
            heard = json.loads(line)
            if any(name in heard for name in until):
                return heard
        raise CheckerGone

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            quiet = {progress.VARIABLE: progress.OFF, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": str(self._threads)}
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-c", _BOOT.format(path=import_path())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | quiet,
                start_new_session=os.name == "posix",  # Ctrl-C is the grader's: it ends this one itself
            )
            self._lines = queue.Queue()
            threading.Thread(target=self._listen, args=(self._process, self._lines), daemon=True).start()
            try:
                self._hear(threading.Event(), until=("ready",))
            except CheckerGone:
                self.close()
                raise GraderBroken("the process that judges answers does not start; is there memory for it?") from None
        return self._process

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in pipes(process)[1]:
                lines.put(line)
        lines.put(None)


class Judges:
    """A judge for each thread that grades."""

    def __init__(self, threads: int) -> None:
        self._threads, self._local = threads, threading.local()
        self._all: list[Judge] = []

    def mine(self) -> Judge:
        """This thread's own."""
        if not hasattr(self._local, "judge"):
            self._local.judge = Judge(self._threads)
            self._all.append(self._local.judge)
        return self._local.judge

    def close(self) -> None:
        """End all their processes."""
        for judge in self._all:
            judge.close()
