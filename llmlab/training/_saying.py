"""Printing that never ends what it reports on: nobody may be listening any more, and the work goes on."""

from __future__ import annotations

import os
import sys

from tqdm.auto import tqdm


def say(text: str = "", end: str = "\n") -> bool:
    """Print, above the progress bar where there is one; False where it could not be written.

    A pipe that was closed or a disk that is full does not open again: from then on what is printed goes nowhere, so
    that neither the next line nor Python's last flush fails once more.
    """
    if sys.stdout is None:  # the process was started without an output
        return False
    try:
        tqdm.write(text, end=end)
        sys.stdout.flush()
    except OSError:
        _print_nowhere()
        return False
    return True


def several(number: int, noun: str) -> str:
    """A number and its noun: 1 step, 2 steps."""
    return f"{number} {noun}{'s' * (number != 1)}"


def _print_nowhere() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except OSError:  # an output that is no file of the system
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it is the output from now on
    finally:
        os.close(nowhere)
