"""An explorer's place in a page: its still picture, which the site's script replaces by the explorer itself."""

from __future__ import annotations

import re
from functools import cache
from html import escape

from course_files import lessons
from nbformat import NotebookNode
from pictures import with_files

_STILL = re.compile(r'<div class="llmlab-explorer">(.*)</div>\s*', re.DOTALL)
_LESSON = re.compile(r'href="(?:[^":]*/)?(\d\d_\w+)\.ipynb')  # as links lead from one notebook to another
_HEADING = re.compile(r"<p><strong>([^<]*)</strong> <em>[^<]*</em></p>")


def name_of(output: NotebookNode) -> str | None:
    """The class of the explorer that an output shows; None if it shows none."""
    data = output.get("data", {})
    if not _STILL.fullmatch(data.get("text/html", "")):
        return None
    return re.match(r"\w+", data["text/plain"])[0]


def box(name: str, still: str, lesson: str = "", note: str = "", root: str = "../") -> str:
    """The element that the site's script brings to life.

    Args:
        name: the explorer's class, for example "WindowMap".
        still: the HTML of a notebook's output.
        lesson: the number of the lesson that it stands in.
        note: what to say below it.
        root: the way from the page to the site's root.
    """
    inside = with_files(_STILL.fullmatch(still)[1], root)
    inside = _LESSON.sub(rf'href="{root}lessons/\1.html', inside)
    title = _HEADING.search(inside)
    inside = _HEADING.sub("", inside, count=1)
    heading = f'<p class="explorer-title">{escape(title[1]) if title else ""}</p>'
    return (
        f'<div class="llmlab-explorer" data-explorer="{name}" data-lesson="{lesson}">'
        f"{heading}{inside}"
        '<noscript><p class="explorer-note">It moves where scripts are allowed.</p></noscript></div>'
        + (f'<p class="explorer-note">{note}</p>' if note else "")
    )


@cache
def stills() -> dict[str, tuple[str, tuple[str, ...]]]:
    """For each explorer of the course, its first still picture and the names of the lessons that show it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for lesson in lessons():
        for cell in lesson.notebook.cells:
            for output in cell.get("outputs", ()):
                if name := name_of(output):
                    _, where = found.setdefault(name, (output.data["text/html"], []))
                    if lesson.name not in where:
                        where.append(lesson.name)
    return {name: (still, tuple(where)) for name, (still, where) in found.items()}
