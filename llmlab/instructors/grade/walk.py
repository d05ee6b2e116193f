"""What lies below a folder of submissions: found by a loop, so that no depth, link or pipe stops it; nothing is opened.

A zip counts as a folder of its name. What cannot be a notebook is told with the reason, never passed over.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

_MOST_ENTRIES = 200_000  # files and folders of one student: whoever hands in more takes nothing from the others
_OTHER_ARCHIVES = (".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@dataclass(frozen=True)
class Entry:
    """One thing below the folder.

    Attributes:
        parts: its way from the folder, as text.
        path: where it is.
        kind: "notebook", "zip", "folder", "file", or "none" where it can be none of these.
        problem: why it is passed over, in words, for the kind "none".
    """

    parts: tuple[str, ...]
    path: Path
    kind: str
    problem: str = ""

    @property
    def name(self) -> str:
        """The way from the folder, as the table shows it."""
        return "/".join(self.parts)


def walk(folder: Path) -> Iterator[Entry]:
    """Everything below `folder` that is not hidden, links not followed; what lies less deep comes first."""
    waiting: deque[tuple[tuple[str, ...], str]] = deque([((), str(folder))])
    count: Counter[str] = Counter()  # of each student
    while waiting:
        above, place = waiting.popleft()
        top = above[0] if above else ""
        if count[top] > _MOST_ENTRIES:
            continue
        try:
            with os.scandir(place) as all:
                found = sorted(islice(all, _MOST_ENTRIES + 1) if above else all, key=lambda one: one.name)
        except OSError as error:
            if not above:
                raise
            yield Entry(above, Path(place), "none", f"cannot be opened ({error.strerror or error})")
            continue
        for one in found:
            count[top] += bool(above)
            if count[top] > _MOST_ENTRIES:
                problem = f"is passed over, and what follows it: one student has more than {_MOST_ENTRIES:,} files"
                yield Entry((*above, one.name), Path(one.path), "none", problem)
                break
            if hidden(one.name):
                continue
            entry = _entry((*above, one.name), one)
            yield entry
            if entry.kind == "folder":
                waiting.append((entry.parts, one.path))


def hidden(name: str) -> bool:
    """Whether a name is one that no student gave: checkpoints, what macOS adds to an archive."""
    return name.startswith(".") or name == "__MACOSX"


def is_notebook(name: str) -> bool:
    """Whether a file's name says that it is a notebook, also where a browser wrote an ending after it.

    >>> is_notebook("03.ipynb"), is_notebook("03.ipynb.txt"), is_notebook("notes.txt")
    (True, True, False)
    """
    first, _, last = name.lower().rpartition(".")
    return last == "ipynb" or (last in ("txt", "json") and first.endswith(".ipynb"))


def stem(name: str) -> str:
    """A file's name without the endings of a notebook.

    >>> stem("anna.ipynb.txt"), stem("anna.IPYNB"), stem("anna"), stem("\u0130rem.ipynb")
    ('anna', 'anna', 'anna', '\u0130rem')
    """
    # Not by `lower`, which makes some letters longer: the places of the rest would be other ones.
    endings = list(re.finditer(r"\.ipynb", name, re.IGNORECASE | re.ASCII))
    return name[: endings[-1].start()] if endings and endings[-1].start() else name


def _entry(parts: tuple[str, ...], one: os.DirEntry) -> Entry:
    path = Path(one.path)
    try:
        mode = one.stat(follow_symlinks=False).st_mode
    except OSError as error:
        return Entry(parts, path, "none", f"cannot be looked at ({error.strerror or error})")
    if stat.S_ISLNK(mode):  # it may lead to a neighbour's file, or out of the folder
        return Entry(parts, path, "none", "is a link, which is not followed: the file itself must be there")
    if stat.S_ISDIR(mode):
        return Entry(parts, path, "folder")
    if not stat.S_ISREG(mode):
        return Entry(parts, path, "none", "is no file but a pipe, a socket or a device")
    name = one.name.lower()
    if is_notebook(name):
        return Entry(parts, path, "notebook")
    if name.endswith(".zip"):
        return Entry(parts, path, "zip")
    if name.endswith(_OTHER_ARCHIVES):
        return Entry(parts, path, "none", "is an archive of a kind that is not read: unpack it, or make it a zip")
    return Entry(parts, path, "file")
