"""One notebook read from its bytes: its cells, its lessons, what is odd about it. Nothing of it is run."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from llmlab.exercises.engine.sources import answer_names, sources
from llmlab.utils.edition import CURRENT

MOST_BYTES = 50 * 2**20
MOST_SOURCE = 2**20  # characters in all cells of code; the longest lesson has 40,000
_MOST_CELLS = 5_000  # of code; each takes a hundred times its own length of memory
_LEAST_TO_COMPARE = 40  # parts of a syntax tree: what is shorter is often the same by necessity
_EXERCISE_CALL = re.compile(r"""\b(?:exercise|progress)\(\s{0,20}["'](\d\d(?:\.\d{1,3})?)["']""")
_SETUP_CALL = re.compile(r"""\bcourse\.setup\(\s{0,20}(?:edition\s{0,9}=\s{0,9})?(\d{0,9})\s{0,20}\)""")
_LESSON_IN_NAME = re.compile(r"(?<!\d)(\d\d)[_-][A-Za-z]")


@dataclass(frozen=True)
class Cell:
    """A code cell: its place in the notebook (from 1, text cells counted), its source, and whether it may raise."""

    place: int
    source: str
    may_raise: bool = False


def exercises_of(*lessons: str) -> dict[str, tuple[str, ...]]:
    """The exercises of lessons, "03", and the names under which their answers stand; none for an unknown lesson."""
    return {id: names for id, names in answer_names().items() if id.partition(".")[0] in lessons}


def lesson_in_name(stem: str) -> str:
    """The last number in a file's name that is a lesson's and stands before a word, or "".

    >>> lesson_in_name("group07_anna_03_sliding_window"), lesson_in_name("anna1903")
    ('03', '')
    """
    there = _lessons()
    return next((number for number in reversed(_LESSON_IN_NAME.findall(stem)) if number in there), "")


def read_notebook(content: bytes, stem: str) -> dict:
    """What a file holds, as values that JSON can carry.

    Args:
        content: the file.
        stem: its name without endings; it tells the lesson where nothing in the notebook does.

    Returns:
        "lessons", "cells" (place, source, may_raise), "notes", "problem" (or ""), and "answers": for each exercise
        a mark of the code of its answer, the same for the same code.
    """
    found: dict[str, Any] = {"lessons": [], "cells": [], "notes": [], "problem": "", "answers": {}}
    by_name = lesson_in_name(stem)
    try:
        notebook = _parse(content)
        cells = _code_cells(notebook)
        found["notes"] = _oddities(notebook)
    except (ValueError, RecursionError) as error:
        problem = f"This is no notebook that can be read: {error}."
        return found | {"lessons": [by_name] if by_name else [], "problem": problem}
    edition = _edition(notebook, cells)
    if edition != CURRENT:
        return found | {"problem": _other_edition(edition)}
    lessons, notes = _lessons_in(cells)
    if by_name and lessons and by_name not in lessons:
        notes.append(f"its name says lesson {by_name}, its cells are of {' and '.join(lessons)}")
    lessons = lessons or ([by_name] if by_name else [])
    found["notes"] += notes
    if not lessons:
        problem = "Which lesson it belongs to cannot be told: no exercise, no answer, no number in its name."
        return found | {"problem": problem}
    return found | {
        "lessons": lessons,
        "cells": [vars(cell) for cell in cells],
        "answers": _answers(cells, exercises_of(*lessons)),
    }


def _lessons() -> set[str]:
    return {id.partition(".")[0] for id in answer_names()}


def _edition(notebook: dict, cells: list[Cell]) -> int:
    """Whose numbers a notebook uses: its set-up cell says it, or what the build noted; without either, today's."""
    called = _SETUP_CALL.findall("\n".join(cell.source for cell in cells))
    if called:
        return int(called[0] or 1)
    metadata = notebook.get("metadata")
    built = metadata.get("llmlab") if isinstance(metadata, dict) else None
    noted = built.get("edition", 1) if isinstance(built, dict) else CURRENT
    return noted if isinstance(noted, int) else CURRENT


def _other_edition(edition: int) -> str:
    which = "the first edition" if edition == 1 else f"edition {edition}"
    return (
        f"This notebook is of {which} of the course, whose exercises have other numbers: they would be judged by the "
        f"checks of others. Ask for the notebook of edition {CURRENT}, or grade with the llmlab of that edition."
    )


def _parse(content: bytes) -> dict:
    if not content:
        raise ValueError("the file is empty")
    try:
        notebook = json.loads(content)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not text in {error.encoding}") from None
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error})") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        older = isinstance(notebook, dict) and "worksheets" in notebook
        raise ValueError("it is in an older format; open and save it in JupyterLab" if older else "it has no cells")
    return notebook


def _code_cells(notebook: dict) -> list[Cell]:
    cells: list[Cell] = []
    characters = 0
    for place, cell in enumerate(notebook["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        characters += len(source)
        if characters > MOST_SOURCE:
            raise ValueError(f"its cells hold more than {MOST_SOURCE // 2**20} MB of code, which no lesson needs")
        metadata = cell.get("metadata")
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
        if len(cells) >= _MOST_CELLS:
            raise ValueError(f"it has more than {_MOST_CELLS:,} cells of code, which no lesson needs")
        if source.strip():
            cells.append(Cell(place, source, may_raise=isinstance(tags, list) and "raises-exception" in tags))
    return cells


def _oddities(notebook: dict) -> list[str]:
    notes = []
    metadata = notebook.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = str(kernel.get("language", "python")) if isinstance(kernel, dict) else "python"
    if language.lower() != "python":  # kernels for Python have many names
        notes.append(f"saved for a kernel of {language[:40]!r}, run with Python all the same")
    saved = [cell.get("execution_count") for cell in notebook["cells"] if isinstance(cell, dict)]
    counts = [count for count in saved if isinstance(count, int)]
    fallen = next(((left, right) for left, right in pairwise(counts) if right <= left), None)
    if fallen and max(fallen) < 10**9:
        notes.append(f"cells were run out of order (saved counts: {fallen[1]} stands below {fallen[0]})")
    return notes


def _lessons_in(cells: list[Cell]) -> tuple[list[str], list[str]]:
    """The lessons whose exercises a notebook works on, and a note where it names one more in passing.

    Those of which `exercise("…")` calls name at least two exercises, and the one of which they name most. Without any
    such call, the one whose answers are there.
    """
    text, there = "\n".join(cell.source for cell in cells), _lessons()
    named: dict[str, set[str]] = defaultdict(set)
    for id in _EXERCISE_CALL.findall(text):
        if id[:2] in there:
            named[id[:2]].add(id)
    if named:
        most = max(map(len, named.values()))
        lessons = sorted(number for number, ids in named.items() if len(ids) >= 2 or len(ids) == most)
        passing = sorted(set(named) - set(lessons))
        notes = [f"names an exercise of lesson {number}, too, which was not graded here" for number in passing]
        return lessons, notes
    answers = {
        number: sum(all(binds(name, text) for name in names) for names in exercises_of(number).values())
        for number in sorted(there)
    }
    most = max(answers.values())
    return [number for number, count in answers.items() if count == most > 0], []


def _answers(cells: list[Cell], names: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """For each exercise a mark of the last cell that defines its answer; none where it is short, or as it came.

    "solution" in place of a mark: the code is the course's solution, word for word.
    """
    marks = {}
    for id, wanted in names.items():
        cell = next((one for one in reversed(cells) if all(binds(name, one.source) for name in wanted)), None)
        mark = mark_of(cell.source) if cell else ""
        published = sources().get(id, {})
        if mark and mark != mark_of(published.get("stub", "")):
            marks[id] = "solution" if mark == mark_of(published.get("solution", "")) else mark
    return marks


def mark_of(source: str) -> str:
    """The same for the same code, however it is laid out and commented; "" for what is short or no Python."""
    try:
        tree = ast.parse(source)
        if sum(1 for _ in ast.walk(tree)) < _LEAST_TO_COMPARE:
            return ""
        return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def binds(name: str, source: str) -> bool:
    """Whether source text, which need not be valid Python, looks as if it defines `name`.

    >>> binds("first", "first, second = 1, 2"), binds("first", "def first(:"), binds("first", "print(first == 2)")
    (True, True, False)
    """
    if name not in source:
        return False
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(_binds_in_line(name, word, line) for line in source.split("\n") if name in line)


def _binds_in_line(name: str, word: re.Pattern[str], line: str) -> bool:
    first, _, rest = line.strip().partition(" ")
    if first == "async":
        first, _, rest = rest.strip().partition(" ")
    if first in ("def", "class"):
        return re.match(rf"\s*{re.escape(name)}\b", rest) is not None
    if first in ("from", "import"):
        imported = rest.partition(" import ")[2] if first == "from" else rest
        return any(name == part.split(" as ")[-1].strip(" ()\t\r\\") for part in imported.split(","))
    target, equals, value = line.partition("=")
    if not equals or value.startswith("=") or target.endswith(("!", "<", ">")) or set("#(") & set(target):
        return False
    before_texts = re.split(r"[\"']", target, maxsplit=1)[0]
    return word.search(before_texts) is not None
