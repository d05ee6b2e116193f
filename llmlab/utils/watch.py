"""Stop a block of code from another thread, in whichever thread the block runs.

JupyterLab 4.4 and later has the kernel answer widgets in a thread of their own, where an interrupt (a signal,
which only the main thread receives) never arrives. Without a limit, what never ends could only be left by restarting
the kernel.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

_COURSE = str(Path(__file__).resolve().parents[1]) + os.sep
_AGAIN = 1.0  # seconds until the exception is raised again, where code in the block has swallowed it

_set_exception = ctypes.pythonapi.PyThreadState_SetAsyncExc
_set_exception.argtypes = (ctypes.c_ulong, ctypes.py_object)


class Stopped(KeyboardInterrupt):
    """Raised inside a block that is to end; like an interrupt, it passes `except Exception`."""


class Watch:
    """`with Watch(Stopped, ...):` raises the exception in the block when `exceeded()` is true at a look at it.

    It reaches Python code between two of its steps. A single long call into compiled code ends first, however long it
    takes and whatever it fills: `list(range(10**10))` is one. Code that catches everything for ever is stopped from
    Python 3.12 on; before, only where it does something outside of its `try`.

    Args:
        kind: the class to raise.
        message: what the exception says.
        exceeded: asked in a thread of its own.
        every: seconds before the first look, and between two.
    """

    def __init__(self, kind: type[Stopped], message: str, exceeded: Callable[[], bool], every: float) -> None:
        self._kind, self._message, self._exceeded, self._every = kind, message, exceeded, every
        self._running = threading.Lock()  # held as long as the block runs; the other thread waits for it
        self._guard = threading.Lock()
        self._over = self._raised = False

    def __enter__(self) -> Self:
        self._running.acquire()
        watched = (threading.get_ident(), sys._getframe(1))
        try:
            threading.Thread(target=self._look, args=watched, daemon=True).start()
        except self._kind:  # over before the block began
            self._over = True
            self._running.release()
            raise self._kind(self._message) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True  # first, because the exception may still come at any step of this
        self._running.release()
        with self._guard:
            raised = self._raised
        if kind is self._kind and not str(error):
            raise kind(self._message).with_traceback(trace) from None
        if raised:
            with contextlib.suppress(self._kind):  # what Python has not delivered yet, comes here and not later
                for _ in range(10):
                    pass

    def _look(self, thread: int, caller: FrameType) -> None:
        while not self._running.acquire(timeout=self._every):
            if self._exceeded():
                self._raise_in(thread, caller)
                return

    def _raise_in(self, thread: int, caller: FrameType) -> None:
        """Raise the exception in the block, and again as long as the call that was running then still runs.

        Only as long: an exception that came just when the block was about to end may have kept `__exit__` from running.
        """
        there, call = _call_from(caller, thread)
        again = there
        while again:
            with self._guard:
                if self._over:
                    return
                # CPython takes only the class here and makes the exception itself, without a message.
                self._raised = True
                _set_exception(thread, ctypes.py_object(self._kind))
            if call is None or self._running.acquire(timeout=_AGAIN) or self._insist(thread, call):
                return
            again = _call_from(caller, thread) == (True, call)

    def _insist(self, thread: int, call: FrameType) -> bool:
        """Raise at every step of the code that has swallowed the exception: it cannot swallow all of them.

        Returns:
            Whether the block has ended.
        """
        if sys.version_info >= (3, 12):
            steps, instruction, swallows = sys.monitoring, sys.monitoring.events.INSTRUCTION, _others_in(thread, call)

            def raise_there(*_: object) -> None:
                frame = sys._getframe(1) if threading.get_ident() == thread else None
                while frame is not None and frame is not swallows:
                    frame = frame.f_back
                if frame is not None:
                    raise self._kind

            tool = next((one for one in range(5, -1, -1) if steps.get_tool(one) is None), None)
            if tool is not None:  # debuggers and profilers may have taken them all
                steps.use_tool_id(tool, __name__)
                try:
                    steps.register_callback(tool, instruction, raise_there)
                    steps.set_events(tool, instruction)
                    return self._running.acquire(timeout=_AGAIN)
                finally:
                    steps.set_events(tool, 0)
                    steps.register_callback(tool, instruction, None)
                    steps.free_tool_id(tool)
        return False


def _others_in(thread: int, call: FrameType) -> FrameType | None:
    """The frame through which the course's code has called what is not the course's and runs now, within `call`.

    The course's own code is not hindered when it takes note of who was stopped.
    """
    frame = sys._current_frames().get(thread)
    while frame is not None and frame is not call and _ours(frame):
        frame = frame.f_back
    while frame is not None and frame is not call and frame.f_back is not None and not _ours(frame.f_back):
        frame = frame.f_back
    return frame


def _ours(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith(_COURSE)


def _call_from(caller: FrameType, thread: int) -> tuple[bool, FrameType | None]:
    """Whether `caller` is running in the thread, and the frame of the call that it is waiting for, if there is one."""
    call, frame = None, sys._current_frames().get(thread)
    while frame is not None and frame is not caller:
        call, frame = frame, frame.f_back
    return frame is caller, call
