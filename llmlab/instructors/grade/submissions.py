"""Which notebooks were submitted, by whom, for which lesson: read from the files alone, nothing is run.

A notebook that lies directly in the folder belongs to the student its name says (`anna.ipynb` -> anna); one that lies
deeper belongs to the first folder on its way (`anna/03_sliding_window.ipynb` -> anna).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from llmlab.exercises.engine.sources import answer_names
from llmlab.utils.edition import CURRENT

_MOST_BYTES = 50 * 2**20
_EXERCISE_CALL = re.compile(r"""\b(?:exercise|progress)\(\s*["'](\d\d)(?:\.\d+)?["']""")
_SETUP_CALL = re.compile(r"""\bcourse\.setup\(\s*(?:edition\s*=\s*)?(\d*)\s*\)""")
_LESSON_IN_NAME = re.compile(r"(?<!\d)(\d\d)[_-][A-Za-z]")


@dataclass(frozen=True)
class Cell:
    """A code cell: its place in the notebook (from 1, text cells counted), its source, and whether it may raise."""

    place: int
    source: str
    may_raise: bool = False


@dataclass(frozen=True)
class Submission:
    """One file that a student handed in.

    Attributes:
        student: see the module.
        path: the file.
        name: its path below the folder, as the table shows it.
        lesson: "03", or "" where nothing tells.
        cells: the code cells in order.
        notes: what the file itself shows to be odd.
        problem: why nothing of it can be run, or "".
    """

    student: str
    path: Path
    name: str
    lesson: str = ""
    cells: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def find(folder: Path) -> list[Submission]:
    """All submissions below `folder`, in order of student and file.

    Raises:
        NotADirectoryError: `folder` is no folder.
        ValueError: there is no notebook in it.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder: give the one that holds the submitted notebooks")
    paths = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".ipynb" and path.is_file() and not _hidden(path.relative_to(folder))
    ]
    if not paths:
        raise ValueError(f"there is no notebook (.ipynb) in {folder} or below it")
    found = [_read(path, path.relative_to(folder)) for path in paths]
    return sorted(found, key=lambda one: (one.student, one.name))


def exercises_of(lesson: str) -> dict[str, tuple[str, ...]]:
    """The exercises of a lesson, "03", and the names under which their answers stand; none for an unknown lesson."""
    return {id: names for id, names in answer_names().items() if id.partition(".")[0] == lesson}


def _lessons() -> set[str]:
    return {id.partition(".")[0] for id in answer_names()}


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _read(path: Path, below: Path) -> Submission:
    student, name = (below.stem if len(below.parts) == 1 else below.parts[0]), below.as_posix()
    named = _LESSON_IN_NAME.search(path.stem)
    by_name = named[1] if named and named[1] in _lessons() else ""
    if path.is_symlink():  # it may lead to a neighbour's file, or out of the folder
        problem = "It is a link, which is not followed: the file itself must be there."
        return Submission(student, path, name, by_name, problem=problem)
    try:
        notebook = _parse(path)
        cells = _code_cells(notebook)
        notes = _oddities(notebook)
    except (OSError, ValueError, RecursionError) as error:
        return Submission(student, path, name, by_name, problem=f"This is no notebook that can be read: {error}.")
    edition = _edition(notebook, cells)
    if edition != CURRENT:
        return Submission(student, path, name, problem=_other_edition(edition))
    lesson = _lesson_in(cells) or by_name
    problem = (
        "" if lesson else "Which lesson it belongs to cannot be told: no exercise, no answer, no number in its name."
    )
    return Submission(student, path, name, lesson, tuple(cells), tuple(notes), problem)


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


def _parse(path: Path) -> dict:
    size = path.stat().st_size
    if size == 0:
        raise ValueError("the file is empty")
    if size > _MOST_BYTES:
        raise ValueError(f"it has {size / 2**20:,.0f} MB, more than {_MOST_BYTES // 2**20} MB; clear its outputs")
    try:
        notebook = json.loads(path.read_bytes())
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
    cells = []
    for place, cell in enumerate(notebook["cells"], 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        metadata = cell.get("metadata")
        tags = metadata.get("tags") if isinstance(metadata, dict) else None
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
    counts = [cell.get("execution_count") for cell in notebook["cells"] if isinstance(cell, dict)]
    counts = [count for count in counts if isinstance(count, int)]
    fallen = next(((left, right) for left, right in pairwise(counts) if right <= left), None)
    if fallen:
        notes.append(f"cells were run out of order (saved counts: {fallen[1]} stands below {fallen[0]})")
    return notes


def _lesson_in(cells: list[Cell]) -> str:
    """The lesson that most `exercise("…")` calls name; without any, the one whose answers are there."""
    text, there = "\n".join(cell.source for cell in cells), _lessons()
    named = Counter(number for number in _EXERCISE_CALL.findall(text) if number in there)
    answers = Counter(
        {
            number: sum(all(binds(name, text) for name in names) for names in exercises_of(number).values())
            for number in sorted(there)
        }
    )
    for counted in (named, answers):
        best = counted.most_common(2)
        if best and best[0][1] > 0 and (len(best) == 1 or best[0][1] > best[1][1]):
            return best[0][0]
    return ""


def binds(name: str, source: str) -> bool:
    """Whether source text, which need not be valid Python, looks as if it defines `name`.

    >>> binds("first", "first, second = 1, 2"), binds("first", "def first(:"), binds("first", "print(first == 2)")
    (True, True, False)
    """
    word = re.escape(name)
    return bool(
        re.search(rf"^[ \t]*(?:(?:async )?def|class)\s+{word}\b|^[^=#\n(\"']*\b{word}\b[^=#\n(]*=(?!=)", source, re.M)
    )
