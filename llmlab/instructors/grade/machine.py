"""What the machine gives to grading: how far it keeps a submission apart, and a home with the fonts listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from llmlab.instructors.grade.attempt import GraderBroken
from llmlab.instructors.grade.places import import_path, readable


def isolation() -> str:
    """One sentence on what keeps a submission from the network and from other files on this machine."""
    code = (
        f"import sys, json, pathlib; sys.path[:] = {import_path()!r}; "
        "from llmlab.instructors.grade.guard import confine; "
        f"print(json.dumps(confine(pathlib.Path.cwd(), 512, {readable()!r})), flush=True)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise GraderBroken(f"the grading process cannot start on this machine: {done.stderr.strip()[-300:]}")
    how = {"kernel": "by the kernel", "python": "in Python only: programs that a notebook starts are not held"}
    found = json.loads(done.stdout)
    processes = {"kernel": "held by the kernel", "python": "looked for by the grader"}[found["processes"]]
    network, files = how[found["network"]], how[found["files"]]
    return f"Processes: {processes}. Network: cut {network}. Files outside the submission's folder: kept {files}."


def fill_home(template: Path) -> None:
    """Let matplotlib list the fonts once for the whole batch, in a home that every submission gets a copy of."""
    names = {name: str(template) for name in ("HOME", "USERPROFILE")} | {"MPLBACKEND": "agg"}
    kept = {name: os.environ[name] for name in ("SYSTEMROOT", "SYSTEMDRIVE") if name in os.environ}
    code = f"import sys; sys.path[:] = {import_path()!r}; import matplotlib.font_manager"
    # Without it each submission lists the fonts itself: slower, nothing worse.
    subprocess.run([sys.executable, "-B", "-c", code], env=kept | names, capture_output=True)
