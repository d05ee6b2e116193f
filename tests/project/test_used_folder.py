"""A folder in which somebody learns: what was answered, run, copied or left lying about there is not the course's."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nbformat
import pytest
from build_notebooks import of_the_course

from tests import ROOT, git_files, notebooks

LESSON = "03_sliding_window.ipynb"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def used(tmp_path, monkeypatch) -> Path:
    """A checkout of one lesson, as it came."""
    monkeypatch.delenv("CI", raising=False)
    for name in (f"notebooks/{LESSON}", f"notebooks/solutions/{LESSON}", "lessons/03_sliding_window.py", ".gitignore"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        source = notebooks().parent if name.endswith(".ipynb") else ROOT
        (tmp_path / name).write_bytes((source / name).read_bytes())
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "Course")
    return tmp_path


def answer(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.metadata.get("exercise") == "03.2").source = "windows = 'mine'"
    nbformat.write(notebook, path)


def run(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.cell_type == "code").execution_count = 41
    nbformat.write(notebook, path)


def damage(path: Path) -> None:
    path.write_text('{"cells": [')


def test_a_folder_as_it_came_is_read_where_it_is(used):
    assert notebooks(used) == used / "notebooks"


@pytest.mark.parametrize("work", [answer, run, damage])
def test_what_was_worked_in_is_read_as_it_was_committed(used, work):
    before = (used / "notebooks" / LESSON).read_bytes()
    work(used / "notebooks" / LESSON)
    assert (used / "notebooks" / LESSON).read_bytes() != before
    there = notebooks(used)
    assert (there / LESSON).read_bytes() == before == of_the_course(used, f"notebooks/{LESSON}")
    assert (there / "solutions" / LESSON).is_file() and (there.parent / "lessons/03_sliding_window.py").is_file()


@pytest.mark.parametrize("take_away", [Path.unlink, lambda path: path.rename(path.with_name("mine.ipynb"))])
def test_what_was_deleted_or_renamed_is_read_as_it_was_committed(used, take_away):
    before = (used / "notebooks" / LESSON).read_bytes()
    take_away(used / "notebooks" / LESSON)
    assert (notebooks(used) / LESSON).read_bytes() == before == of_the_course(used, f"notebooks/{LESSON}")
    assert sorted(path.name for path in notebooks(used).rglob("*.ipynb")) == [LESSON, LESSON]


def test_a_notebook_that_never_was_is_missing(used):
    (used / "lessons/04_new.py").touch()
    assert not (notebooks(used) / "04_new.ipynb").exists()
    with pytest.raises(FileNotFoundError, match="^notebooks/04_new.ipynb is not there: .* or build it with `make"):
        of_the_course(used, "notebooks/04_new.ipynb")


def test_what_was_answered_and_committed_is_read_as_it_was_built(used):
    """README asks a student to commit answers before a pull."""
    before = (used / "notebooks" / LESSON).read_bytes()
    answer(used / "notebooks" / LESSON)
    git(used, "commit", "-am", "My answers")
    assert (notebooks(used) / LESSON).read_bytes() == before


def test_in_ci_the_notebooks_are_judged_as_they_are(used, monkeypatch):
    answer(used / "notebooks" / LESSON)
    monkeypatch.setenv("CI", "true")
    assert notebooks(used) == used / "notebooks"


def test_what_was_built_anew_is_read_as_it_is(used):
    """A build that is not committed yet is the course's, and judged."""
    path = used / "notebooks" / LESSON
    told = json.loads(path.read_text(encoding="utf-8"))
    told["metadata"]["llmlab"]["sources"] = "another digest"  # not part of the digest of the content
    path.write_text(json.dumps(told))
    assert (notebooks(used) / LESSON).read_bytes() == path.read_bytes()


def test_what_lies_about_is_none_of_the_courses(used):
    for name in (
        "03_sliding_window-Copy1.ipynb",
        "Untitled.ipynb",
        ".ipynb_checkpoints/03_sliding_window-checkpoint.ipynb",
    ):
        (used / "notebooks" / name).parent.mkdir(exist_ok=True)
        (used / "notebooks" / name).write_text("{}")
    (used / "lessons/.ipynb_checkpoints").mkdir()
    (used / "lessons/.ipynb_checkpoints/03_sliding_window-checkpoint.py").touch()
    (used / "my_text-model").mkdir()
    (used / "my_text-model/config.json").write_text("{}")
    (used / "my_text.txt").write_text("The sea.")
    assert sorted(path.name for path in notebooks(used).rglob("*.ipynb")) == [LESSON, LESSON]
    assert used / "my_text.txt" in git_files(".", root=used), "git would take it"
    assert [path for path in git_files(".", root=used) if "my_text-model" in path.parts] == []


def test_without_git_there_is_nothing_to_go_back_to(tmp_path):
    (tmp_path / "notebooks").mkdir()
    assert (notebooks(tmp_path), git_files(".", root=tmp_path)) == (tmp_path / "notebooks", None)
