"""What the machine gives to grading: how far it keeps a submission apart, and a home with the fonts listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.bubblewrap import prefix
from llmlab.instructors.grade.places import import_path, readable

_BOOT = (
    "import sys, json, pathlib; sys.path[:] = {path!r}; from llmlab.instructors.grade.guard import confine; "
    "print(json.dumps(confine(pathlib.Path({folder!r}), 512, {read!r}, {wrapped!r})), flush=True); "
    "import torch"
)


@dataclass(frozen=True)
class Protection:
    """Who keeps a submission apart here, "kernel" or "python" for each.

    Attributes:
        processes: from other processes; "python": the grader looks for them.
        network: from the network.
        files: from files that are not its own.
        wrapped: whether bubblewrap does it.
    """

    processes: str
    network: str
    files: str
    wrapped: bool

    @property
    def whole(self) -> bool:
        """Whether the kernel does all of it."""
        return (self.processes, self.network, self.files) == ("kernel",) * 3

    def __str__(self) -> str:
        how = {"kernel": "by the kernel", "python": "in Python only: programs that a notebook starts are not held"}
        held = "held by the kernel (bubblewrap)" if self.wrapped else "held by the kernel (namespaces)"
        processes = {"kernel": held, "python": "looked for by the grader"}[self.processes]
        files = f"Files outside the submission's folder: kept {how[self.files]}"
        return f"Processes: {processes}. Network: cut {how[self.network]}. {files}."


def protection() -> Protection:
    """Try it, as it will be done with each submission: with bubblewrap where it is installed and works, else without.

    Raises:
        GraderBroken: no grading process starts here.
    """
    said = ""
    for wrapped in (True, False):
        with tempfile.TemporaryDirectory(prefix="llmlab-grade-") as name:
            folder = Path(name).resolve()
            (folder / "work").mkdir()
            before = prefix(folder, 512, readable()) if wrapped else []
            if wrapped and not before:
                continue
            code = _BOOT.format(path=import_path(), folder=str(folder), read=readable(), wrapped=wrapped)
            done = subprocess.run(
                [*before, sys.executable, "-B", "-c", code], cwd=folder / "work", capture_output=True, text=True
            )
        said = done.stderr.strip()[-300:]
        if done.returncode == 0:
            return Protection(**json.loads(done.stdout), wrapped=wrapped)
    raise GraderBroken(f"the grading process cannot start on this machine: {said}")


def isolation() -> str:
    """One sentence on what keeps a submission from the network and from other files on this machine."""
    return str(protection())


def fill_home(template: Path) -> None:
    """Let matplotlib list the fonts once for the whole batch, in a home that every submission gets a copy of."""
    names = {name: str(template) for name in ("HOME", "USERPROFILE")} | {"MPLBACKEND": "agg"}
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "SYSTEMDRIVE") if name in os.environ}
    code = f"import sys; sys.path[:] = {import_path()!r}; import matplotlib.font_manager"
    # Without it each submission lists the fonts itself: slower, nothing worse.
    subprocess.run([sys.executable, "-B", "-c", code], env=kept | names, capture_output=True)
