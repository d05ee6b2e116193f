"""Removing a folder in which a submission wrote: by a loop, whatever its depth, rights and links."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from pathlib import Path


def remove_tree(folder: Path) -> None:
    """Remove a folder and all below it; what cannot be removed stays, nothing is raised.

    A folder in it is first moved to the top, so that no path grows long and no call nests.
    """
    numbers = itertools.count()
    waiting = [str(folder)]
    while waiting:
        place = waiting.pop()
        with contextlib.suppress(OSError):
            os.chmod(place, 0o700)
            for name in os.listdir(place):
                path = os.path.join(place, name)
                with contextlib.suppress(OSError):
                    if not stat.S_ISDIR(os.lstat(path).st_mode):  # a link, too: it may lead out of the folder
                        os.unlink(path)
                        continue
                    os.chmod(path, 0o700)
                    aside = f"{folder}.{next(numbers)}"
                    os.rename(path, aside)
                    waiting.append(aside)
            if place != str(folder):
                os.rmdir(place)
    with contextlib.suppress(OSError):
        os.rmdir(folder)
