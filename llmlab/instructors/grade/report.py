"""A page for the instructor: which ideas went wrong where, with examples, who is stuck, how long it took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median

from llmlab.instructors.grade.course_parts import lesson_title, part
from llmlab.instructors.grade.pages import bar, name, page, prose, table, text
from llmlab.instructors.grade.points import Points, earned, percent
from llmlab.instructors.grade.table import Row

_EXAMPLES = 2  # of one misconception


def class_report(rows: Sequence[Row], not_graded: Sequence[str], points: Points) -> str:
    """The page, as HTML."""
    students = sorted({row.student for row in rows})
    counted = [row for row in rows if row.exercise]
    passed = sum(row.status == "passed" for row in counted)
    lines = [
        f"<p>{len(students)} students, {len({row.notebook for row in rows if row.notebook})} notebooks, "
        f"{passed} of {len(counted)} answers passed.</p>"
    ]
    for lesson in sorted({row.lesson for row in counted}):
        lines.append(_lesson(lesson, [row for row in counted if row.lesson == lesson]))
    lines += [_stuck(counted), _points(rows, points), _times(counted), _alike(counted), _left(rows, not_graded)]
    return page("The class", "\n".join(filter(None, lines)))


def _lesson(lesson: str, rows: list[Row]) -> str:
    lines = [f"<h2>{text(lesson_title(lesson))}</h2>"]
    ids = sorted({row.exercise for row in rows})
    cells = []
    for id in ids:
        own = [row for row in rows if row.exercise == id]
        passed = sum(row.status == "passed" for row in own)
        tried = sum(row.status not in ("not_attempted", "missing_name", "unreadable") for row in own)
        cells.append([text(id), text(part(id).title), bar(passed, len(own)), str(passed), str(tried), str(len(own))])
    lines.append(table(["exercise", "", "passed", "", "tried", "of"], cells, numbers=(3, 4, 5)))
    for id in ids:
        ideas: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row.exercise == id and row.misconception:
                ideas[row.misconception].append(row)
        for idea, own in sorted(ideas.items(), key=lambda item: (-len(item[1]), item[0])):
            lines.append(
                f"<h3>{text(id)} · {text(idea)}: {len(own)} of {len({row.student for row in rows})} students</h3>"
            )
            examples = list({row.message: row for row in own}.values())[:_EXAMPLES]
            lines += [
                f'<p>{prose(row.message)} <span class="soft">({name(row.student)})</span></p>' for row in examples
            ]
    return "\n".join(lines)


def _stuck(rows: list[Row]) -> str:
    """Students with the most answers that were tried and do not hold."""
    tried: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.status not in ("passed", "not_attempted", "missing_name", "unreadable"):
            tried[row.student].append(row)
    if not tried:
        return ""
    cells = [
        [name(student), ", ".join(f"{text(row.exercise)} ({text(row.misconception or row.status)})" for row in own)]
        for student, own in sorted(tried.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return "<h2>Who is stuck where</h2>" + table(["student", "tried, and it does not hold"], cells)


def _points(rows: Sequence[Row], points: Points) -> str:
    sums = earned(rows, points)
    lessons = list(next(iter(sums.values()), {}))
    if not lessons:
        return ""
    cells = [
        [name(student), *(f"{own[lesson]:g}" for lesson in lessons), f"{percent(own, points):.0f}"]
        for student, own in sums.items()
    ]
    head = ["student", *(f"{lesson} (of {points.possible(lesson):g})" for lesson in lessons), "in all, of 100"]
    return "<h2>Points</h2>" + table(head, cells, numbers=tuple(range(1, len(head))))


def _times(rows: list[Row]) -> str:
    """How long notebooks took to run and to be judged."""
    taken = {row.notebook: (row.seconds, row.lesson) for row in rows if row.seconds}
    if not taken:
        return ""
    cells = []
    for lesson in sorted({lesson for _, lesson in taken.values()}):
        own = {notebook: seconds for notebook, (seconds, of) in taken.items() if of == lesson}
        slowest = max(own, key=own.__getitem__)
        cells.append(
            [text(lesson), str(len(own)), f"{median(own.values()):.1f} s", f"{own[slowest]:.1f} s", name(slowest)]
        )
    return "<h2>Times</h2>" + table(["lesson", "notebooks", "median", "longest", ""], cells, numbers=(1, 2, 3))


def _alike(rows: list[Row]) -> str:
    alike = [row for row in rows if row.same_code]
    if not alike:
        return ""
    cells = [[text(row.exercise), name(row.student), name(row.same_code)] for row in alike]
    said = "<p>That is no judgement: short answers are often alike, and some are given in the lesson.</p>"
    return f"<h2>The same code</h2>{said}" + table(["exercise", "student", "the same as"], cells)


def _left(rows: Sequence[Row], not_graded: Sequence[str]) -> str:
    absent = sorted({row.student for row in rows if row.status == "not_submitted"})
    counts = Counter(row.notebook for row in rows if row.status == "unreadable")
    lines = [f"<p>Nothing was handed in by {', '.join(map(name, absent))}.</p>"] if absent else []
    lines += [f"<p>Not read: {', '.join(map(name, sorted(counts)))}.</p>"] if counts else []
    lines += [f"<p>Not graded: {name(one)}</p>" for one in not_graded]
    return "<h2>What is missing</h2>" + "\n".join(lines) if lines else ""
