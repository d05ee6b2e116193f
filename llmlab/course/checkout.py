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
    """All notebooks of the course, the student's, the solved and the translated ones, in the order of the lessons."""
    found = [path for path in (root / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    return sorted(found, key=lambda path: (path.name, len(path.parts), path.as_posix()))
