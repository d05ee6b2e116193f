"""Lesson 04: its assertions on the bench fail with each wrong answer to 04.6, and its sections are there."""

import random

import nbformat
import pytest
import torch

from llmlab.exercises.lesson_04.__init__ import EXERCISES
from llmlab.exercises.lesson_04.common import table as _table
from llmlab.exercises.lesson_04.embed_input import _embed_models
from llmlab.exercises.lesson_04.skip_gram_loss import _LOSS_MODELS, _dots, _pair
from llmlab.explorers import EmbeddingBench
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the bench cannot show: it never hands over a text that is too long, nor more than one window.
NOT_VISIBLE = {
    "too-long-answered",
    "cut-silently",
    "other-error",
    "error-says-nothing",
    "error-returned",
    "fitting-text-refused",
    "tied-to-the-example",
}


def probe_cell():
    notebook = nbformat.read(ROOT / "notebooks" / "04_embeddings.ipynb", as_version=4)
    (source,) = [cell.source for cell in notebook.cells if "probe, reference = EmbeddingBench(" in cell.source]
    return source


def run(source):
    namespace = {"torch": torch}
    exec(source, namespace)
    exec(probe_cell(), {"EmbeddingBench": EmbeddingBench, "embed_input": namespace["embed_input"]})


@pytest.mark.parametrize(("name", "source"), WRONG["04.6"].items())
def test_a_wrong_answer_fails_the_lessons_assertion(name, source):
    if name.partition(":")[0] in NOT_VISIBLE:
        run(source)
    else:
        with pytest.raises((AssertionError, ValueError, TypeError, IndexError, RuntimeError)):
            run(source)


@pytest.mark.parametrize("source", UNUSUAL["04.6"])
def test_an_unusual_right_answer_holds(source):
    run(source)


def test_sections_named_by_misconceptions_stand_in_the_lesson():
    lesson = (ROOT / "lessons" / "04_embeddings.py").read_text(encoding="utf-8")
    named = {idea.section for one in EXERCISES for idea in one.misconceptions.values()} - {""}
    assert [section for section in sorted(named) if f"# ## {section}\n" not in lesson] == []


def test_titles_agree_with_the_headings_of_the_lesson():
    lesson = (ROOT / "lessons" / "04_embeddings.py").read_text(encoding="utf-8")
    for one in EXERCISES:
        assert f"### Exercise {one.id} · {one.title}\n" in lesson


def told_apart(values):
    """Pairs of different names whose values are nearly the same."""
    pairs = [(one, other) for i, one in enumerate(values) for other in values[i + 1 :] if one[0] != other[0]]
    return [(a[0], b[0]) for a, b in pairs if torch.allclose(a[1], b[1], atol=1e-2)]


def test_known_mistakes_of_the_loss_are_told_apart():
    values = [
        (name, torch.tensor(model(*_dots(*_pair())))) for name, several in _LOSS_MODELS.items() for model in several
    ]
    assert told_apart(values) == []


def test_known_mistakes_of_the_embedding_are_told_apart():
    models = _embed_models([[4, 1, 0], [2, 2, 3]], _table(5, 2, 1), _table(6, 2, 40))
    assert told_apart(list(models.items())) == []


@pytest.mark.parametrize("id", ["04.1", "04.3", "04.5", "04.6"])
def test_what_only_random_cases_find_is_found_each_time(id):
    (one,) = [one for one in EXERCISES if one.id == id]
    source = WRONG[id]["tied-to-the-example"]
    namespace = {"torch": torch}
    exec(source, namespace)
    name = {"04.1": "one_hot_and_rows", "04.3": "skip_gram_loss", "04.5": "permutation_test", "04.6": "embed_input"}[id]
    random.seed(0)
    assert {one.check(namespace[name]).misconception for _ in range(100)} == {"tied-to-the-example"}
