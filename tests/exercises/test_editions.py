"""Notebooks of the first edition: their ids lead to the same task, or to a sentence, and never to another exercise."""

from __future__ import annotations

import pytest

from llmlab import course
from llmlab.exercises import UnknownExercise, exercise, progress
from llmlab.exercises.engine.catalogue import listed, todays_id
from llmlab.exercises.engine.editions import FIRST, GONE
from llmlab.utils import edition as kernel
from tests import ROOT

# The first edition's exercises: lesson by lesson, how many there were.
THERE_WERE = {"00": 3, "01": 6, "02": 6, "03": 6, "04": 6, "05": 5, "06": 6, "07": 6, "08": 6, "09": 5}
IDS = [f"{lesson}.{number}" for lesson, count in THERE_WERE.items() for number in range(1, count + 1)]


@pytest.fixture
def first(monkeypatch):
    """A kernel whose notebook is of the first edition."""
    monkeypatch.setattr(kernel, "_here", 1)


def test_each_id_of_the_first_edition_is_translated_or_known_to_be_gone():
    assert sorted([*FIRST, *GONE]) == sorted(IDS)


@pytest.mark.parametrize("id", FIRST)
def test_a_translated_id_is_the_same_exercise(id, first, capsys):
    lesson, module = FIRST[id]
    now = todays_id(id)
    assert listed(lesson)[now][0] == module
    assert exercise(id).id == now
    said = f"Exercise {id} of the first edition is {now} today.\n"
    assert capsys.readouterr().out == ("" if now == id else said)


@pytest.mark.parametrize("id", sorted(GONE))
def test_an_exercise_that_is_gone_is_refused_with_a_sentence(id, first):
    with pytest.raises(UnknownExercise, match="no longer in the course. Go on in the notebooks of today"):
        exercise(id)


def test_an_id_that_the_first_edition_did_not_have_is_refused_there(first):
    with pytest.raises(
        UnknownExercise, match="the first edition, which this notebook belongs to, had no exercise '13.1'"
    ):
        exercise("13.1")


def test_progress_of_a_first_edition_lesson_lists_its_exercises_under_todays_ids(first):
    expected = [todays_id(id) for id in FIRST if id.startswith("06.")]
    assert [id for id, _, _ in progress("06").states] == expected
    with pytest.raises(UnknownExercise, match="had no lesson '12'"):
        progress("12")


def test_set_up_says_which_edition_a_notebook_is_of(monkeypatch, capsys):
    monkeypatch.setattr(kernel, "_here", kernel.CURRENT)
    course.setup(edition=2)
    assert kernel.edition() == 2 and "first edition" not in capsys.readouterr().out
    course.setup()
    assert kernel.edition() == 1
    assert "of the first edition of the course" in capsys.readouterr().out
    with pytest.raises(ValueError, match="got 3; update llmlab, which is older than this notebook"):
        course.setup(edition=3)
    with pytest.raises(TypeError, match="got '2'"):
        course.setup(edition="2")
    assert kernel.edition() == 1


def test_the_page_of_names_has_every_id():
    page = (ROOT / "docs" / "NAMES.md").read_text(encoding="utf-8")
    for id in FIRST:
        assert f"| {id} | {todays_id(id)} | {listed(FIRST[id][0])[todays_id(id)][1]} |" in page
    for id in GONE:
        assert f"| {id} | – |" in page
