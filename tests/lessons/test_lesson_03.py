"""The assertion with which lesson 03 drives its explorer fails with each wrong answer to exercise 03.2."""

import nbformat
import pytest
import torch

from llmlab.explorers import WindowMap
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the map cannot show: it hands over positions 0, 1, 2 ..., where a position, its id and the id before it plus one
# are the same; a function that returns None counts as not written; a list that was changed is not looked at again; and
# the lesson's cell asks for windows of length 4 alone.
NOT_VISIBLE = {"position-by-value", "id-plus-one", "returns-none", "mutates-input", "length-ignored"}


def probe_cell():
    notebook = nbformat.read(ROOT / "notebooks" / "03_sliding_window.ipynb", as_version=4)
    (source,) = [cell.source for cell in notebook.cells if "probe = WindowMap(" in cell.source]
    return source


def run(make_windows):
    exec(probe_cell(), {"WindowMap": WindowMap, "make_windows": make_windows})


@pytest.mark.parametrize(("name", "source"), WRONG["03.2"].items())
def test_a_wrong_answer_fails_the_lessons_assertion(name, source):
    namespace = {"torch": torch}
    exec(source, namespace)
    if name.partition(":")[0] in NOT_VISIBLE:
        run(namespace["make_windows"])
    else:
        with pytest.raises((AssertionError, ValueError, TypeError, IndexError)):
            run(namespace["make_windows"])


@pytest.mark.parametrize("source", UNUSUAL["03.2"])
def test_an_unusual_right_answer_holds(source):
    namespace = {"torch": torch}
    exec(source, namespace)
    run(namespace["make_windows"])
