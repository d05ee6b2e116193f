"""Stop a computation that fills the memory, before the operating system ends the whole process."""

from __future__ import annotations

from llmlab.utils.watch import Stopped, Watch

MB = 1_000_000
_LEAST = 150  # megabytes that PyTorch may take for itself when it is first used
_EVERY = 0.05  # seconds between two looks: a loop of Python fills some ten MB in that time


class GrewTooLarge(Stopped):
    """The process has grown by more than the limit."""


class MemoryLimit(Watch):
    """`with MemoryLimit(megabytes):` raises `GrewTooLarge` in the block when the process has grown by more than that.

    Where less than twice as much is free, the limit is half of what is free, and never so small that the libraries'
    own buffers reach it. It needs psutil, which comes with ipykernel; without it nothing is watched.
    """

    def __init__(self, megabytes: float) -> None:
        try:
            import psutil
        except ImportError:
            super().__init__(GrewTooLarge, "", exceeded=lambda: False, every=3600)
            return
        process = psutil.Process()
        limit = min(megabytes, max(_LEAST, psutil.virtual_memory().available / MB / 2))
        most = process.memory_info().rss + limit * MB
        super().__init__(
            GrewTooLarge,
            f"It filled {limit:,.0f} MB of memory: does every loop end?",
            exceeded=lambda: process.memory_info().rss > most,
            every=_EVERY,
        )
