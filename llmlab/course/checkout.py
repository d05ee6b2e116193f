"""Where the course's folders are, for the commands that work on its notebooks."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def checkout(start: Path | None = None) -> Path | None:
    """The root of the course: the nearest folder, from `start` upwards, with `lessons/` and `notebooks/`.

    Without one, the folder from which `llmlab` was installed with `pip install -e .`; None for an installed wheel.

    Args:
        start: where to look first; the current folder if None.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, PACKAGE.parent):
        if (folder / "lessons").is_dir() and (folder / "notebooks").is_dir():
            return folder
    return None


def notebooks(root: Path) -> list[Path]:
    """All notebooks of the course, the student's, the solved and the translated ones, in the order of the lessons.

    What else lies there is somebody's own: a copy of a notebook, a check point, one that has no lesson.
    """
    there = [path for path in (root / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    found = [path for path in there if _lesson_of(path, root).is_file()]
    return sorted(found, key=lambda path: (path.name, len(path.parts), path.as_posix()))


def _lesson_of(notebook: Path, root: Path) -> Path:
    """Where the lesson of a notebook stands, if it has one: `lessons/de/00_welcome.py`."""
    *folders, name = notebook.relative_to(root / "notebooks").parts
    return root.joinpath("lessons", *[folder for folder in folders if folder != "solutions"], name).with_suffix(".py")
