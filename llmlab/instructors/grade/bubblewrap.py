"""The same tree and namespaces by bubblewrap, where it is installed: it also works where only known programs may.

Some systems let no program make namespaces but those that they name; bubblewrap, which desktops use, is one of these.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from llmlab.instructors.grade.places import MEGABYTES_OF_FILES, MEGABYTES_OF_TMP, tree

START = "/llmlab-start"  # where the submission's folder, as it was prepared, is seen from inside


def prefix(folder: Path, memory_mb: int, read: tuple[str, ...]) -> list[str]:
    """What stands before a command that is to run in there; empty where bubblewrap is not installed.

    Args:
        folder: the submission's; from inside it is empty, in memory, and `fill` copies to it what was prepared.
        memory_mb: half of it is the most that shared memory takes.
        read: places that must stay readable.
    """
    program = shutil.which("bwrap")
    if program is None:
        return []
    words = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--proc", "/proc", "--dev", "/dev", "--dir", "/run"]
    words += ["--size", str(MEGABYTES_OF_TMP * 2**20), "--tmpfs", "/tmp"]
    for name in ("sys", "sysrq-trigger", "irq", "bus"):  # root's own there, if the grader is run by root
        words += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    for place, link in tree(read):
        words += ["--symlink", link, place] if link else ["--ro-bind", place, place]
    words += ["--size", str(max(64, memory_mb // 2) * 2**20), "--tmpfs", "/dev/shm"]
    words += ["--ro-bind", str(folder), START]
    words += ["--size", str(MEGABYTES_OF_FILES * 2**20), "--tmpfs", str(folder)]
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    return [*words, "--chdir", str(folder), "--"]


def fill(folder: Path) -> None:
    """Copy what was prepared to the folder that can be written."""
    shutil.copytree(START, folder, dirs_exist_ok=True)
