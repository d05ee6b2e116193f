"""The lessons as the site shows them: the student notebooks, their names, titles and minutes; writing what changed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tools"))  # what built the notebooks knows whether somebody has worked in one

from build_notebooks import of_the_course  # noqa: E402

CACHE = ROOT / "site" / "cache"
PAGES = CACHE / "pages"  # what Sphinx reads
STATIC = CACHE / "static"  # what is copied to _static beside site/_static

PARTS = {  # the first lesson of each part of the course, and the part's name
    "00": "From text to tokens",
    "04": "Vectors and attention",
    "09": "The whole model",
    "11": "Learning and writing",
}


@dataclass(frozen=True)
class Lesson:
    """A lesson: `name` is its file's, "03_sliding_window"; `title` is without its number."""

    name: str
    title: str
    minutes: int
    notebook: NotebookNode

    @property
    def number(self) -> str:
        """Its number, "03"."""
        return self.name[:2]


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons in order.

    Raises:
        ValueError: a notebook's first cells do not have its title and its minutes.
    """
    names = [path.stem for path in sorted((ROOT / "lessons").glob("*.py"))]
    return tuple(_lesson(name, nbformat.reads(notebook_file(name).decode(), as_version=4)) for name in names)


def notebook_file(name: str) -> bytes:
    """The student's notebook of a lesson as the course has it, also where somebody has answered it in this checkout."""
    return of_the_course(ROOT, f"notebooks/{name}.ipynb")


def _lesson(name: str, notebook: NotebookNode) -> Lesson:
    opening = "\n".join(cell.source for cell in notebook.cells[:3])
    title = re.search(r"^# \d\d · (.+)$", opening, re.MULTILINE)
    minutes = re.search(r"\b(\d+) minutes", opening)
    if not title or not minutes:
        raise ValueError(f"notebooks/{name}.ipynb does not open with '# NN · title' and its minutes: make notebooks")
    return Lesson(name, title[1], int(minutes[1]), notebook)


def write(path: Path, content: str | bytes) -> None:
    """Write a file of the site if its content has changed, so that Sphinx reads again only what did."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
