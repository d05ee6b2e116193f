"""What the home page and the start page show that is written elsewhere: the lessons, an explorer, README's set-up."""

from __future__ import annotations

import re
from html import escape

import addresses
from course_files import PARTS, ROOT, lessons
from explorer_boxes import box, where_shown
from page_links import rewritten

HOME_EXPLORER = "MergePlayer"  # what it does is seen in a second, with one button
_FIRST = "00_welcome"


def filled(text: str) -> str:
    """A page with each `<!-- name -->` that stands on a line of its own replaced by what it names."""
    parts = {
        "facts": _facts,
        "explorer": lambda: f'<div class="home-explorer">{box(HOME_EXPLORER, root="")}</div>',
        "lessons": _lessons,
        "toctrees": _toctrees,
        "launch": _launch,
        "launch-way": _launch_way,
        "set-up": _set_up,
    }
    return re.sub(r"^<!-- ([a-z-]+) -->$", lambda found: parts[found[1]](), text, flags=re.MULTILINE)


def _facts() -> str:
    """For whom the course is and how much it takes, to be seen at once."""
    count = len(lessons())
    hours = round(sum(lesson.minutes for lesson in lessons()) / 60)
    return (
        '<ul class="facts"><li><b>For whom</b> You have written some Python and have met vectors once; no machine '
        f"learning needed.</li><li><b>How long</b> {count} lessons of about an hour, {hours} hours in all, with "
        f"{len(where_shown())} explorers to play with.</li><li><b>It takes</b> A browser to read, play and answer, a "
        "computer to run the code; no GPU, nothing to pay.</li></ul>"
    )


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
    """How to open a lesson in Colab or on Binder; nothing where there is no address that they could open."""
    address = addresses.public_address()
    if not address:
        return ""
    return (
        f"## Colab or Binder\n\n[Open lesson 00 in Colab]({addresses.colab(address, _FIRST)}) or "
        f"[on Binder]({addresses.binder(address, _FIRST)}): both need a browser and nothing else, and every lesson "
        "has its own links. A Colab notebook installs the course in its first cell; Binder needs a minute or more "
        "to start, and keeps nothing."
    )


def _launch_way() -> str:
    """The same in short, among the ways of the home page."""
    if not addresses.public_address():
        return ""
    return (
        '<div class="way"><h3>Colab or Binder</h3>\n\nRun and change every cell in the browser, on a machine that '
        "somebody else keeps.\n\n[How to open a lesson there](start.md#colab-or-binder)\n\n</div>"
    )


def _set_up() -> str:
    """README's section on setting up, as part of the start page."""
    section = re.search(r"^## Start\n\n(.+?)(?=^## )", _readme(), re.MULTILINE | re.DOTALL)[1]
    return rewritten(section.strip(), "README.md", "start.md")


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")
