"""Ctrl-C while a model trains: the step in hand is finished first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def held_interrupt() -> Iterator[list[bool]]:
    """Note Ctrl-C instead of breaking off in the middle of a step; the second one breaks off.

    The list is empty until then. Only the main thread can hold an interrupt; elsewhere it stays what it was.
    """
    pressed: list[bool] = []

    def note(*_: object) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(True)

    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
