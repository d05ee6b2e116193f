"""Lesson 06: known mistakes are told apart, numbers are the reference's, outputs are what the text says."""

import json
import re

import pytest
import torch

from llmlab.attention import simplified_attention
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.engine.catalogue import of_lesson
from llmlab.exercises.lesson_06.attend import _attend_example, _wrong_attention
from llmlab.exercises.lesson_06.softmax_bugs import _scores_example, _wrong_weights
from tests import ROOT
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("06")
output = LESSON.output


def test_the_student_notebook_has_nothing_attempted():
    """As executed: a notebook compiles each statement alone, which may give other bytes than the whole cell."""
    checks = [cell for cell in LESSON.cells() if cell.source.startswith('exercise("06.')]
    assert len(checks) == len(of_lesson("06"))
    for cell in checks:
        assert cell.outputs[0]["data"]["text/plain"].startswith("○ not attempted"), cell.source


@pytest.mark.parametrize(
    "models",
    [_wrong_weights(_scores_example()), *_wrong_attention(*_attend_example())],
    ids=["weights", "attend", "attend-context"],
)
def test_known_mistakes_are_told_apart(models):
    assert alike(faces(models), near(1e-3)) == []


def test_every_misconception_of_the_examples_is_one_of_the_exercise():
    exercises = {one.id: one for one in of_lesson("06")}
    for id, several in (
        ("06.1", [_wrong_weights(_scores_example())]),
        ("06.2", _wrong_attention(*_attend_example())),
    ):
        assert {name for models in several for name in models} <= exercises[id].misconceptions.keys()


def test_the_books_numbers_are_those_of_the_reference():
    """What the lesson types in and prints for the six-token example, in full: scores, weights, all context vectors."""
    reference = json.loads((ROOT / "tests" / "core" / "reference" / "figures.json").read_text(encoding="utf-8"))
    reference = reference["simplified_attention"]
    inputs = torch.tensor(reference["inputs"])
    context = torch.softmax(inputs.double() @ inputs.double().T, dim=-1) @ inputs.double()
    cell = LESSON.cell("book = torch.tensor(")
    namespace = {"torch": torch, "simplified_attention": simplified_attention, "print": lambda *_: None}
    exec(cell.source, namespace)
    assert torch.equal(namespace["book"], inputs)
    printed = [float(number) for number in re.findall(r"-?\d+\.\d{4}", output("book = torch.tensor("))]
    tables = [torch.tensor(reference["scores"]), torch.tensor(reference["weights"]), context.float()]
    assert torch.allclose(torch.tensor(printed), torch.cat([table.flatten() for table in tables]), atol=1.1e-4)
    assert len(printed) == 36 + 36 + 18


def test_the_worked_row_reads_as_the_text_says():
    assert "tensor([0.5592, 0.5332, 0.3546])" in output("context = torch.zeros(D)")
    assert "[0.2239, 0.3960, 0.1815, 0.1986]" in output("powers / powers.sum(dim=1, keepdim=True)  #")


def test_the_notes_are_wrong_as_the_answer_says():
    first, second, third = output("2. weight times input").splitlines()
    sums = [float(number) for number in re.findall(r"-?\d\.\d{4}", first)]
    assert all(abs(total - 1) > 0.5 for total in sums), "the shares do not sum to 1"
    assert "(4, 3)" in second, "still a table"
    there, back = re.findall(r"-?\d\.\d\d", third)
    assert there == back, "symmetric"


def test_hiding_dogs_and_no_other_noun_makes_the_verb_singular():
    printed = output("for hidden in range(1, len(names))").splitlines()
    lines = {name.strip(): words for name, words in (line.rsplit(":", 1) for line in printed)}
    first = {name: words.split()[0] for name, words in lines.items()}
    assert first == {
        "nothing hidden": "bark",
        "without the": "bark",
        "without dogs": "is",
        "without near": "near",
        "without king": "bark",
    }
    assert "cleans" in lines["without dogs"] and "washes" in lines["without near"]


def test_without_the_surest_head_the_verb_stays_plural():
    words = output("without head {head} of layer {layer}")
    assert words.startswith("without head 1 of layer 2: bark ") and "clean " in words and "is " not in words


def test_four_heads_find_the_subject_and_the_surest_one_by_its_role():
    weights = [float(number) for number in re.findall(r"\d\.\d{4}", output("looks = attention_maps(model, ids)[0]"))]
    assert len(weights) == 12 and sum(weight > 0.9 for weight in weights) == 4
    assert re.findall(r"looks at (\w+)", output("moved_names[row.argmax()]")) == ["dogs", "queens"]


def test_queries_and_keys_start_small_and_end_near_the_idealisation():
    untrained, trained = output("variance of the queries").splitlines()
    assert [float(number) for number in re.findall(r"\d\.\d\d", untrained)] == [0.04, 0.04]
    assert all(0.5 < float(number) < 3 for number in re.findall(r"\d\.\d\d", trained))
