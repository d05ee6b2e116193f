"""Stop a block of code from another thread, in whichever thread the block runs.

JupyterLab 4.4 and later has the kernel answer widgets in a thread of their own, where an interrupt (a signal,
which only the main thread receives) never arrives. Without a limit, what never ends could only be left by restarting
the kernel.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_AGAIN_AFTER = 1.0  # seconds; a bare `except:` in the block may have swallowed the exception


class Stopped(KeyboardInterrupt):
    """Raised inside a block that is to end; like an interrupt, it passes `except Exception`."""


class Watch:
    """`with Watch(Stopped, ...):` raises the exception in the block when `exceeded()` is true at a look at it.

    It reaches Python code between two of its steps. A single long call into compiled code ends first, however long it
    takes and whatever it fills: `list(range(10**10))` is one.

    Args:
        kind: the class to raise.
        message: what the exception says.
        exceeded: asked in a thread of its own.
        every: seconds before the first look, and between two.
    """

    def __init__(self, kind: type[Stopped], message: str, exceeded: Callable[[], bool], every: float) -> None:
        self._kind, self._message, self._exceeded, self._every = kind, message, exceeded, every
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._look, args=[threading.get_ident()], daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:  # once past here the watch does nothing
            self._ended.set()
            _raise_in(threading.get_ident(), None)  # nor does what it has raised and Python has not delivered yet
        if kind is self._kind and not str(error):
            raise kind(self._message).with_traceback(trace) from None

    def _look(self, thread: int) -> None:
        pause = self._every
        while not self._ended.wait(pause):
            if self._exceeded():
                with self._lock:
                    if not self._ended.is_set():
                        _raise_in(thread, self._kind)
                pause = _AGAIN_AFTER


def _raise_in(thread: int, kind: type[Stopped] | None) -> None:
    """Have `kind` raised in a thread, or with None take back what was not raised yet."""
    # CPython takes only the class here and makes the exception itself, without a message.
    wanted = ctypes.py_object() if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), wanted)
