"""A page for each student: what held, what did not, the hint to take next, the section to read again."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from llmlab.instructors.grade.course_parts import lesson_title, part
from llmlab.instructors.grade.pages import name, page, prose, text
from llmlab.instructors.grade.points import Points
from llmlab.instructors.grade.safe_text import name_shown
from llmlab.instructors.grade.table import Row
from llmlab.instructors.outputs import replace_file

_WORDS = {
    "passed": "✓ passed",
    "failed": "✗ not yet",
    "error": "! error",
    "not_attempted": "○ not attempted",
    "missing_name": "○ no answer found",
    "timeout": "! took too long",
    "crashed": "! ended its process",
    "out_of_memory": "! took too much memory",
    "unreadable": "! the file cannot be read",
    "not_submitted": "○ nothing was handed in",
}


_RESERVED = re.compile(r"con|nul|aux|prn|com\d|lpt\d")  # of Windows


def write_feedback(folder: Path, rows: Iterable[Row], points: Points) -> int:
    """Write a page for each student into a folder, which is made; returns how many.

    Raises:
        OSError: that cannot be done.
    """
    by_student: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_student[row.student].append(row)
    folder.mkdir(parents=True, exist_ok=True)
    for student, own in by_student.items():
        replace_file(folder / file_name(student), feedback(student, own, points))
    return len(by_student)


def file_name(student: str) -> str:
    """A name for a file that every system takes, for each student another one.

    >>> file_name("anna"), file_name("../bob")[:4]
    ('anna.html', 'bob-')
    """
    plain = re.sub(r"[^\w-]+", "_", student)[:40].strip("_- ") or "student"
    if plain == student and student.isascii() and student == student.lower() and not _RESERVED.fullmatch(student):
        return f"{plain}.html"
    # Long enough that nobody finds another name with the same one, and with it the page of somebody else.
    return f"{plain}-{hashlib.sha256(student.encode(errors='surrogatepass')).hexdigest()[:32]}.html"


def feedback(student: str, rows: list[Row], points: Points) -> str:
    """The page of one student, as HTML."""
    body = []
    for lesson in sorted({row.lesson for row in rows}):
        own = [row for row in rows if row.lesson == lesson]
        body.append(_lesson(lesson, own, points))
    return page(f"{name_shown(student)}: what was found", "\n".join(body))


def _lesson(lesson: str, rows: list[Row], points: Points) -> str:
    held = [row for row in rows if row.status == "passed"]
    lines = [f"<h2>{text(lesson_title(lesson)) if lesson else 'Files'}</h2>"]
    counted = [row for row in rows if row.exercise]
    if counted:
        earned, possible = (sum(points.of(row.exercise) for row in some) for some in (held, counted))
        lines.append(
            f"<p>{len(held)} of {len(counted)} exercises passed, {earned:g} of {possible:g} points. "
            f'<span class="soft">{", ".join(sorted({name(row.notebook) for row in counted}))}</span></p>'
        )
    for row in rows:
        lines.append(
            _exercise(row) if row.exercise else f"<p><b>{text(_WORDS[row.status])}</b> {prose(row.message)}</p>"
        )
    notes = list(dict.fromkeys(note for row in rows for note in row.notes.split("; ") if note))
    if notes:
        lines.append('<h3>Also seen</h3><p class="soft">' + "<br>".join(map(prose, notes)) + "</p>")
    return "\n".join(lines)


def _exercise(row: Row) -> str:
    known = part(row.exercise)
    kind = row.status if row.status in ("passed", "failed") else "other"
    lines = [f'<section class="exercise {kind}">', f"<h3>{text(row.exercise)} · {text(known.title)}</h3>"]
    lines.append(f"<p><b>{text(_WORDS[row.status])}</b></p>")
    if row.message:
        lines.append(f"<p>{prose(row.message)}</p>")
    if row.status not in ("passed", "unreadable"):
        # A first try has used the question; whoever has not begun gets it.
        number = 0 if row.status in ("not_attempted", "missing_name") else 1
        lines.append(f"<details><summary>Hint {number + 1} of {len(known.hints)}</summary>")
        lines.append(f"<p>{prose(known.hints[number])}</p></details>")
        if known.section and known.section not in row.message:
            lines.append(f'<p class="soft">Read again: “{prose(known.section)}”</p>')
    return "\n".join([*lines, "</section>"])
