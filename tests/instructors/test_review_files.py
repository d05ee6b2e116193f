"""Files of every kind that students hand in or an archive brings: read in bounds, and each gives what it should."""

from __future__ import annotations

import io
import json
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest

from llmlab.exercises.engine.sources import answer_names
from llmlab.instructors.grade import folder as grading_folder
from llmlab.instructors.grade.attempt import Verdict
from llmlab.instructors.grade.command import grade
from llmlab.instructors.grade.machine import Protection
from llmlab.instructors.grade.notebooks import MOST_SOURCE, read_notebook
from llmlab.instructors.grade.submissions import find
from tests.instructors.grading_batch import IDS, SOLVED

TEXT = json.dumps({"cells": [{"cell_type": "code", "source": "def make_windows(a, b, c): ..."}], "nbformat": 4})
POSIX = pytest.mark.skipif(os.name != "posix", reason="not on Windows: links need rights")


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def with_output(size: int) -> str:
    return TEXT.replace('"nbformat"', f'"metadata": {{"kept": "{"x" * size}"}}, "nbformat"')


def with_cells(count: int) -> str:
    return TEXT.replace('"cells": [', '"cells": [' + '{"cell_type": "code", "source": "1"}, ' * count)


READABLE = {
    "UTF-16": TEXT.encode("utf-16"),
    "with a mark": TEXT.encode("utf-8-sig"),
    "keys twice": TEXT.replace('"nbformat": 4', '"nbformat": 4, "nbformat": 4, "metadata": 1, "metadata": {}'),
    "no number": TEXT.replace('"nbformat": 4', '"nbformat": NaN'),
    "format 5": TEXT.replace('"nbformat": 4', '"nbformat": 5'),
    "45 MB": with_output(45 * 2**20),
    "4,000 cells": with_cells(4_000),
    "deep": TEXT,
}
UNREADABLE = {
    "5,000 digits": (TEXT.replace('"nbformat": 4', f'"nbformat": {"9" * 5000}'), "it is not JSON"),
    "100,000 cells": (with_cells(100_000), "has more than 5,000 cells of code"),
    "60 MB": (with_output(60 * 2**20), "has more than 50 MB; clear its outputs"),
    "format 3": ('{"worksheets": []}', "open and save it in JupyterLab"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, content in READABLE.items():
        put(folder / name / ("d/" * 10 if name == "deep" else "") / "03.ipynb", content)
    for name, (content, _) in UNREADABLE.items():
        put(folder / name / "03_sliding_window.ipynb", content)
    return {one.student: one for one in find(folder).submissions}


@pytest.mark.parametrize("name", READABLE)
def test_what_can_be_read_is_read(found, name):
    assert (found[name].problem, found[name].lessons) == ("", ("03",))


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_says_why(found, name):
    assert UNREADABLE[name][1] in found[name].problem and found[name].lessons == ("03",)


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ("", "NAME "),
        ("", "NAME["),
        ("", "NAME'"),
        ("", '"NAME'),
        ("", "NAME\n"),
        ("", "exercise("),
        ("exercise(", " "),
        ("course.setup(", " "),
        ("course.setup(edition=", " "),
        ("course.setup(", "1"),
    ],
)
def test_the_time_for_a_text_grows_with_its_length_alone(first, more):
    """Whatever it repeats, such as an answer's name: a text of eight times the length takes nothing like 64 times."""
    name = max((name for names in answer_names().values() for name in names), key=len)
    more = more.replace("NAME", name)

    def seconds(length: int) -> float:
        source = first + more * ((length - len(first)) // len(more))
        content = json.dumps({"cells": [{"cell_type": "code", "source": source}]}).encode()
        started = time.process_time()
        assert "cells hold more" not in read_notebook(content, "03_x")["problem"]
        return time.process_time() - started

    eighth = min(seconds(MOST_SOURCE // 8) for _ in range(3))
    assert seconds(MOST_SOURCE) < 24 * eighth


@POSIX
def test_no_link_leads_to_a_neighbour_or_out(tmp_path):
    """Not that of a file, of a student's whole folder, of a module beside a notebook, nor one in a zip."""
    put(tmp_path / "anna/03.ipynb", TEXT)
    put(tmp_path / "mine/03.ipynb", TEXT)
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert/03.ipynb").symlink_to(tmp_path / "anna/03.ipynb")
    (tmp_path / "carl").symlink_to(tmp_path / "anna", target_is_directory=True)
    (tmp_path / "dora.ipynb").symlink_to(SOLVED)
    (tmp_path / "mine/module.py").symlink_to(SOLVED)
    link = zipfile.ZipInfo("03.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "emil.zip", "w") as archive:
        archive.writestr(link, "../anna/03.ipynb")
    found = {one.student: one for one in find(tmp_path).submissions}
    assert set(found) == {"anna", "bert", "carl", "dora", "emil", "mine"}
    assert [name for name, one in found.items() if one.cells] == ["anna", "mine"]
    assert all("is a link, which is not followed" in found[name].problem for name in ("bert", "carl", "dora"))
    assert "it is not JSON" in found["emil"].problem and found["mine"].beside == ()


def test_a_zip_may_hold_folders_of_any_depth(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("deep-level/" * 2000 + "03.ipynb", TEXT)
    put(tmp_path / "anna.zip", file.getvalue())
    put(tmp_path / "bert.ipynb", TEXT)
    assert [(one.student, one.problem) for one in find(tmp_path).submissions] == [("anna", ""), ("bert", "")]


@pytest.fixture
def quick(monkeypatch):
    """Nothing is run: the answers of a notebook pass if it says so."""

    def said(submission, *_):
        status = "passed" if "right" in submission.cells[0].source else "failed"
        return {id: Verdict(status, "") for id in IDS}, []

    monkeypatch.setattr(grading_folder, "grade_one", said)
    monkeypatch.setattr(grading_folder, "fill_home", lambda *_: None)
    monkeypatch.setattr(grading_folder, "protection", lambda: Protection("kernel", "kernel", "kernel", False))


def test_nobody_is_passed_over_and_nobody_has_two_rows_for_one_exercise(tmp_path, quick, capsys):
    """The whole way to the table and the last line: two answers of one student, and what is no notebook."""
    right = TEXT.replace("...", "'right'")
    put(tmp_path / "in/anna.ipynb", TEXT)
    put(tmp_path / "in/anna/03_sliding_window.ipynb", right)
    put(tmp_path / "in/bert/03_sliding_window.ipynb", right)
    put(tmp_path / "in/bert/03_sliding_window (1).ipynb", TEXT)
    put(tmp_path / "in/carl/essay.pdf", b"")
    (tmp_path / "in/dora.ipynb").mkdir()  # a folder may be called so
    put(tmp_path / "in/dora.ipynb/03.ipynb", right)
    put(tmp_path / "in/notes.txt", b"")
    limits = {"seconds": 60, "memory_mb": 900, "jobs": 1}
    assert grade(tmp_path / "in", tmp_path / "in/grades.csv", **limits) == 0  # the table among the submissions
    assert capsys.readouterr().out.splitlines()[-2] == "Not graded: notes.txt is no notebook."
    rows = grading_folder.grade_folder(tmp_path / "in", tmp_path / "in/grades.csv", progress=False)
    found = {}
    for row in rows:
        assert found.setdefault((row.student, row.exercise), row) is row
    for student, other in (("anna", "anna.ipynb (failed)"), ("bert", "bert/03_sliding_window (1).ipynb (failed)")):
        row = found[student, "03.2"]
        assert row.status == "passed" and row.notes == f"also answered in {other}, of which the better counts"
    assert found["carl", ""].status == "unreadable" and found["dora.ipynb", "03.2"].status == "passed"
    assert len(rows) == 3 * len(IDS) + 1
