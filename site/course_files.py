"""The lessons as the site shows them: the student notebooks, their names, titles and minutes; writing what changed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
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
    return tuple(map(_lesson, sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))))


def _lesson(path: Path) -> Lesson:
    notebook = nbformat.read(path, as_version=4)
    opening = "\n".join(cell.source for cell in notebook.cells[:3])
    title = re.search(r"^# \d\d · (.+)$", opening, re.MULTILINE)
    minutes = re.search(r"\b(\d+) minutes", opening)
    if not title or not minutes:
        raise ValueError(f"notebooks/{path.name} does not open with '# NN · title' and its minutes: make notebooks")
    return Lesson(path.stem, title[1], int(minutes[1]), notebook)


def write(path: Path, content: str | bytes) -> None:
    """Write a file of the site if its content has changed, so that Sphinx reads again only what did."""
    data = content.encode() if isinstance(content, str) else content
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
