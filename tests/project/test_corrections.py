"""README's way to get corrections: the student's answers stay, the course's changes come."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

from tests import ROOT, notebooks

NOTEBOOK = "03_sliding_window.ipynb"
COMMANDS = (("commit", "-am", "My answers"), ("pull", "--no-rebase", "-X", "ours"))


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


@pytest.fixture
def checkouts(tmp_path) -> tuple[Path, Path]:
    """The course, and a student's clone of it, in which a notebook was opened, run in part, answered and saved."""
    course = tmp_path / "course"
    course.mkdir()
    shutil.copy(notebooks() / NOTEBOOK, course)
    git(course, "init", "--initial-branch", "main")
    git(course, "add", ".")
    git(course, "commit", "-m", "Course")
    git(tmp_path, "clone", str(course), "student")
    path = tmp_path / "student" / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.kernelspec.display_name = "Python 3 (ipykernel)"  # as JupyterLab writes it on the first save
    notebook.metadata.language_info |= {"version": "3.11.7", "file_extension": ".py"}
    answered(notebook, "03.2").source = "def make_windows(token_ids, max_length, stride):\n    return 'mine'"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []
    save(notebook, path)
    return course, tmp_path / "student"


def answered(notebook: nbformat.NotebookNode, exercise: str) -> nbformat.NotebookNode:
    return next(cell for cell in notebook.cells if cell.metadata.get("exercise") == exercise)


def correct(course: Path) -> None:
    """The course corrects prose, and the stub that the student has filled in."""
    notebook = nbformat.read(course / NOTEBOOK, as_version=4)
    notebook.cells[2].source += "\n\nA correction."
    answered(notebook, "03.2").source = "def make_windows(token_ids, max_length, stride=1):\n    ..."
    save(notebook, course / NOTEBOOK)
    git(course, "commit", "-am", "Correct")


def test_readme_says_what_is_tried_here():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'git commit -am "My answers"\ngit pull --no-rebase -X ours\n' in text


def test_answers_stay_and_corrections_come(checkouts):
    course, student = checkouts
    correct(course)
    for command in COMMANDS:
        git(student, *command)
    notebook = nbformat.read(student / NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert "return 'mine'" in answered(notebook, "03.2").source
    assert notebook.cells[2].source.endswith("A correction.")


def test_a_pull_alone_is_refused_and_loses_nothing(checkouts):
    course, student = checkouts
    correct(course)
    before = (student / NOTEBOOK).read_bytes()
    with pytest.raises(subprocess.CalledProcessError):
        git(student, "pull", "--no-rebase")
    assert (student / NOTEBOOK).read_bytes() == before
