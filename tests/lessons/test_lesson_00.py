"""Lesson 00: its figures, its bigram model, its links."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from llmlab.corpus import load_text
from llmlab.exercises.lesson_00 import what_comes_out
from tests import ROOT
from tests.lessons.shared import Lesson

LESSON = Lesson("00", solved=True)
output = LESSON.output


@pytest.fixture(scope="module")
def model():
    """The names of the lesson's bigram model, from its own cells."""
    wanted = ("import random", "story = load_text()", "def train(", "def next_token_", "def generate(", "def sampler(")
    names: dict = {}
    for cell in LESSON.cells():
        if any(piece in cell.source for piece in wanted):
            exec(cell.source, names)
    return names


def test_figures_of_the_first_exercise_are_the_storys():
    tokens = load_text().split()
    after_piano = Counter(following for token, following in pairwise(tokens) if token == "piano")
    assert (len(tokens), len(set(tokens))) == (what_comes_out._TOKENS, what_comes_out._DIFFERENT)
    assert (after_piano.total(), len(after_piano)) == (what_comes_out._PLACES, what_comes_out._FOLLOWERS)


def test_what_the_lesson_prints_bears_out_the_answers():
    assert "1,353 probabilities" in output("after_it = next_token_probabilities")
    assert "passes: 40 for 40 steps with 14 predictions" in output('counted("training", x)')
    assert "passes: 6\n" in output('counted("inference",')
    first, second = re.findall(r"([\d,]+) weights read", output("def weights_to_write("))
    assert int(first.replace(",", "")) == 2 * int(second.replace(",", ""))


def test_the_bigram_model_is_a_distribution_for_every_token(model):
    for token in model["vocabulary"]:
        probabilities = model["next_token_probabilities"](token)
        assert list(probabilities) == model["vocabulary"]
        assert sum(probabilities.values()) == pytest.approx(1)


def test_the_bigram_model_writes_only_pairs_that_it_has_read(model):
    read = set(pairwise(model["tokens"]))
    for seed in range(5):
        written = model["generate"]("The", 60, model["sampler"](seed))
        assert len(written.split()) == 61
        assert set(pairwise(written.split())) <= read
        assert written == model["generate"]("The", 60, model["sampler"](seed))
    assert model["generate"]("The", 60, model["sampler"](1)) != model["generate"]("The", 60, model["sampler"](2))


def test_greedy_choice_runs_in_a_circle(model):
    def greedy(probabilities):
        return max(probabilities, key=probabilities.get)

    written = model["generate"]("The", 100, greedy).split()
    assert len(set(written)) < 20
    assert written[40:70] != written[41:71], "a circle of several tokens"


def test_it_is_a_model_of_about_ten_lines():
    starts = ("def train(", "def next_token_probabilities(", "def generate(")
    functions = [cell.source for cell in LESSON.cells() if cell.source.startswith(starts)]
    lines = [line for source in functions for line in source.split("\n\n\n")[0].splitlines() if line.strip()]
    assert len(functions) == 3
    assert len(lines) <= 14


def test_the_trained_models_verb_follows_the_subject():
    plural, singular = output("probe = PipelineMap()").splitlines()
    assert plural == "the dogs near the king: king looks most at dogs; more probable: bark"
    assert singular == "the dog near the king : king looks most at dog ; more probable: barks"


def test_every_linked_lesson_exists():
    linked = set(re.findall(r"\]\((\w+)\.ipynb\)", LESSON.source))
    assert {name[:2] for name in linked} == {f"0{number}" for number in range(1, 10)}
    assert sorted(name for name in linked if not (ROOT / "lessons" / f"{name}.py").exists()) == []
