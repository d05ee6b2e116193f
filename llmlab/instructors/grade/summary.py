"""A few lines on a batch, for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from llmlab.instructors.grade.safe_text import name_shown, shown
from llmlab.instructors.grade.table import Row


def summary(rows: Iterable[Row], not_graded: Sequence[str] = ()) -> str:
    """How many of each status, the commonest misconceptions, what went wrong with notebooks, what was passed over.

    >>> print(summary([Row("anna", "anna.ipynb", "03", "03.2", "failed", "last-window-missing", "…", "")]))
    1 notebook of 1 student, 1 exercise graded.
    Status: 1 failed.
    Commonest misconceptions:
      1 × 03.2 last-window-missing
    """
    rows = list(rows)
    notebooks, students = {row.notebook for row in rows if row.notebook}, {row.student for row in rows}
    statuses = Counter(row.status for row in rows)
    exercises = sum(bool(row.exercise) for row in rows)
    lines = [
        f"{_count(len(notebooks), 'notebook')} of {_count(len(students), 'student')}, "
        f"{_count(exercises, 'exercise')} graded.",
        f"Status: {', '.join(f'{count} {status}' for status, count in statuses.most_common())}.",
    ]
    ideas = Counter((row.exercise, row.misconception) for row in rows if row.misconception)
    if ideas:
        lines.append("Commonest misconceptions:")
        common = sorted(ideas.items(), key=lambda item: (-item[1], item[0]))[:10]
        lines += [f"  {count} × {shown(exercise)} {shown(idea)}" for (exercise, idea), count in common]
    troubled = {
        status: sorted({row.notebook for row in rows if row.status == status})
        for status in ("unreadable", "timeout", "out_of_memory", "crashed", "missing_name")
    }
    absent = sorted({row.student for row in rows if row.status == "not_submitted"})
    noted = sorted({row.notebook for row in rows if row.notes})
    alike = sorted({row.exercise for row in rows if row.same_code and row.same_code != "the course's solution"})
    if noted or absent or alike or any(troubled.values()):
        lines.append("Trouble:")
        lines += [f"  {status}: {_listed(names)}" for status, names in troubled.items() if names]
        lines += [f"  not_submitted: {_listed(absent, 'student')}"] if absent else []
        lines += [f"  with notes: {_listed(noted)}"] if noted else []
        lines += [f"  the same code from several students: {', '.join(alike)}"] if alike else []
    if not_graded:
        more = f"; and {len(not_graded) - 10} more" if len(not_graded) > 10 else ""
        lines.append(f"Not graded: {'; '.join(_short(one) for one in not_graded[:10])}{more}.")
    return "\n".join(lines)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _listed(names: list[str], thing: str = "notebook", most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{_count(len(names), thing)} ({', '.join(map(_short, names[:most]))}{more})"


def _short(name: str, most: int = 160) -> str:
    name = name_shown(name)
    return name if len(name) <= most else f"{name[: most // 2]} … {name[-most // 2 :]}"
