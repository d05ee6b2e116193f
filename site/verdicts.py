"""Predictions and choices in a page: what each answer is told, rendered beforehand by the real checks.

`render(folder)` writes `exercises/<lesson>.js` for each lesson, classic scripts that hand their content to
llmlab-site.js: fields, table, texts, hints and solution. A page can then answer without Python, and from the disk.
"""

from __future__ import annotations

import json
import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

from course_files import ROOT, write
from frames_changes import Changes, alone
from section_links import by_number, place
from verdicts_forms import FORMS, IN_NOTEBOOK, Field, Form, Number, Order, Pick, Several, Word
from verdicts_table import Cell, table_of

from llmlab.exercises import Exercise, exercise
from llmlab.exercises.engine.catalogue import lessons, listed, of_lesson
from llmlab.exercises.engine.exercise import TRIES
from llmlab.exercises.engine.view import Note, as_html
from llmlab.utils.edition import CURRENT

_SECTION = re.compile(r"See &#x27;((?:(?!</p>).)+)&#x27;\.</p>")


def render(folder: Path) -> list[Path]:
    """Write the verdicts of all lessons into a folder; returns those files that were rendered anew.

    Raises:
        LookupError: an exercise that is answered by a value has no form.
    """
    with alone(folder / "exercises"):
        return _render(folder / "exercises")


def _render(exercises: Path) -> list[Path]:
    changes = Changes(exercises)
    here = [Path(__file__).with_name(f"verdicts{part}.py") for part in ("", "_forms", "_table", "_values")]
    here += [Path(__file__).with_name("section_links.py"), ROOT / "llmlab" / "exercises" / "solutions.json"]
    for lesson in lessons():
        ids = [id for id in sorted(FORMS) if id.startswith(f"{lesson}.")]
        modules = [f"llmlab.exercises.lesson_{lesson}", "llmlab.exercises.engine.exercise"]
        sections = [cell.source for cell in by_number()[lesson].notebook.cells]  # to which verdicts lead
        changes.file(f"{lesson}.js", modules, here, partial(_script, lesson, ids), sections)
    course = {lesson: [[id, title, id in FORMS] for id, (_, title) in listed(lesson).items()] for lesson in lessons()}
    write(exercises / "course.js", _call("course", {"edition": CURRENT, "tries": TRIES, "lessons": course}))
    return changes.rendered


def _script(lesson: str, ids: list[str]) -> str:
    lacking = {one.id for one in of_lesson(lesson) if one.kind == "value"} - set(ids) - IN_NOTEBOOK
    if lacking:
        raise LookupError(f"exercises without a form: {', '.join(sorted(lacking))}. Add them to verdicts_forms.py")
    return _call("exercises", {id: content(exercise(id), FORMS[id]) for id in ids})


def _call(function: str, content: Any) -> str:
    return f"llmlabSite.{function}({json.dumps(content, ensure_ascii=False, separators=(',', ':'))});\n"


def content(exercise: Exercise, form: Form) -> dict[str, Any]:
    """What a page needs of an exercise."""
    table = table_of(exercise, form)
    hints = [Note(f"Hint {n} of {len(exercise.hints)}", hint) for n, hint in enumerate(exercise.hints, 1)]
    return {
        "title": exercise.title,
        "fields": [_declared(field, cells) for field, cells in zip(form.fields, table.cells, strict=True)],
        "joined": form.joined,
        "reason": form.reason,
        "texts": [(status, linked(html, exercise.id[:2])) for status, html in table.texts],
        # One character for each combination of cells, from "0" on.
        "places": "".join(chr(ord("0") + place) for place in table.places),
        "hints": _folded(hints),
        "solution": _folded([exercise.solution(anyway=True)]),
    }


def linked(html: str, lesson: str) -> str:
    """A verdict in which the section of the lesson that explains it is a link."""

    def link(found: re.Match[str]) -> str:
        title = unescape(re.sub(r"<[^>]+>", "", found[1]))
        return f'See <a href="{place(by_number()[lesson], title)}">{found[1]}</a>.</p>'

    return _SECTION.sub(link, html)


def _declared(field: Field, cells: list[Cell]) -> dict[str, Any]:
    kind = {"kind": type(field).__name__.lower(), "label": field.label, "cells": len(cells)}
    match field:
        case Number(whole=whole):
            spans = [(*span, number) for number, cell in enumerate(cells) for span in cell.spans if number]
            return kind | {"whole": whole, "spans": sorted(spans)}
        case Word(length=length):
            words = {cell.values[0]: number for number, cell in enumerate(cells) if number}
            return kind | {"length": length, "words": words, "folded": not length}
        case Several(options=options, none=none):
            return kind | {"options": list(options), "none": none, "text": isinstance(options, str)}
        case Pick(options=options) | Order(options=options):
            return kind | {"options": list(options)}


def _folded(notes: list[Note]) -> str:
    """Notes as they stand closed inside a box."""
    box = as_html("note", "")
    with_them = as_html("note", "", folded=notes)
    return with_them[len(box) - len("</div>") : -len("</div>")]
