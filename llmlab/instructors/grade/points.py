"""Points of exercises and weights of lessons, from a small file, and what a student has of them."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmlab.instructors.grade.notebooks import exercises_of
from llmlab.instructors.grade.table import Row

_MOST = 1e9  # of points; infinity and NaN are no points either
_EXAMPLE = '[points]\ndefault = 1\n"03.2" = 3\n\n[weights]\n"03" = 2'


@dataclass(frozen=True)
class Points:
    """How much each exercise and each lesson counts; without a file, 1 each.

    Attributes:
        each: exercise -> points.
        default: points of all others.
        weights: lesson -> how much it counts beside the others, 1 where nothing is said.
    """

    each: Mapping[str, float] = field(default_factory=dict)
    default: float = 1.0
    weights: Mapping[str, float] = field(default_factory=dict)

    def of(self, exercise: str) -> float:
        """Points of an exercise."""
        return self.each.get(exercise, self.default)

    def possible(self, lesson: str) -> float:
        """All points of a lesson."""
        return sum(map(self.of, exercises_of(lesson)))


def read_points(file: Path) -> Points:
    """Points from a file of TOML.

    Raises:
        ValueError: it is none, or names what there is not; the message shows an example.
        OSError: it cannot be read.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is no TOML ({error}); it looks like this:\n{_EXAMPLE}") from None
    if unknown := set(found) - {"points", "weights"}:
        raise ValueError(f"{file} has [{sorted(unknown)[0]}], but only [points] and [weights] are known:\n{_EXAMPLE}")
    tables = {name: found.get(name, {}) for name in ("points", "weights")}
    for name, values in tables.items():
        for key, value in values.items() if isinstance(values, dict) else [(name, values)]:
            _require_number(file, name, key, value)
            known = exercises_of(key[:2])
            if not (
                (name, key) == ("points", "default") or (key in known if name == "points" else len(key) == 2 and known)
            ):
                what = "an exercise of the course" if name == "points" else "a lesson of the course"
                raise ValueError(f'{file}, [{name}]: "{key}" is not {what}; the file looks like this:\n{_EXAMPLE}')
    each = {key: float(value) for key, value in tables["points"].items() if key != "default"}
    return Points(each, float(tables["points"].get("default", 1)), dict(tables["weights"]))


def _require_number(file: Path, table: str, key: str, value: object) -> None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
    if not fits:
        raise ValueError(f"{file}, [{table}] {key}: a number of at least 0 is expected, got {value!r}")


def earned(rows: Iterable[Row], points: Points) -> dict[str, dict[str, float]]:
    """For each student the points of each lesson: an exercise that passed has all of its points, any other none.

    Lessons are those of which any student has a row; who has none of a lesson has 0 there.
    """
    rows = list(rows)
    lessons = sorted({row.lesson for row in rows if row.exercise})
    sums: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(lessons, 0.0))
    for row in rows:
        own = sums[row.student]
        if row.exercise and row.status == "passed":
            own[row.lesson] += points.of(row.exercise)
    return {student: sums[student] for student in sorted(sums)}


def percent(own: Mapping[str, float], points: Points) -> float:
    """All lessons together by their weights, of 100."""
    weights = {lesson: points.weights.get(lesson, 1.0) for lesson in own}
    whole = sum(weight for lesson, weight in weights.items() if points.possible(lesson))
    parts = (weights[lesson] * own[lesson] / points.possible(lesson) for lesson in own if points.possible(lesson))
    return 100 * sum(parts) / whole if whole else 0.0
