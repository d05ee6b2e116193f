"""The assertions with which lesson 05 drives its bench fail with each wrong answer to exercise 05.3; its checks tell
the known mistakes apart."""

import json
from dataclasses import replace
from itertools import combinations

import nbformat
import pytest
import torch

from llmlab.attention import simplified_attention
from llmlab.exercises.engine.exercise import of_lesson
from llmlab.exercises.lesson_05.attend import _attend_example, _wrong_attention
from llmlab.exercises.lesson_05.attention_weights import _scores_example, _wrong_weights
from llmlab.exercises.lesson_05.forward import _forward_example, _wrong_steps
from llmlab.explorers import AttentionBench
from tests import ROOT
from tests.exercises.answers import UNUSUAL, WRONG

# What the bench cannot show: it hands over single texts without a dimension in front, its scores stay below 89, and a
# function that returns None counts as not written.
NOT_VISIBLE = {"batch-mixed", "overflows", "returns-none"}


def cells():
    return [cell.source for cell in nbformat.read(ROOT / "notebooks" / "05_attention.ipynb", as_version=4).cells]


def run(attend):
    namespace = {"AttentionBench": AttentionBench, "attend": attend}
    for source in cells():
        if source.startswith(("probe = AttentionBench(", "for scaling in (False, True)")):
            exec(source, namespace)
    assert "largest" in namespace, "both cells were run"


def attend_of(source):
    namespace = {"torch": torch}
    exec(source, namespace)
    return namespace["attend"]


@pytest.mark.parametrize(("name", "source"), WRONG["05.3"].items())
def test_a_wrong_answer_fails_the_lessons_assertions(name, source):
    if name.partition(":")[0] in NOT_VISIBLE:
        run(attend_of(source))
    else:
        with pytest.raises((AssertionError, ValueError, TypeError)):
            run(attend_of(source))


@pytest.mark.parametrize("source", UNUSUAL["05.3"])
def test_an_unusual_right_answer_holds(source):
    run(attend_of(source))


def test_the_student_notebook_has_nothing_attempted():
    """As executed: a notebook compiles each statement alone, which may give other bytes than the whole cell."""
    notebook = nbformat.read(ROOT / "notebooks" / "05_attention.ipynb", as_version=4)
    checks = [cell for cell in notebook.cells if cell.source.startswith('exercise("05.')]
    assert len(checks) == len(of_lesson("05"))
    for cell in checks:
        assert cell.outputs[0]["data"]["text/plain"].startswith("○ not attempted"), cell.source


def test_the_bench_runs_before_the_exercise_is_solved():
    run(lambda q, k, v: ...)


@pytest.mark.parametrize(
    "models",
    [_wrong_weights(_scores_example()), *_wrong_steps(*_forward_example()), *_wrong_attention(*_attend_example())],
    ids=["weights", "scores", "context", "attend", "attend-context"],
)
def test_known_mistakes_are_told_apart(models):
    values = [(name, value) for name, several in models.items() for value in several]
    close = [
        (one, other)
        for (one, a), (other, b) in combinations(values, 2)
        if one != other and a.shape == b.shape and torch.allclose(a, b, atol=1e-3)
    ]
    assert close == []


def test_every_misconception_of_the_examples_is_one_of_the_exercise():
    exercises = {one.id: one for one in of_lesson("05")}
    for id, several in (
        ("05.1", [_wrong_weights(_scores_example())]),
        ("05.2", _wrong_steps(*_forward_example())),
        ("05.3", _wrong_attention(*_attend_example())),
    ):
        assert {name for models in several for name in models} <= exercises[id].misconceptions.keys()


def test_sections_named_by_misconceptions_stand_in_the_lesson():
    headings = {
        line.lstrip("#").strip()
        for source in cells()
        for line in source.splitlines()
        if line.startswith("#") and not line.startswith("# ")
    }
    named = {idea.section for one in of_lesson("05") for idea in one.misconceptions.values()} - {""}
    assert named <= headings


def test_the_books_numbers_are_those_of_the_reference():
    """What the lesson types in and prints for the six-token example."""
    reference = json.loads((ROOT / "tests" / "reference" / "figures.json").read_text(encoding="utf-8"))
    reference = reference["simplified_attention"]
    (source,) = [source for source in cells() if source.startswith("book = torch.tensor(")]
    namespace = {"torch": torch}
    exec(source, namespace)
    assert torch.equal(namespace["book"], torch.tensor(reference["inputs"]))
    for name in ("scores", "weights"):
        wanted = torch.tensor(reference[name])
        assert torch.allclose(namespace[f"book_{name}"], wanted, atol=5e-5)
        assert torch.allclose(getattr(simplified_attention(namespace["book"]), name), wanted, atol=5e-5)


@pytest.mark.parametrize(
    ("id", "name"),
    [("05.1", "attention_weights"), ("05.2", "forward"), ("05.3", "attend"), ("05.5", "previous_token_head")],
)
def test_no_random_check_lets_a_wrong_answer_slip_through(id, name):
    """Those that pass the fixed examples and are left to the random ones, thirty times each."""
    (one,) = [candidate for candidate in of_lesson("05") if candidate.id == id]
    for key, source in WRONG[id].items():
        if key.startswith("tied-to-the-example"):
            namespace = {"torch": torch}
            exec(source, namespace)
            found = {replace(one).check(namespace[name]).misconception for _ in range(30)}
            assert found == {"tied-to-the-example"}
