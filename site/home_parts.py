"""What the home page and the start page show that is written elsewhere: the lessons, an explorer, README's set-up."""

from __future__ import annotations

import re
from html import escape

import addresses
from course_files import PARTS, ROOT, lessons
from explorer_boxes import box, stills
from page_links import rewritten

HOME_EXPLORER = "DistributionSculptor"
_FIRST = "00_welcome"


def filled(text: str) -> str:
    """A page with each `<!-- name -->` that stands on a line of its own replaced by what it names."""
    parts = {
        "numbers": _numbers,
        "explorer": lambda: box(HOME_EXPLORER, stills()[HOME_EXPLORER][0], root=""),
        "lessons": _lessons,
        "toctrees": _toctrees,
        "launch": _launch,
        "set-up": _set_up,
    }
    return re.sub(r"^<!-- ([a-z-]+) -->$", lambda found: parts[found[1]](), text, flags=re.MULTILINE)


def _numbers() -> str:
    hours = round(sum(lesson.minutes for lesson in lessons()) / 60)
    facts = (
        (str(len(lessons())), "lessons of about an hour"),
        (f"{hours} hours", "in all, at your own pace"),
        (str(len(stills())), "explorers to play with"),
        ("0", "GPUs needed, nothing to pay"),
    )
    return '<ul class="numbers">' + "".join(f"<li><b>{n}</b> {what}</li>" for n, what in facts) + "</ul>"


def _lessons() -> str:
    """A card for each lesson, in the parts of the course."""
    goals = _goals()
    html = []
    for lesson in lessons():
        if lesson.number in PARTS:
            html.append(f'{"</ol>" if html else ""}<h3>{escape(PARTS[lesson.number])}</h3><ol class="lesson-list">')
        html.append(
            f'<li><a href="lessons/{lesson.name}.html"><span class="lesson-number">{lesson.number}</span>'
            f'<span class="lesson-name">{escape(lesson.title)}</span>'
            f'<span class="lesson-minutes">{lesson.minutes} min</span>'
            f'<span class="lesson-goal">{escape(goals[lesson.number])}</span></a></li>'
        )
    return "\n".join([*html, "</ol>"])


def _goals() -> dict[str, str]:
    """What one does in each lesson, as README's table has it."""
    rows = re.findall(r"^\| \[(\d\d) · .+?\) \| (.+?) \| .+ \|$", _readme(), re.MULTILINE)
    return {number: goal[0].upper() + goal[1:] + "." for number, goal in rows}


def _toctrees() -> str:
    """The navigation: the lessons in their parts."""
    starts = [*PARTS, "99"]
    trees = []
    for start, end in zip(starts, starts[1:], strict=False):
        names = "\n".join(f"lessons/{lesson.name}" for lesson in lessons() if start <= lesson.number < end)
        trees.append(f"```{{toctree}}\n:hidden:\n:caption: {PARTS[start]}\n\n{names}\n```")
    return "\n\n".join(trees)


def _launch() -> str:
    """The way by Colab and Binder, or that there is none."""
    if address := addresses.public_address():
        return (
            f"[Open lesson 00 in Colab]({addresses.colab(address, _FIRST)}) or "
            f"[on Binder]({addresses.binder(address, _FIRST)}): both need a browser and nothing else, and every lesson "
            "has its own links. A Colab notebook installs the course in its first cell; Binder needs a minute or more "
            "to start, and keeps nothing."
        )
    return (
        "**This copy of the course has no public address yet**, so there is nothing that Colab or Binder could open. "
        "Who publishes it sets the address with `make links REPO=owner/name`, and builds the site again; every lesson "
        "then has its links."
    )


def _set_up() -> str:
    """README's section on setting up, as part of the start page."""
    section = re.search(r"^## Start\n\n(.+?)(?=^## )", _readme(), re.MULTILINE | re.DOTALL)[1]
    return rewritten(section.strip(), "README.md", "start.md")


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")
