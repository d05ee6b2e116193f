"""What pages say of the course: an exercise's title and hints, the section of the lesson that it stands in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from llmlab.course.checkout import checkout, notebooks
from llmlab.exercises.engine.catalogue import of_lesson


@dataclass(frozen=True)
class Part:
    """One exercise, as a page shows it.

    Attributes:
        title: of the exercise.
        hints: a question, the idea, the line.
        section: the heading that it stands under, "" where there is no checkout of the course.
    """

    title: str
    hints: tuple[str, ...]
    section: str


def part(id: str) -> Part:
    """Of an exercise of the course."""
    return _of_lesson(id[:2])[id]


def lesson_title(lesson: str) -> str:
    """ "03 · Sliding windows", or the number alone where there is no checkout."""
    return _headings(lesson)[0] or lesson


@cache
def _of_lesson(lesson: str) -> dict[str, Part]:
    _, sections = _headings(lesson)
    return {one.id: Part(one.title, one.hints, sections.get(one.id, "")) for one in of_lesson(lesson)}


@cache
def _headings(lesson: str) -> tuple[str, dict[str, str]]:
    """The title of a lesson, and the section of each of its exercises, from the student's notebook."""
    root = checkout()
    paths = [path for path in notebooks(root) if path.parent.name == "notebooks"] if root else []
    path = next((path for path in paths if path.name.startswith(f"{lesson}_")), None)
    if path is None:
        return "", {}
    title, section, found = "", "", {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for line in "".join(cell["source"]).splitlines() if cell["cell_type"] == "markdown" else ():
            if line.startswith("# ") and not title:
                title = line[2:].strip()
            elif line.startswith("## "):
                section = line[3:].strip()
        if id := cell["metadata"].get("exercise"):
            found[id] = section
    return title, found
