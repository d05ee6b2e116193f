"""From the words of a lesson's heading to its place on the lesson's page."""

from __future__ import annotations

import re
from functools import cache

from course_files import Lesson, lessons
from myst_parser.slugs import github_slugify, unique_slug

_HEADING = re.compile(r"^#{1,4} (.+)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def link(lesson: Lesson, section: str, folder: str = "") -> str:
    """The target of a link to a section, from a page in the site's root or in one of its folders.

    Raises:
        KeyError: the lesson has no such heading.
    """
    return f"{folder}lessons/{lesson.name}.ipynb{place(lesson, section)}"


def place(lesson: Lesson, section: str) -> str:
    """The target of a link to a section, from the lesson's own page; "" for its title.

    Raises:
        KeyError: the lesson has no such heading.
    """
    places = _places(lesson.name)
    if _plain(section) not in places:
        raise KeyError(f"lesson {lesson.number} has no section {section!r}; it has {', '.join(places)}")
    return places[_plain(section)]


@cache
def by_number() -> dict[str, Lesson]:
    """The lessons by their numbers."""
    return {lesson.number: lesson for lesson in lessons()}


@cache
def _places(name: str) -> dict[str, str]:
    """For each heading of a lesson, as plain words, the end of a link to it; "" for the title."""
    (lesson,) = (one for one in lessons() if one.name == name)
    text = "\n\n".join(cell.source for cell in lesson.notebook.cells if cell.cell_type == "markdown")
    slugs: list[str] = []
    places: dict[str, str] = {}
    for heading in _HEADING.findall(_FENCED.sub("", text)):
        # MyST makes the slug of the words and the code in a heading, without its formulas.
        slugs.append(unique_slug(github_slugify(_plain(re.sub(r"\$[^$]+\$", "", heading))), slugs))
        places.setdefault(_plain(heading), f"#{slugs[-1]}" if places else "")
    return {_plain(lesson.title): "", **places}  # the title also without its number


def _plain(heading: str) -> str:
    return re.sub(r"[`*]", "", heading).strip()
