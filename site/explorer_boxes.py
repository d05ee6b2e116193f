"""An explorer's place in a page: its first picture, which the site's script replaces by the explorer itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape, unescape
from typing import Any

from course_files import lessons
from frames_table import made
from nbformat import NotebookNode

_STILL = re.compile(r'<div class="llmlab-explorer">(.*)</div>\s*', re.DOTALL)
_LESSON = re.compile(r'href="(?:[^":]*/)?(\d\d_\w+)\.ipynb')  # as links lead from one notebook to another
# What only the script reads; style sheets read data-on, data-tip and the like.
_FOR_THE_SCRIPT = re.compile(r""" data-(?:key|set|spin|group|sweep|link|flip|say)(?:="[^"]*"|='[^']*')?(?=[ >/])""")
_PRESSED = re.compile(r" data-set='([^']*)'(?! data-spin)")
_EMPTY_LINES = re.compile(r"\n\s*\n")  # Markdown would end the HTML there


def name_of(output: NotebookNode) -> str | None:
    """The class of the explorer that an output shows; None if it shows none."""
    data = output.get("data", {})
    if not _STILL.fullmatch(data.get("text/html", "")):
        return None
    return re.match(r"\w+", data["text/plain"])[0]


def box(name: str, lesson: str = "", note: str = "", root: str = "../") -> str:
    """The element that the site's script brings to life, with the first picture in it.

    A notebook has another one, for where no style sheet reaches. Here all do, so this is what the live explorer shows
    first: who prints a page, or reads it without scripts, sees the same.

    Args:
        name: the explorer's class, for example "WindowMap".
        lesson: the number of the lesson that it stands in.
        note: what to say below it.
        root: the way from the page to the site's root.
    """
    title, picture, why, words = _first(name)
    inside = (
        f'<p class="llmlab-title">{escape(title)}</p><div class="llmlab-frame llmlab-hero">{picture}</div>'
        f'<div class="llmlab-frame llmlab-why">{why}</div><p class="explorer-words">{escape(words)}</p>'
    )
    return (
        f'<div class="llmlab-explorer" data-explorer="{name}" data-lesson="{lesson}">'
        + _LESSON.sub(rf'href="{root}lessons/\1.html', inside)
        + '<noscript><p class="explorer-note">It moves where scripts are allowed.</p></noscript></div>'
        + (f'<p class="explorer-note">{note}</p>' if note else "")
    )


def title_of(name: str) -> str:
    """What an explorer is called, on its page as in its box."""
    return _first(name)[0]


@cache
def _first(name: str) -> tuple[str, str, str, str]:
    """An explorer's title, and of its first frame the picture, the reason and the words."""
    explorer = made(name)
    picture, why = (_still(explorer.frame[part], explorer.state) for part in ("html", "why"))
    return explorer.title, picture, why, explorer.frame["text"]


def _still(html: str, state: Mapping[str, Any]) -> str:
    """A frame as its script would dress it, to look at alone: what has been chosen in a state is marked."""

    def mark(found: re.Match[str]) -> str:
        asked = {name: value for name, value in json.loads(unescape(found[1])).items() if name in state}
        chosen = all(json.dumps(state[name]) == json.dumps(value) for name, value in asked.items())
        return f"{found[0]} data-on" if chosen else found[0]

    return _EMPTY_LINES.sub("\n", _FOR_THE_SCRIPT.sub("", _PRESSED.sub(mark, html)))


@cache
def where_shown() -> dict[str, tuple[str, ...]]:
    """For each explorer of the course, the names of the lessons that show it."""
    found: dict[str, list[str]] = {}
    for lesson in lessons():
        for cell in lesson.notebook.cells:
            for output in cell.get("outputs", ()):
                if name := name_of(output):
                    where = found.setdefault(name, [])
                    if lesson.name not in where:
                        where.append(lesson.name)
    return {name: tuple(where) for name, where in found.items()}
