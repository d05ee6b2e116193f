"""One process that runs one submission: started with nothing of the caller's, watched from outside, always ended."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from llmlab.course import progress
from llmlab.instructors.grade.beside import Beside, contents_of
from llmlab.instructors.grade.bubblewrap import prefix
from llmlab.instructors.grade.pipes import pipes
from llmlab.instructors.grade.places import import_path, readable
from llmlab.instructors.grade.trees import remove_tree
from llmlab.instructors.grade.workplace import Workplace

if TYPE_CHECKING:
    import psutil

    from llmlab.instructors.grade.container import Container

_LONGEST_LINE = 64_000_000  # bytes; a submission that finds the channel must not fill the memory of the grader
_LONG = 1_000_000  # bytes; a longer line is a reply, and nothing of it is built but its text
_MOST_WAITING = 2  # events that nobody has read yet, each maybe a long line: the submission's process waits then
_BETWEEN_LOOKS = 0.05  # seconds

_BOOT = "import sys; sys.path[:] = {path!r}; from llmlab.instructors.grade.worker import main; main()"


class GraderBroken(RuntimeError):
    """The grading process cannot work on this machine, whatever the submission."""


class Ended(Exception):
    """The process is beyond its limits, or gone.

    Attributes:
        cause: "timeout", "out_of_memory", "too_many" processes, or "crashed".
        detail: how it ended by itself, in words.
    """

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(cause)
        self.cause, self.detail = cause, detail


class Cancelled(Exception):
    """Somebody wants all work to end."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        seconds: for everything together; one cell may take half of it, one check a sixth.
        memory_mb: private memory of one process, and resident memory of all of them together.
        threads: that PyTorch computes with.
        processes: at a time, and ten times as many threads.
        wrapped: whether bubblewrap starts the process.
        required: whether to run nothing that the kernel does not hold in every respect.
        container: in which the process runs, if in any.
    """

    seconds: float
    memory_mb: int
    threads: int
    processes: int = 200
    wrapped: bool = False
    required: bool = False
    container: Container | None = None

    def of_step(self, kind: str) -> float:
        """Seconds for starting, for one cell or for one check."""
        return {"start": self.seconds, "cell": self.seconds / 2, "check": self.seconds / 6}[kind]


@dataclass(frozen=True)
class Verdict:
    """What is decided on one exercise; `solution`: the answer has the code of the course's own."""

    status: str
    message: str
    misconception: str = ""
    solution: bool = False


class Attempt:
    """One process and its folder; leaving the `with` block ends and removes both."""

    def __init__(self, job: dict[str, Any], limits: Limits, place: Workplace, beside: tuple[Beside, ...] = ()) -> None:
        self._limits, self._place = limits, place
        self._events: queue.Queue[dict | None] = queue.Queue(_MOST_WAITING)
        self._to_send: queue.Queue[str | None] = queue.Queue()
        self._over = False
        self._folder = place.new()
        self._container, self._name, self._began, self._complaint = limits.container, "", False, b""
        self._heard = threading.Event()  # all that the engine says
        command, environment, more = (
            self._contained(limits.container, beside) if limits.container else self._here(beside)
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if self._container else subprocess.DEVNULL,
            cwd=self._folder / "work",
            env=environment,
            start_new_session=os.name == "posix",
        )
        self._input, self._output = pipes(self._process)
        place.started(self._process.pid, self._container.removal(self._name) if self._container else [])
        self._seen: dict[int, Any] = {}
        for work in (self._listen, self._speak, *([self._overhear] if self._container else [])):
            threading.Thread(target=work, daemon=True).start()
        self.send(json.dumps({**job, **more, "processes": 2 * limits.processes}))

    def __enter__(self) -> Attempt:
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._to_send.put(None)
        self._kill()
        if self._container:
            self._container.remove(self._name)
        self._place.ended(self._process.pid)
        self._output.close()
        remove_tree(self._folder)

    def _here(self, beside: tuple[Beside, ...]) -> tuple[list[str], dict[str, str], dict[str, Any]]:
        """The command, its environment, and what the worker must know of this machine."""
        shutil.copytree(self._place.home, self._folder / "home")
        for name, content in contents_of(beside):
            with contextlib.suppress(OSError, ValueError):  # no name for a file: not there
                (self._folder / "work" / name).write_bytes(content)
        read = readable()
        before = prefix(self._folder, self._limits.memory_mb, read) if self._limits.wrapped else []
        command = [*before, sys.executable, "-B", "-c", _BOOT.format(path=import_path())]
        more = {"folder": str(self._folder), "read": read, "wrapped": bool(before)}
        return command, _environment(self._folder, self._limits.threads), more

    def _contained(self, container: Container, beside: tuple[Beside, ...]) -> tuple[list[str], None, dict[str, Any]]:
        """The same for a container: its engine is a program of the grader's own, and keeps the grader's environment."""
        self._name, folder = container.new_name(), container.folder
        here = (
            "PATH",
            "SYSTEMROOT",
            "SYSTEMDRIVE",
        )  # where programs are on this machine; the image knows where its own are
        known = {name: value for name, value in _environment(folder, self._limits.threads).items() if name not in here}
        command = container.run(self._name, self._limits.memory_mb, 2 * self._limits.processes, known)
        files = {name: base64.b64encode(content).decode() for name, content in contents_of(beside)}
        return command, None, {"folder": None, "beside": files, "wrapped": False}

    def send(self, line: str) -> None:
        """Put one line on the process's input, without waiting until it is read."""
        self._to_send.put(line)

    def event(self, end: float, stop: threading.Event) -> dict[str, Any]:
        """The next thing that the process says.

        Args:
            end: when this must have happened, as `time.monotonic()` counts.
            stop: ends the waiting when set.

        Raises:
            Ended: it is late, holds too much memory, has too many processes, or is gone.
            Cancelled: `stop` was set.
            GraderBroken: the engine of containers does not do its part.
        """
        while True:
            if stop.is_set():
                raise Cancelled
            if beyond := self._beyond():
                raise Ended(beyond)
            if time.monotonic() >= end:
                raise Ended("timeout")
            try:
                event = self._events.get(timeout=_BETWEEN_LOOKS)
            except queue.Empty:
                continue
            if event is None:
                why = self._why_gone()
                self._require_engine()
                raise Ended("crashed", why)
            self._began = True
            return event

    def _listen(self) -> None:
        """Put each event on the queue, None at the end; a line that is no JSON object is nothing."""
        with contextlib.suppress(OSError, ValueError):
            while line := self._output.readline(_LONGEST_LINE):
                with contextlib.suppress(ValueError, RecursionError):
                    event = _long_reply(line) if len(line) > _LONG else json.loads(line)
                    if isinstance(event, dict):
                        self._put(event)
        self._put(None)

    def _put(self, event: dict | None) -> None:
        while not self._over:
            with contextlib.suppress(queue.Full):
                return self._events.put(event, timeout=0.5)

    def _speak(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # it is gone: whoever waits for an event will see
            while (line := self._to_send.get()) is not None:
                self._input.write(line.encode() + b"\n")
                self._input.flush()
        with contextlib.suppress(OSError, ValueError):
            self._input.close()

    def _overhear(self) -> None:
        """Keep the end of what the engine of containers says on its error output."""
        stream = self._process.stderr
        assert stream is not None  # a pipe was asked for
        with contextlib.suppress(OSError, ValueError), stream:
            while piece := os.read(stream.fileno(), 4096):
                self._complaint = (self._complaint + piece)[-2000:]
        self._heard.set()

    def _why_gone(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it closed the channel and runs on
            return "it closed the grader's channel"
        if (self._limits.wrapped or self._container) and 128 < code < 128 + 65:  # so they pass on a signal
            code = 128 - code
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _require_engine(self) -> None:
        """Raise GraderBroken where it was no notebook that ended a container.

        The first event comes from the course's own code, before anything of the submission runs; and what is on the
        error output is the engine's, since the first process in the container has closed its own.
        """
        if self._container is None or (self._began and self._container.answers()):
            return
        self._heard.wait(timeout=5)  # what it said last may not have been read yet
        said = " ".join(self._complaint.decode(errors="replace").split())[-300:] or "it did not say why"
        what = "stopped answering" if self._began else "did not start a container"
        raise GraderBroken(f"{self._container.engine} {what} ({said})")

    def _beyond(self) -> str:
        """Look at the process and all that it started; remember them, to end them even if they leave the family.

        Returns:
            The limit that they are beyond, as the cause of `Ended`, or "".
        """
        import psutil

        if self._process.returncode is None:
            with contextlib.suppress(psutil.Error):
                leader = psutil.Process(self._process.pid)
                self._seen |= {one.pid: one for one in (leader, *leader.children(recursive=True))}
        total = threads = 0
        for one in list(self._seen.values()):
            try:
                total += one.memory_info().rss
                threads += one.num_threads()
            except psutil.NoSuchProcess:
                del self._seen[one.pid]
            except psutil.Error:  # not to be looked into: counted by what it shares with the others
                continue
        if len(self._seen) > self._limits.processes or threads > 10 * self._limits.processes:
            return "too_many"
        most = self._limits.memory_mb * 2**20
        return "out_of_memory" if total > most and sum(map(_share, self._seen.values())) > most else ""

    def _kill(self) -> None:
        import psutil

        self._beyond()
        if os.name == "posix":
            import signal

            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        for one in self._seen.values():
            with contextlib.suppress(psutil.Error):
                one.kill()
        self._process.kill()
        self._process.wait()


def _share(process: psutil.Process) -> int:
    """Bytes that a process holds: of what it shares with others its part, where the system tells, else all of it.

    Workers of a loader share what was there before them, PyTorch above all: counted for each, eight were too many.
    It takes the system 10 ms and more to tell, so it is asked last.
    """
    import psutil

    try:
        held = process.memory_full_info()
        return getattr(held, "pss", held.rss)
    except psutil.AccessDenied:
        return process.memory_info().rss if process.is_running() else 0
    except psutil.Error:
        return 0


def _long_reply(line: bytes) -> dict[str, str]:
    """A reply of which only the text is read: what else a long line may hold could take many times its size."""
    before, after = b'{"event": "reply", "line": "', b'"}\n'
    if not (line.startswith(before) and line.endswith(after)):
        raise ValueError("a long line is a reply")
    text = json.loads(line[len(before) - 1 : 1 - len(after)])
    if not isinstance(text, str):
        raise ValueError("a reply is a text")
    return {"event": "reply", "line": text}


def _environment(folder: PurePath, threads: int) -> dict[str, str]:
    """All that the process knows of its surroundings: nothing of the caller's."""
    home, tmp = str(folder / "home"), str(folder / "tmp")
    windows = {
        name: os.environ[name] for name in ("SYSTEMROOT", "SYSTEMDRIVE") if os.name == "nt" and name in os.environ
    }
    return windows | {
        "PATH": os.pathsep.join((os.path.dirname(sys.executable), os.defpath)),  # `!python` is this one
        "HOME": home,
        "USERPROFILE": home,
        "TMPDIR": tmp,
        "TEMP": tmp,
        "TMP": tmp,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",  # the order of a set is the same in every grading
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": str(threads),
        "CUDA_VISIBLE_DEVICES": "",  # graded on the CPU, where the lessons' own outputs come from
        "PIP_NO_INDEX": "1",
        progress.VARIABLE: progress.OFF,  # what is graded is nobody's progress
    }
