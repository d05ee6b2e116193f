"""What `llmlab check` hands on: how a notebook will be checked, what came of a cell, and why nothing could be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmlab.utils.commands import CommandRefused

EDITED, STALE = "edited since it was built", "stale"


class CannotCheck(CommandRefused):
    """Nothing could be checked; the message says why, and how to mend it."""


@dataclass(frozen=True)
class Planned:
    """A notebook and how it will be checked: `compare` its outputs, or execute it only, with the reason in `note`."""

    notebook: Path
    compare: bool
    cells: int
    note: str = ""


@dataclass(frozen=True)
class Checked:
    """What came of one cell, or of a whole notebook (`cell` None); all is well when `trouble` is empty.

    Attributes:
        notebook: the file.
        cell: the number of the code cell, counted from 1.
        source: the cell's first line of code.
        trouble: what is wrong, in a few words: "stdout differs", "raises", "stale".
        expected: what the notebook holds.
        got: what came out.
        seconds: how long the cell took.
        skipped: whether the cell says of itself that it is not to be run.
    """

    notebook: Path
    cell: int | None
    source: str = ""
    trouble: str = ""
    expected: str = ""
    got: str = ""
    seconds: float = 0.0
    skipped: bool = False


def shown_path(path: Path, root: Path | None) -> str:
    """A path as people write it: from the course's root, or from the current folder, where it lies inside."""
    for base in (root, Path.cwd()):
        if base and path.resolve().is_relative_to(base):
            return path.resolve().relative_to(base).as_posix()
    return str(path)
