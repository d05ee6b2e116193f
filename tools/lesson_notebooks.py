"""From the cells of the lessons to notebooks that are not yet executed: pure functions.

A notebook opens with a generated cell of navigation and launch links and closes with navigation again; before its first
code cell stands the generated bootstrap. The same lessons always give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import minutes
import nbformat
from address import install_line, launch_links
from lesson_cells import Cell, Lesson, solved_source, student_source
from nbformat import NotebookNode

BOOTSTRAP = """\
# A fresh Colab machine installs llmlab here; everywhere else it is already there.
try:
    import llmlab
except ModuleNotFoundError:
{install_line}
from llmlab import course

course.setup(edition=2)"""


def notebook_cells(lesson: Lesson, lessons: Sequence[Lesson], address: str | None, *, solved: bool) -> list[Cell]:
    """All cells of one notebook: the lesson's between the generated ones (navigation, bootstrap; navigation).

    Args:
        lesson: the lesson to show.
        lessons: all lessons in order; its neighbours in there are linked.
        address: "owner/name" on GitHub; None for a course that has no public address.
        solved: whether the exercises show their solutions.
    """
    view = solved_source if solved else student_source
    body = [replace(cell, source=view(cell.source)) if cell.exercise else cell for cell in lesson.cells]
    body[0] = replace(body[0], source=body[0].source.replace(minutes.PLACE, str(minutes.count(lesson).minutes)))
    navigation = _navigation(lesson, lessons, solved)
    opening = f"{navigation}\n\n{_launch(lesson, address, solved)}"
    bootstrap = Cell("code", BOOTSTRAP.format(install_line=install_line(address)))
    # Title and goals come before any code; the bootstrap comes before any other code.
    first_code = next((i for i, cell in enumerate(body) if cell.kind == "code"), len(body))
    body.insert(first_code, bootstrap)
    return [Cell("markdown", opening), *body, Cell("markdown", navigation)]


def _navigation(lesson: Lesson, lessons: Sequence[Lesson], solved: bool) -> str:
    names = [other.name for other in lessons]
    here = names.index(lesson.name)
    links = [f"[Contents]({'../../' if solved else '../'}README.md)"]
    if here > 0:
        links.insert(0, f"[← {lessons[here - 1].title}]({names[here - 1]}.ipynb)")
    if here + 1 < len(lessons):
        links.append(f"[{lessons[here + 1].title} →]({names[here + 1]}.ipynb)")
    return " · ".join(links)


def _launch(lesson: Lesson, address: str | None, solved: bool) -> str:
    links = launch_links(address, lesson.path(solved))
    if solved:
        return (
            f"{links}\n\n**This is the solved version.** Work through the "
            f"[student notebook](../{lesson.name}.ipynb) first; here you can compare."
        )
    return f"[Solved version](solutions/{lesson.name}.ipynb) · {links}"


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
