"""Stop a computation that takes too long."""

from __future__ import annotations

from llmlab.utils.watch import Stopped, Watch


class TookTooLong(Stopped):
    """The time is over."""


class TimeLimit(Watch):
    """`with TimeLimit(seconds):` raises `TookTooLong` in the block when it is still running after `seconds`."""

    def __init__(self, seconds: float) -> None:
        message = f"Not finished after {seconds:g} seconds: does every loop end?"
        super().__init__(TookTooLong, message, exceeded=lambda: True, every=seconds)
