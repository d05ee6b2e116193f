"""Lesson 05: its checks tell the known mistakes apart, and its numbers are those of the reference."""

import json

import pytest
import torch
from llmlab.exercises.lesson_05.attend import _attend_example, _wrong_attention
from llmlab.exercises.lesson_05.forward_pass import _forward_example, _wrong_steps
from llmlab.exercises.lesson_05.softmax_bugs import _scores_example, _wrong_weights

from llmlab.attention import simplified_attention
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.engine.catalogue import of_lesson
from tests import ROOT
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("05")


def test_the_student_notebook_has_nothing_attempted():
    """As executed: a notebook compiles each statement alone, which may give other bytes than the whole cell."""
    checks = [cell for cell in LESSON.cells() if cell.source.startswith('exercise("05.')]
    assert len(checks) == len(of_lesson("05"))
    for cell in checks:
        assert cell.outputs[0]["data"]["text/plain"].startswith("○ not attempted"), cell.source


@pytest.mark.parametrize(
    "models",
    [_wrong_weights(_scores_example()), *_wrong_steps(*_forward_example()), *_wrong_attention(*_attend_example())],
    ids=["weights", "scores", "context", "attend", "attend-context"],
)
def test_known_mistakes_are_told_apart(models):
    assert alike(faces(models), near(1e-3)) == []


def test_every_misconception_of_the_examples_is_one_of_the_exercise():
    exercises = {one.id: one for one in of_lesson("05")}
    for id, several in (
        ("05.1", [_wrong_weights(_scores_example())]),
        ("05.2", _wrong_steps(*_forward_example())),
        ("05.3", _wrong_attention(*_attend_example())),
    ):
        assert {name for models in several for name in models} <= exercises[id].misconceptions.keys()


def test_the_books_numbers_are_those_of_the_reference():
    """What the lesson types in and prints for the six-token example."""
    reference = json.loads((ROOT / "tests" / "core" / "reference" / "figures.json").read_text(encoding="utf-8"))
    reference = reference["simplified_attention"]
    namespace = {"torch": torch}
    exec(LESSON.cell("book = torch.tensor(").source, namespace)
    assert torch.equal(namespace["book"], torch.tensor(reference["inputs"]))
    for name in ("scores", "weights"):
        wanted = torch.tensor(reference[name])
        assert torch.allclose(namespace[f"book_{name}"], wanted, atol=5e-5)
        assert torch.allclose(getattr(simplified_attention(namespace["book"]), name), wanted, atol=5e-5)
