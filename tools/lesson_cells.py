"""From the text of a lesson to its cells, and from an exercise cell to its two versions: pure functions.

A lesson is percent-format text (jupytext). In a cell marked `# %% exercise="03.2"` the solution stands in a fence:

    ### BEGIN SOLUTION
    return ids[1:]
    ### STUB
    # return ids
    ### END SOLUTION

The solved notebook shows the lines before `### STUB`; the student notebook shows the lines after it without their
`# `, or one `...` where the fence has no stub. What becomes of the cells: lesson_notebooks.py.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import jupytext
from languages import ENGLISH, folder, words

LESSON_NAME = re.compile(r"\d\d_[a-z0-9_]+")
FENCE = re.compile(
    r"^(?P<indent>[ ]*)### BEGIN SOLUTION[ ]*\n(?P<solution>.*?)"
    r"(?:^[ ]*### STUB[ ]*\n(?P<stub>.*?))?^[ ]*### END SOLUTION[ ]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
# Looser than the markers themselves: a misspelt marker must not carry a solution into the student notebook.
MARKER = re.compile(r"^\s*#+\s*((BEGIN|END)\s+SOLUTION\b.*|STUB\s*)$", re.MULTILINE | re.IGNORECASE)
# How a translation begins: which text it translates, by the first digits of its digest.
TRANSLATES = re.compile(r"# Translates lessons/(?P<name>\w+)\.py as of (?P<digest>[0-9a-f]{12})\n+")
JUPYTEXT_METADATA = {"cell_marker", "lines_to_next_cell", "lines_to_end_of_cell_marker"}  # layout of the text only


class LessonError(ValueError):
    """A lesson's text cannot become a notebook; the message names the lesson and the cell."""


@dataclass(frozen=True)
class Cell:
    """One cell: `kind` is "markdown" or "code"; `exercise` is the id of the exercise that it holds, if any."""

    kind: str
    source: str
    tags: tuple[str, ...] = ()
    exercise: str | None = None


@dataclass(frozen=True)
class Lesson:
    """A parsed lesson; its exercise cells still hold their fences.

    `translates` is the digest of the English text that a translation follows.
    """

    name: str
    title: str
    cells: tuple[Cell, ...]
    language: str = ENGLISH
    translates: str = ""

    def path(self, solved: bool) -> str:
        """Path of its notebook from the root of the repository."""
        return f"notebooks/{folder(self.language)}{'solutions/' if solved else ''}{self.name}.ipynb"


def text_digest(text: str) -> str:
    """What the first line of a translation says of the English text that it follows."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_lesson(name: str, text: str, language: str = ENGLISH) -> Lesson:
    """Split a lesson into cells and check what can be checked without running it.

    Args:
        name: the file's name without its ending, for example "03_sliding_window".
        text: its content.
        language: that of its folder.

    Raises:
        LessonError: the lesson has no title, an unknown kind or setting of a cell, an empty code cell, an exercise
            whose id or fence is wrong, or is a translation that does not say of what.
    """
    if not LESSON_NAME.fullmatch(name):
        raise LessonError(f"a lesson is called NN_name.py, with small letters, digits and _; got {name}.py")
    file, translates = f"lessons/{folder(language)}{name}.py", ""
    if language != ENGLISH:
        translates, text = _translation(file, name, text, language)
    cells = []
    for position, raw in enumerate(jupytext.reads(text, fmt="py:percent").cells, 1):
        where = f"{file}, cell {position} ({_first_line(raw.source)})"
        unknown = set(raw.metadata) - {"tags", "exercise"} - JUPYTEXT_METADATA
        if unknown:
            raise LessonError(f"{where}: a cell may set `tags` and `exercise`, got {', '.join(sorted(unknown))}")
        if raw.cell_type not in ("markdown", "code"):
            raise LessonError(f"{where}: a cell is markdown or code, got {raw.cell_type}")
        if raw.cell_type == "code" and not raw.source.strip():
            raise LessonError(f"{where}: a code cell must not be empty; delete its `# %%` line")
        cell = Cell(raw.cell_type, raw.source, tuple(raw.metadata.get("tags", ())), raw.metadata.get("exercise"))
        _check_exercise(cell, name, where)
        cells.append(cell)
    twice = [id for id, count in Counter(cell.exercise for cell in cells if cell.exercise).items() if count > 1]
    if twice:
        raise LessonError(f"{file}: exercise {twice[0]} stands in more than one cell; give each its own id")
    title = re.search(r"^# +(.+)$", cells[0].source, re.MULTILINE) if cells and cells[0].kind == "markdown" else None
    if not title:
        raise LessonError(f"{file} must open with a markdown cell that holds its title: `# # Title`")
    return Lesson(name, title[1].strip(), tuple(cells), language, translates)


def _translation(file: str, name: str, text: str, language: str) -> tuple[str, str]:
    """Of what text a translation says it is one, and the text below that line."""
    try:
        words(language)
    except ValueError as error:
        raise LessonError(f"{file}: {error}") from None
    said = TRANSLATES.match(text)
    if not said or said["name"] != name:
        raise LessonError(f"{file} must begin with `# Translates lessons/{name}.py as of …`, 12 digits of its sha256")
    return said["digest"], text[said.end() :]


def _first_line(source: str) -> str:
    return source.strip().partition("\n")[0] or "empty"


def _check_exercise(cell: Cell, name: str, where: str) -> None:
    if cell.exercise is None:
        if marker := MARKER.search(cell.source):
            raise LessonError(f'{where}: {marker[0].strip()} outside an exercise cell; mark it: # %% exercise="NN.1"')
        return
    if cell.kind != "code":
        raise LessonError(
            f"{where}: exercise {cell.exercise} must be a code cell, its prompt a markdown cell before it"
        )
    if not re.fullmatch(rf"{name[:2]}\.[1-9]\d*", str(cell.exercise)):
        raise LessonError(
            f"{where}: an exercise of this lesson is called {name[:2]}.1, {name[:2]}.2, …; got {cell.exercise!r}"
        )
    if not MARKER.search(cell.source):
        raise LessonError(f"{where}: exercise {cell.exercise} has no solution between ### BEGIN and ### END SOLUTION")
    for view in (student_source, solved_source):
        try:
            left_over = MARKER.search(view(cell.source))
        except LessonError as error:
            raise LessonError(f"{where}: {error}") from None
        if left_over:
            raise LessonError(
                f"{where}: the line {left_over[0].strip()!r} does not fit: each ### BEGIN SOLUTION needs one "
                "### END SOLUTION after it, with at most one ### STUB between, spelled exactly so"
            )


def solved_source(source: str) -> str:
    """The cell with its solutions: marker and stub lines vanish.

    >>> solved_source("a = 1\\n### BEGIN SOLUTION\\nb = 2\\n### STUB\\n# b = 3\\n### END SOLUTION\\nprint(b)")
    'a = 1\\nb = 2\\nprint(b)'
    """
    return FENCE.sub(lambda fence: fence["solution"], source).rstrip("\n")


def student_source(source: str) -> str:
    """The cell as the student gets it: each fence becomes its stub, or `...` at the fence's indentation.

    >>> student_source("def f(x):\\n    ### BEGIN SOLUTION\\n    return x\\n    ### END SOLUTION")
    'def f(x):\\n    ...'
    >>> student_source("a = 1\\n### BEGIN SOLUTION\\nb = 2\\n### STUB\\n# b = 3\\n### END SOLUTION\\nprint(b)")
    'a = 1\\nb = 3\\nprint(b)'
    """
    return FENCE.sub(_stub, source).rstrip("\n")


def _stub(fence: re.Match[str]) -> str:
    if not fence["solution"].strip():
        raise LessonError("there is no solution between ### BEGIN SOLUTION and the next marker")
    if fence["stub"] is None:
        return f"{fence['indent']}...\n"
    lines = []
    for line in fence["stub"].splitlines():
        text = line.strip()
        if text and text != "#" and not text.startswith("# "):
            raise LessonError(f"each line between ### STUB and ### END SOLUTION starts with `# `, got {text!r}")
        # What follows "# " keeps its own indentation; the fence's is added to it.
        lines.append((fence["indent"] + text[2:]).rstrip() + "\n")
    if not "".join(lines).strip():
        raise LessonError("there is nothing between ### STUB and ### END SOLUTION; without ### STUB the stub is `...`")
    return "".join(lines)


def solutions(lessons: Sequence[Lesson]) -> str:
    """The text of llmlab/exercises/solutions.json: {exercise id: {"stub": …, "solution": …}} of the English lessons."""
    found = {
        cell.exercise: {"stub": student_source(cell.source), "solution": solved_source(cell.source)}
        for lesson in lessons
        for cell in lesson.cells
        if cell.exercise and lesson.language == ENGLISH
    }
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
