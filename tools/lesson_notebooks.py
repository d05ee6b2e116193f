"""From the cells of the lessons to notebooks that are not yet executed: pure functions.

A notebook opens with a generated cell of navigation and launch links and closes with navigation again; before its first
code cell stands the generated bootstrap. A link to a lesson leads to its notebook in the same language and of the same
kind (student or solved), and to the English one where there is no translation. A link to a file of the course is
written as it leads from notebooks/, and leads there from every folder. The same lessons always give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import minutes
import nbformat
from address import install_line, launch_links
from languages import ENGLISH, words
from lesson_cells import Cell, Lesson, solved_source, student_source
from nbformat import NotebookNode

BOOTSTRAP = """\
{set_up}
try:
    import llmlab
except ModuleNotFoundError:
{install_line}
from llmlab import course

course.setup(edition=2)"""


LINK = re.compile(r"\]\((?:(?P<name>\d\d_\w+)\.ipynb|\.\./(?P<file>[\w./-]+))")


def notebook_cells(lesson: Lesson, lessons: Sequence[Lesson], address: str | None, *, solved: bool) -> list[Cell]:
    """All cells of one notebook: the lesson's between the generated ones (navigation, bootstrap; navigation).

    Args:
        lesson: the lesson to show.
        lessons: all English lessons in order, and the translations; its neighbours among them are linked.
        address: "owner/name" on GitHub; None for a course that has no public address.
        solved: whether the exercises show their solutions.
    """
    view = solved_source if solved else student_source
    place = _Place(lesson, lessons, solved)
    body = [replace(cell, source=view(cell.source)) if cell.exercise else cell for cell in lesson.cells]
    body = [replace(cell, source=place.linked(cell.source)) if cell.kind == "markdown" else cell for cell in body]
    # A translation takes as long as the lesson that it translates.
    sitting = str(minutes.count(place.original).minutes)
    body[0] = replace(body[0], source=body[0].source.replace(minutes.PLACE, sitting))
    navigation = place.navigation()
    opening = f"{navigation}\n\n{place.launch(address)}"
    set_up = BOOTSTRAP.format(set_up=words(lesson.language).set_up, install_line=install_line(address))
    # Title and goals come before any code; the bootstrap comes before any other code.
    first_code = next((i for i, cell in enumerate(body) if cell.kind == "code"), len(body))
    body.insert(first_code, Cell("code", set_up))
    return [Cell("markdown", opening), *body, Cell("markdown", navigation)]


@dataclass(frozen=True)
class _Place:
    """Where a notebook stands among the others: what it links to, and in which words."""

    lesson: Lesson
    lessons: Sequence[Lesson]
    solved: bool

    @property
    def original(self) -> Lesson:
        return self.in_language(self.lesson.name, ENGLISH)

    def in_language(self, name: str, language: str) -> Lesson:
        """The lesson in a language, or in English where it is not translated."""
        found = {one.language: one for one in self.lessons if one.name == name}
        return found.get(language, found[ENGLISH])

    def to(self, path: str) -> str:
        """The way from this notebook to a file."""
        return posixpath.relpath(path, posixpath.dirname(self.lesson.path(self.solved)))

    def linked(self, text: str) -> str:
        """The text with its links to lessons leading to notebooks that exist, and those to files to the files."""
        known = {one.name for one in self.lessons}

        def lead(link: re.Match[str]) -> str:
            if link["file"]:
                return f"]({self.to(link['file'])}"
            if link["name"] not in known:
                return link[0]
            return f"]({self.to(self.in_language(link['name'], self.lesson.language).path(self.solved))}"

        return LINK.sub(lead, text)

    def navigation(self) -> str:
        say, language = words(self.lesson.language), self.lesson.language
        names = [one.name for one in self.lessons if one.language == ENGLISH]
        here = names.index(self.lesson.name)

        def link(name: str, label: str) -> str:
            other = self.in_language(name, language)
            title = other.title if other.language == language else f"{other.title} ({say.in_english})"
            return f"[{label.format(title)}]({self.to(other.path(self.solved))})"

        before = [link(name, "← {}") for name in names[max(here - 1, 0) : here]]
        after = [link(name, "{} →") for name in names[here + 1 : here + 2]]
        return " · ".join([*before, f"[{say.contents}]({self.to('README.md')})", *after])

    def launch(self, address: str | None) -> str:
        lesson, say = self.lesson, words(self.lesson.language)
        links = launch_links(address, lesson.path(self.solved))
        if lesson.language != ENGLISH:
            links = f"[{say.in_english}]({self.to(self.original.path(self.solved))}) · {links}"
        if self.solved:
            return f"{links}\n\n{say.is_solved.format(student=self.to(lesson.path(solved=False)))}"
        return f"[{say.solved}]({self.to(lesson.path(solved=True))}) · {links}"


def assemble(cells: Sequence[Cell]) -> NotebookNode:
    """A notebook that is not yet executed; the same cells always give the same bytes.

    A cell's id comes from its content, not its position, so that inserting a cell leaves the ids of the others alone.
    """
    notebook = nbformat.v4.new_notebook()
    seen: Counter[str] = Counter()
    for cell in cells:
        key = f"{cell.kind}\n{cell.source}"
        seen[key] += 1
        new = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        node = new(cell.source, id=digest(f"{key}\n{seen[key]}")[:12])
        if cell.tags:
            node.metadata.tags = list(cell.tags)
        if cell.exercise:
            node.metadata.exercise = cell.exercise
        notebook.cells.append(node)
    set_metadata(notebook)
    return notebook


def set_metadata(notebook: NotebookNode) -> None:
    """Set the metadata of a notebook to what all of ours share: no versions, no machine, no widget state."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {
                "file_extension": ".py",
                "mimetype": "text/x-python",
                "name": "python",
                "pygments_lexer": "ipython3",
            },
        }
    )


def sources(notebook: NotebookNode) -> list[tuple]:
    """What a person edits in a notebook: kind, text, tags and exercise of each cell; no ids, outputs or counts."""
    return [
        (cell.cell_type, cell.source, tuple(cell.metadata.get("tags", ())), cell.metadata.get("exercise"))
        for cell in notebook.cells
    ]


def digest(value: object) -> str:
    """sha256 of a JSON-like value, in hexadecimal."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
