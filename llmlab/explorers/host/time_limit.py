"""Stop a computation that takes too long, in whichever thread it runs.

JupyterLab 4.4 and later has the kernel answer widgets in a thread of their own, where an interrupt (a signal,
which only the main thread receives) never arrives. Without a limit a loop that does not end could only be left by
restarting the kernel.
"""

from __future__ import annotations

import ctypes
import threading
from types import TracebackType


class TookTooLong(KeyboardInterrupt):
    """Raised inside the computation when its time is over; like an interrupt, it passes `except Exception`."""


class TimeLimit:
    """`with TimeLimit(seconds):` raises `TookTooLong` in the block when it is still running after `seconds`.

    It reaches Python code between two of its steps; a single long call into a compiled library ends first.
    """

    def __init__(self, seconds: float) -> None:
        self._message = f"Not finished after {seconds:g} seconds: does every loop end?"
        self._over = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._raise_in, [threading.get_ident()])
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # once past here the timer does nothing, so nothing is raised after the block
            self._over = True
        self._timer.cancel()
        if kind is TookTooLong and not str(error):
            raise TookTooLong(self._message) from None

    def _raise_in(self, thread: int) -> None:
        with self._lock:
            if not self._over:
                # CPython takes only the class here and makes the exception itself, without a message.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))
