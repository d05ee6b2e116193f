"""Lesson 01: its assertion on the explorer fails with each wrong answer to 01.1, and its sections are there."""

import nbformat
import pytest

from llmlab.exercises.lesson_01.__init__ import EXERCISES
from llmlab.explorers import TokenizerMicroscope
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the microscope cannot show: a function that returns None counts as not written.
NOT_VISIBLE = {"returns-none"}


def probe_cell():
    notebook = nbformat.read(ROOT / "notebooks" / "01_tokenization.ipynb", as_version=4)
    (source,) = [cell.source for cell in notebook.cells if "probe = TokenizerMicroscope(" in cell.source]
    return source


def run(source):
    namespace = {}
    exec(source, namespace)
    exec(probe_cell(), {"TokenizerMicroscope": TokenizerMicroscope, "tokenize": namespace["tokenize"]})


@pytest.mark.parametrize(("name", "source"), WRONG["01.1"].items())
def test_a_wrong_answer_fails_the_lessons_assertion(name, source):
    if name.partition(":")[0] in NOT_VISIBLE:
        run(source)
    else:
        with pytest.raises((AssertionError, ValueError, TypeError)):
            run(source)


@pytest.mark.parametrize("source", UNUSUAL["01.1"])
def test_an_unusual_right_answer_holds(source):
    run(source)


def test_sections_named_by_misconceptions_stand_in_the_lesson():
    lesson = (ROOT / "lessons" / "01_tokenization.py").read_text(encoding="utf-8")
    named = {idea.section for one in EXERCISES for idea in one.misconceptions.values()} - {""}
    assert [section for section in sorted(named) if f"# ## {section}\n" not in lesson] == []


def test_titles_and_kinds_agree_with_the_headings_of_the_lesson():
    lesson = (ROOT / "lessons" / "01_tokenization.py").read_text(encoding="utf-8").replace("`", "")
    for one in EXERCISES:
        assert f"### Exercise {one.id} · {one.title}\n" in lesson
