"""The files beside a notebook, such as a module: as many and as much as a lesson may need, and never more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from llmlab.instructors.grade.reader import Unread, contents

MOST_FILES = 100
_MOST = 20 * 2**20  # bytes of them together


@dataclass(frozen=True)
class Beside:
    """A file that lies beside a notebook in the student's own folder: its path, or a zip's and the member's name."""

    name: str
    path: Path
    member: str = ""


def contents_of(beside: Iterable[Beside]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each of the files that a notebook gets; one that is too large is left out."""
    left = _MOST
    for one in islice(beside, MOST_FILES):
        with contextlib.suppress(Unread):
            content = contents(one.path, one.member, most=left)
            left -= len(content)
            yield one.name, content
