"""The two ends of a process that is written to and read from."""

from __future__ import annotations

from subprocess import Popen
from typing import IO


def pipes(process: Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """The input and the output of a process that was started with a pipe for each."""
    assert process.stdin is not None and process.stdout is not None
    return process.stdin, process.stdout
