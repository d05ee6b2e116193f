"""What `llmlab lab` does: JupyterLab on a lesson, with whatever options JupyterLab is to have beside."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from llmlab.course.checkout import checkout, notebooks
from llmlab.course.saving import HOOK
from llmlab.utils.commands import CommandRefused

FIRST_LESSON = "00"


def open_lab(words: Sequence[str], options: Sequence[str] = ()) -> int:
    """Start JupyterLab on a lesson, wait until it is closed, and return its exit code.

    Args:
        words: the number or name of a lesson, the first one if none is given, after the folder of its language where
            it is a translation (`de/00`); then what JupyterLab is to be given.
        options: more of that.

    Raises:
        CommandRefused: there is no course here, no such lesson, or no JupyterLab.
    """
    root = checkout()
    if root is None:
        raise CommandRefused(
            "There is no checkout of the course here, and an installed llmlab carries no notebooks. Get them with\n"
            "    git clone <address of the course>\nand run `llmlab lab` in that folder."
        )
    named = bool(words) and not words[0].startswith("-")
    page = f"/lab/tree/{_lesson(root, words[0] if named else FIRST_LESSON).relative_to(root).as_posix()}"
    if importlib.util.find_spec("jupyterlab") is None:
        raise CommandRefused("JupyterLab is not installed here: pip install jupyterlab")
    passed_on = [*options, *words[named:]]
    if _is_root() and "--allow-root" not in passed_on:
        print("You are root, as in most containers: JupyterLab is started with --allow-root.", flush=True)
        passed_on.append("--allow-root")
    ours = [f"--ServerApp.root_dir={root}", f"--LabApp.default_url={page}", HOOK]
    return subprocess.run([sys.executable, "-m", "jupyterlab", *ours, *passed_on]).returncode


def _lesson(root: Path, lesson: str) -> Path:
    """The student's notebook of a lesson: `03`, `03_sliding_window`, or its path; `de/00`, where it is translated."""
    students = {_with_language(path): path for path in notebooks(root) if path.parent.name != "solutions"}
    for name, path in students.items():
        if name.startswith(_with_language(Path(lesson))):
            return path
    raise CommandRefused(f"there is no lesson {lesson!r}; the lessons are {', '.join(sorted(students))}")


def _with_language(path: Path) -> str:
    """The name of a lesson, or its beginning, after the folder of its language if it is a translation."""
    language = path.parent.name
    return f"{language}/{path.stem}" if re.fullmatch("[a-z]{2}", language) else path.stem


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0  # Windows has no root
