"""Ctrl-C, a closed terminal, a polite kill: heard once, and answered when all is cleared up."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import FrameType
from typing import Any


class Stopped(KeyboardInterrupt):
    """Grading was stopped from outside, and everything that it started is ended.

    Attributes:
        code: the exit code by which a shell knows the signal: 130 after Ctrl-C.
        said: what is there of the work, in a sentence.
    """

    def __init__(self, code: int, said: str) -> None:
        super().__init__(said)
        self.code, self.said = code, said


class Stopping:
    """While its `with` block runs a signal raises nothing: it sets `event`, and the work ends itself.

    Attributes:
        event: set when the work is to end.
        code: the exit code then.
    """

    def __init__(self) -> None:
        self.event, self.code = threading.Event(), 130
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name, None)
                # A signal that whoever started this wants ignored (nohup) stays ignored.
                if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if not self.event.is_set():
            self.code = 128 + number
            self.event.set()
            with contextlib.suppress(OSError):
                os.write(2, b"\nStopping: the notebooks that run now are given up.\n")
