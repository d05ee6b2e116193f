"""A lesson's page: its student notebook, with the outputs that are committed, prepared for Sphinx to read.

What only a notebook needs goes (navigation, installing, checks without an answer); an explorer becomes an element that
the site's script brings to life, and an exercise a card. Nothing is executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import addresses
import nbformat
from course_files import Lesson
from exercise_cards import card, task
from explorer_boxes import box, name_of
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from page_links import rewritten
from pictures import with_files
from verdicts_forms import FORMS

from llmlab.exercises.engine.catalogue import listed

_NAVIGATION = "[Contents](../README.md)"
_BOOTSTRAP = "# A fresh Colab machine installs llmlab here"
_CHECK = re.compile(r'exercise\("\d\d\.\d+"\)\.check\(.*\)', re.DOTALL)
_PROGRESS = re.compile(r'progress\(("\d\d")?\)')
_TITLE = re.compile(r"# \d\d · .+\n")
_SPLIT = re.compile(r"^(?=### Exercise \d)", re.MULTILINE)
_OWN_CODE = "Here it runs the course’s own code; in the notebook, the one cell above makes it run yours."


def page(lesson: Lesson) -> NotebookNode:
    """The notebook that Sphinx turns into the lesson's page."""
    shown = nbformat.v4.new_notebook(metadata=lesson.notebook.metadata)
    shown.metadata.mystnb = {"execution_mode": "off"}
    shown.cells = list(_cells(lesson))
    for position, cell in enumerate(shown.cells):
        cell.id = f"cell-{position}"  # the same content gives the same bytes
    return shown


def _cells(lesson: Lesson) -> Iterator[NotebookNode]:
    cells = iter(lesson.notebook.cells)
    for cell in cells:
        source = cell.source
        if _NAVIGATION in source or source.startswith(_BOOTSTRAP):
            continue
        if cell.cell_type == "code":
            asked = _PROGRESS.fullmatch(source)
            yield _progress(lesson if asked[1] else None) if asked else _code(cell, lesson)
            continue
        text = rewritten(source, f"notebooks/{lesson.name}.ipynb", f"lessons/{lesson.name}.ipynb")
        text = text.replace("<details><summary>Further", '<details class="further"><summary>Further')  # printed, too
        before, *exercises = _SPLIT.split(text)
        if title := _TITLE.match(before):
            before = f"{title[0]}\n{_bar(lesson)}\n\n{before[title.end() :]}"
        if before.strip():
            yield new_markdown_cell(before)
        for markdown in exercises:
            yield new_markdown_cell(_exercise(markdown, cells, lesson))


def _exercise(markdown: str, cells: Iterator[NotebookNode], lesson: Lesson) -> str:
    set_task = task(markdown)
    stub, check = next(cells), next(cells)
    if stub.metadata.get("exercise") != set_task.id or not _CHECK.fullmatch(check.source):
        raise ValueError(f"{lesson.name}: the text of exercise {set_task.id} is not followed by its cell and its check")
    return card(set_task, stub.source, lesson.name)


def _code(cell: NotebookNode, lesson: Lesson) -> NotebookNode:
    new = new_code_cell(cell.source, outputs=[_output(output, cell, lesson) for output in cell.outputs])
    if re.fullmatch(r"[A-Z]\w+\(\)", cell.source):  # an explorer alone: its code says nothing
        new.metadata.tags = ["remove-input"]
    elif "further" in cell.metadata.get("tags", ()):
        _fold(new, "Further: the code")
    elif _only_imports(cell.source):
        _fold(new, "The code: what this lesson imports")
    return new


def _fold(cell: NotebookNode, summary: str) -> None:
    cell.metadata.tags = ["hide-cell"]
    cell.metadata.mystnb = {"code_prompt_show": summary, "code_prompt_hide": "Fold the code"}


def _only_imports(source: str) -> bool:
    """Whether a cell has nothing to read before one plays: imports alone."""
    try:
        lines = ast.parse(source).body
    except SyntaxError:  # what IPython alone can read
        return False
    return bool(lines) and all(isinstance(line, ast.Import | ast.ImportFrom) for line in lines)


def _output(output: NotebookNode, cell: NotebookNode, lesson: Lesson) -> NotebookNode:
    html = output.get("data", {}).get("text/html")
    if html is None:
        return output
    new = nbformat.from_dict(output)
    if name := name_of(output):
        note = _OWN_CODE if re.search(rf"{name}\(\w+=\w+\)", cell.source) else ""
        html = box(name, lesson.number, note)
    else:
        html = with_files(html)
    new.data = nbformat.from_dict({"text/html": html})
    return new


def _progress(lesson: Lesson | None) -> NotebookNode:
    if lesson is None:  # of all lessons: only the site's script knows how far one is
        return new_markdown_cell(
            '<div class="llmlab-progress"><p>How far you are in all lessons stands here.</p></div>'
        )
    rows = "".join(
        f'<li><a href="#exercise-{id.replace(".", "-")}">{id} · {title}</a></li>'
        for id, (_, title) in listed(lesson.number).items()
    )
    return new_markdown_cell(
        f'<div class="llmlab-progress" data-lesson="{lesson.number}">\n'
        f'<p class="progress-title">The exercises of this lesson</p><ul>{rows}</ul>\n</div>'
    )


def _bar(lesson: Lesson) -> str:
    """What stands below the title: how long, what is in it, what can be done with it."""
    exercises = list(listed(lesson.number))
    here = [f'<a href="#exercise-{id.replace(".", "-")}">{id}</a>' for id in exercises if id in FORMS]
    facts = f"<b>{lesson.minutes} minutes · {len(exercises)} exercises</b>"
    notebook = f'<a href="../notebooks/{lesson.name}.ipynb" download>download the notebook</a>'
    own = '<a href="../start.html#on-your-own-computer">run and change it</a>'
    do = f"Read, play and answer here ({', '.join(here)})" if here else "Read and play here"
    note = f"{do}, or {notebook} to {own}."
    launches = ""
    if address := addresses.public_address():
        links = {
            addresses.colab(address, lesson.name): "Open in Colab",
            addresses.binder(address, lesson.name): "Open in Binder",
            addresses.edit(address, f"lessons/{lesson.name}.py"): "Edit this lesson",
        }
        launches = "".join(f'<a class="launch" href="{link}">{label}</a> ' for link, label in links.items())
        launches = f'<p class="launches">{launches.strip()}</p>'
    return (
        f'<div class="lesson-bar"><p class="lesson-facts">{facts} <span class="launch-note">{note}</span></p>'
        f"{launches}</div>"
    )
