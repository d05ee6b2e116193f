"""The committed notebooks: they are what the lessons generate, and nbval has something to compare in them.

Nothing is executed here; nbval executes every notebook again (`make test`). How they are built is tested in
test_notebook_pipeline.py.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass

import build_notebooks
import nbformat
import pytest
from nbformat import NotebookNode
from nbval.plugin import find_comment_markers, find_metadata_tags
from notebook_execution import WIDGET_VIEW

from tests import ROOT, notebooks

LESSONS = sorted((ROOT / "lessons").glob("*.py"))
TRANSLATIONS = sorted((ROOT / "lessons").glob("[a-z][a-z]/*.py"))
NOTEBOOKS = [
    (path.parent / kind / f"{path.stem}.ipynb").as_posix().replace("lessons", "notebooks", 1)
    for path in [lesson.relative_to(ROOT) for lesson in LESSONS + TRANSLATIONS]
    for kind in ("", "solutions")
]
NOT_COMPARED = {"image/png", "image/jpeg", WIDGET_VIEW}  # nbval leaves these kinds of output out


@dataclass(frozen=True)
class Counts:
    """Code cells of a notebook: all, with output, whose output nbval compares, and those told not to be compared."""

    code: int
    with_output: int
    compared: int
    exempt: int


def is_exempt(cell: NotebookNode) -> bool:
    """Whether a tag or comment keeps nbval from comparing the cell, by nbval's own reading of both."""
    options = {**dict(find_metadata_tags(cell.metadata)), **dict(find_comment_markers(cell.source))}
    return options.get("skip", False) or not options.get("check", True)


def is_compared(cell: NotebookNode) -> bool:
    """Whether a changed output of the cell would make nbval fail."""
    compares = any("data" not in output or set(output.data) - NOT_COMPARED for output in cell.outputs)
    return compares and cell.execution_count is not None and not is_exempt(cell)


def count(notebook: NotebookNode) -> Counts:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return Counts(
        len(code), sum(bool(cell.outputs) for cell in code), sum(map(is_compared, code)), sum(map(is_exempt, code))
    )


def test_there_are_lessons():
    assert LESSONS


def test_notebooks_and_solutions_are_what_the_lessons_generate(tmp_path):
    shutil.copytree(ROOT / "lessons", tmp_path / "lessons", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(notebooks(), tmp_path / "notebooks")
    for name in ("pyproject.toml", build_notebooks.SOLUTIONS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert build_notebooks.problems(tmp_path) == []


def test_each_lesson_has_a_student_and_a_solved_notebook_and_there_are_no_others():
    present = {
        path.relative_to(notebooks().parent).as_posix()
        for path in notebooks().rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    assert present == set(NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_nbval_executes_every_cell_and_compares_nearly_all(path, record_property):
    counts = count(build_notebooks.read(notebooks().parent / path))
    record_property("nbval", f"{path}: {counts}")
    print(path, counts)
    assert counts.with_output > 0
    assert counts.compared >= 0.8 * counts.with_output
    assert counts.exempt <= 2


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_committed_notebook_was_executed_and_is_clean(path):
    notebook = build_notebooks.read(notebooks().parent / path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    errors = [
        cell.source
        for cell in code
        if any(output.output_type == "error" for output in cell.outputs)
        and "raises-exception" not in cell.metadata.get("tags", [])
    ]
    assert errors == []
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.language_info
    assert "widgets" not in notebook.metadata
    assert WIDGET_VIEW not in json.dumps([cell.outputs for cell in code])


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_every_link_to_a_file_leads_to_one(path):
    cells = build_notebooks.read(notebooks().parent / path).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    links = [link for text in texts for link in re.findall(r"\]\(([^():#]+)[#)]", text)]
    places = [(folder / path).parent for folder in (ROOT, notebooks().parent)]
    assert links and [link for link in links if not any((place / link).exists() for place in places)] == []


def cell_with(*outputs: NotebookNode, source: str = "f()", tags: tuple[str, ...] = ()) -> NotebookNode:
    return nbformat.v4.new_code_cell(
        source, outputs=list(outputs), execution_count=1, metadata={"tags": list(tags)} if tags else {}
    )


def test_the_counts_tell_compared_cells_from_the_others():
    text = nbformat.v4.new_output("stream", name="stdout", text="5\n")
    picture = nbformat.v4.new_output("display_data", {"image/png": "AAAA"})
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("Text"),
            cell_with(text),
            cell_with(),
            cell_with(picture),
            cell_with(nbformat.v4.new_output("display_data", {"image/png": "AAAA", "text/plain": "<Figure>"})),
            cell_with(text, tags=("nbval-ignore-output",)),
            cell_with(text, source="# NBVAL_IGNORE_OUTPUT\nf()"),
            cell_with(text, tags=("nbval-skip",)),
        ]
    )
    assert count(notebook) == Counts(code=7, with_output=6, compared=2, exempt=3)
