"""The folder that one run of the grader works in, and a process that clears up after it, however it ends.

That process does nothing but wait for the end of its input, which the grader holds open. A grader that is killed, or
whose terminal is closed, cannot clear up; then this process ends what ran and removes the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from llmlab.instructors.grade.places import import_path
from llmlab.instructors.grade.trees import remove_tree

_BOOT = "import sys; sys.path[:] = {path!r}; from llmlab.instructors.grade.workplace import main; main()"


class Workplace:
    """A temporary folder; leaving the `with` block removes it.

    Attributes:
        folder: a short path, for sockets of worker processes lie below it, and theirs may have 108 characters.
        home: a folder that every submission gets a copy of as its home.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="llmlab-grade-")).resolve()
        self.home = self.folder / "home"
        self.home.mkdir()
        self._lock = threading.Lock()
        self._clearing = subprocess.Popen(
            [sys.executable, "-B", "-c", _BOOT.format(path=import_path()), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )
        assert self._clearing.stdin is not None  # a pipe was asked for
        self._orders = self._clearing.stdin

    def __enter__(self) -> Workplace:
        return self

    def __exit__(self, *_: object) -> None:
        remove_tree(self.folder)
        with contextlib.suppress(OSError):
            self._orders.close()
        self._clearing.wait()

    def new(self) -> Path:
        """A folder for one process, with an empty `work` and `tmp`, and a `home`."""
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix=""))
        for name in ("work", "tmp"):
            (folder / name).mkdir()
        return folder

    def started(self, pid: int, undo: Sequence[str] = ()) -> None:
        """A process runs that leads a group of its own; where ending it is not enough, `undo` is a command that is."""
        self._tell(f"+{pid} {json.dumps(undo)}")

    def ended(self, pid: int) -> None:
        """It is gone."""
        self._tell(f"-{pid} []")

    def _tell(self, line: str) -> None:
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._orders.write(f"{line}\n".encode())
            self._orders.flush()


def main() -> None:
    """Wait until the grader closes the input or is gone, then end what it has not ended and remove its folder."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    alive: dict[int, list[str]] = {}
    for line in sys.stdin:
        pid, undo = line[1:].split(" ", 1)
        alive[int(pid)] = json.loads(undo)
        if line[0] == "-":
            del alive[int(pid)]
    for pid, undo in alive.items():
        _end(pid)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if undo:
                subprocess.run(undo, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    folder = Path(sys.argv[1])
    if folder.exists():
        remove_tree(folder)


def _end(pid: int) -> None:
    with contextlib.suppress(Exception):
        import psutil

        for one in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL) if os.name == "posix" else os.kill(pid, signal.SIGTERM)


if __name__ == "__main__":
    main()
