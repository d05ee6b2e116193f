"""A lesson's page: its student notebook, with the outputs that are committed, prepared for Sphinx to read.

What only a notebook needs goes (navigation, installing, checks without an answer); an explorer becomes an element that
the site's script brings to life, and an exercise a card. Nothing is executed.
"""

from __future__ import annotations

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

from llmlab.exercises.engine.catalogue import listed

_NAVIGATION = "[Contents](../README.md)"
_BOOTSTRAP = "# A fresh Colab machine installs llmlab here"
_CHECK = re.compile(r'exercise\("\d\d\.\d+"\)\.check\(.*\)', re.DOTALL)
_PROGRESS = re.compile(r'progress\("\d\d"\)')
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
            yield _progress(lesson) if _PROGRESS.fullmatch(source) else _code(cell, lesson)
            continue
        text = rewritten(source, f"notebooks/{lesson.name}.ipynb", f"lessons/{lesson.name}.ipynb")
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
    tags = ["hide-cell"] if "further" in cell.metadata.get("tags", ()) else []
    if re.fullmatch(r"[A-Z]\w+\(\)", cell.source):  # an explorer alone: its code says nothing
        tags.append("remove-input")
    if tags:
        new.metadata.tags = tags
        new.metadata.mystnb = {"code_prompt_show": "Further: the code", "code_prompt_hide": "Fold the code"}
    return new


def _output(output: NotebookNode, cell: NotebookNode, lesson: Lesson) -> NotebookNode:
    html = output.get("data", {}).get("text/html")
    if html is None:
        return output
    new = nbformat.from_dict(output)
    if name := name_of(output):
        note = _OWN_CODE if re.search(rf"{name}\(\w+=\w+\)", cell.source) else ""
        html = box(name, html, lesson.number, note)
    else:
        html = with_files(html)
    new.data = nbformat.from_dict({"text/html": html})
    return new


def _progress(lesson: Lesson) -> NotebookNode:
    rows = "".join(
        f'<li><a href="#exercise-{id.replace(".", "-")}">{id} · {title}</a></li>'
        for id, (_, title) in listed(lesson.number).items()
    )
    return new_markdown_cell(
        f'<div class="llmlab-progress" data-lesson="{lesson.number}">\n'
        f'<p class="progress-title">The exercises of this lesson</p><ul>{rows}</ul>\n</div>'
    )


def _bar(lesson: Lesson) -> str:
    """What stands below the title: how long, what is in it, where to open it."""
    exercises = len(listed(lesson.number))
    facts = [f"about {lesson.minutes} minutes", f"{exercises} exercises"]
    launch = []
    if address := addresses.public_address():
        launch += [
            f'<a class="launch" href="{addresses.colab(address, lesson.name)}">Open in Colab</a>',
            f'<a class="launch" href="{addresses.binder(address, lesson.name)}">Open in Binder</a>',
        ]
    launch += [
        f'<a class="launch" href="../notebooks/{lesson.name}.ipynb" download>Download the notebook</a>',
        '<a class="launch" href="../start.html#on-your-own-computer">Run it on this computer</a>',
    ]
    source = f"lessons/{lesson.name}.py"
    if address:
        launch.append(f'<a class="launch" href="{addresses.edit(address, source)}">Edit this lesson</a>')
        note = ""
    else:
        note = (
            '<p class="launch-note">Colab, Binder and “edit this lesson” need a public address, and this copy of the '
            f"course has none yet. Its text is <code>{source}</code>.</p>"
        )
    return (
        f'<div class="lesson-bar"><p class="lesson-facts">{" · ".join(facts)}</p>'
        f'<p class="launches">{" ".join(launch)}</p>{note}</div>'
    )
