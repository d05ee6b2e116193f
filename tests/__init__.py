"""The tests, as a package: else another `tests` on the path (older versions of IPython bring one) would hide them.

The folders mirror the package; `ROOT` is the checkout, `PYTHON_PATH` what a fresh interpreter finds it by, and what
this one finds by that variable, too: packages may come from there alone. `notebooks()` is the folder of the course's
notebooks.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_PATH = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def git_files(*places: str, root: Path = ROOT, others: bool = True) -> list[Path] | None:
    """What git has of these places, with `others` also what it would take; None where there is no git."""
    command = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        *(["--others", "--exclude-standard"] if others else []),
        "--",
        *places,
    ]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, text=True, encoding="utf-8", check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return [root / name for name in listed.split("\0") if name and (root / name).is_file()]


@cache
def notebooks(root: Path = ROOT) -> Path:
    """The folder of the notebooks as the course has them.

    That is `notebooks/`, until somebody learns there: answers, runs and saves, makes copies, renames. Then it is a
    folder of its own beside the lessons, in which what was worked in stands as it was built, and what has no lesson is
    missing. So the tests say whether the course is sound, not what a learner has written. In CI, where nobody learns,
    the notebooks are judged as they are.
    """
    if str(ROOT / "tools") not in sys.path:  # pytest has it; a script such as `grading_batch.py` has not
        sys.path.append(str(ROOT / "tools"))
    from build_notebooks import is_as_built, of_the_course

    here = root / "notebooks"
    if os.environ.get("CI") == "true" or not (root / ".git").exists():
        return here
    tracked = set(git_files("notebooks", root=root, others=False) or ())
    course = {path for path in here.rglob("*.ipynb") if path in tracked or _has_lesson(path, root)} | _of_lessons(root)
    if course == set(here.rglob("*.ipynb")) and all(is_as_built(path.read_bytes()) for path in course):
        return here
    folder = Path(tempfile.mkdtemp(prefix="llmlab-course-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(root / "lessons", folder / "lessons", ignore=shutil.ignore_patterns("__pycache__"))
    for path in {path.relative_to(root) for path in course}:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # of a new lesson, not yet built
            (folder / path).write_bytes(of_the_course(root, path.as_posix()))
    return folder / "notebooks"


def _of_lessons(root: Path) -> set[Path]:
    """Both notebooks of each lesson, there or not: somebody may have renamed or deleted one."""
    texts = [path.relative_to(root / "lessons") for path in root.glob("lessons/**/[0-9]*.py")]
    lessons = [path.with_suffix(".ipynb") for path in texts if ".ipynb_checkpoints" not in path.parts]
    folders = ["", "solutions"]
    return {root / "notebooks" / lesson.parent / folder / lesson.name for lesson in lessons for folder in folders}


def _has_lesson(notebook: Path, root: Path) -> bool:
    """Whether there is a lesson for a notebook: `lessons/de/00_welcome.py`. A check point is none of the course's."""
    *folders, name = notebook.relative_to(root / "notebooks").parts
    lesson = root.joinpath("lessons", *[folder for folder in folders if folder != "solutions"], name)
    return ".ipynb_checkpoints" not in folders and lesson.with_suffix(".py").is_file()
