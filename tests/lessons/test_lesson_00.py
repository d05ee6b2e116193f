"""Lesson 00: its figures, its bigram model, its links."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest

from llmlab.corpus import load_text
from llmlab.exercises.lesson_00 import bigram, what_comes_out
from llmlab.exercises.lesson_00.next_token_probabilities_mistakes import FOLLOWERS, IDEAS, VOCABULARY, agree
from llmlab.explorers import PipelineMap
from tests import ROOT
from tests.lessons.shared import Lesson, alike

LESSON = Lesson("00", solved=True)
output = LESSON.output


@pytest.fixture(scope="module")
def model():
    """The names of the lesson's bigram model, from its own cells."""
    wanted = ("import random", "story = load_text()", "def train(", "def next_token_", "def generate(", "def sampler(")
    names: dict = {
        "predict": lambda token: names["next_token_probabilities"](token, names["followers"], names["vocabulary"])
    }
    for cell in LESSON.cells():
        if cell.source.startswith(wanted):
            exec(cell.source.partition("\n\nfor seed in")[0], names)
    return names


def write(model, prompt, n_tokens, choose):
    return model["generate"](prompt, n_tokens, model["predict"], choose)


def test_figures_of_the_first_exercise_are_the_storys():
    tokens = load_text().split()
    after_piano = Counter(following for token, following in pairwise(tokens) if token == "piano")
    assert (len(tokens), len(set(tokens))) == (what_comes_out._TOKENS, what_comes_out._DIFFERENT)
    assert (after_piano.total(), len(after_piano)) == (what_comes_out._PLACES, what_comes_out._FOLLOWERS)


@pytest.mark.parametrize(
    ("part", "claim"),
    [
        ('after_it = predict("It")', "the probabilities are yours:"),
        ('after_it = predict("It")', "1,344 of them are 0; their sum is 1.000"),
        ("before = deepcopy(followers)", "tokens with other counts after writing: 0"),
        ("def unmasked(ids)", "logits change with the mask: [0, 0, 0, 0, 0, 0, 1]"),
        ("def unmasked(ids)", "logits change without      : [1, 1, 1, 1, 1, 1, 1]"),
        ("one_by_one = torch.stack(", "14 predictions of one run, and of 7 runs: they differ by 0.0000 at most"),
        ('counted("training", x)', "passes: 40 for 40 steps with 14 predictions"),
        ('counted("inference",', "passes: 6 for 6 tokens; weights changed: 0"),
        ("def predict_in_world(token)", "49 of 200 sentences are accepted"),
        ("def predict_in_world(token)", "refused   she wears his mice."),
        ("def predict_in_world(token)", "refused   they croak in the pond."),
        ("probe = PipelineMap()", "['is', 'near', 'drinks', 'cooks']"),
        ("cell = ", "from nothing: NameError: name 'tokens' is not defined"),
    ],
)
def test_what_the_text_says_is_printed(part, claim):
    assert claim in output(part)


def test_where_the_student_has_not_passed_llmlab_stands_in():
    student = Lesson("00")
    for part, exercise in (('after_it = predict("It")', "00.2"), ("def greedy(probabilities)", "00.3")):
        assert f"llmlab's ({exercise} has not passed yet):" in student.output(part)
        ours, theirs = (lesson.output(part).splitlines()[1:] for lesson in (student, LESSON))
        assert ours == theirs and ours


def test_the_lessons_model_is_the_one_that_stands_in(model):
    assert model["followers"] == bigram.train(model["tokens"])
    for token in model["vocabulary"]:
        probabilities = model["predict"](token)
        assert list(probabilities) == model["vocabulary"]
        assert sum(probabilities.values()) == pytest.approx(1)
        assert probabilities == bigram.next_token_probabilities(token, model["followers"], model["vocabulary"])
    ours = bigram.generate(["The"], 30, model["predict"], model["sampler"](1))
    assert write(model, ["The"], 30, model["sampler"](1)) == ours


def test_the_bigram_model_writes_only_pairs_that_it_has_read(model):
    read = set(pairwise(model["tokens"]))
    for seed in range(5):
        written = write(model, ["The"], 60, model["sampler"](seed))
        assert len(written) == 61
        assert set(pairwise(written)) <= read
        assert written == write(model, ["The"], 60, model["sampler"](seed))
    assert write(model, ["The"], 60, model["sampler"](1)) != write(model, ["The"], 60, model["sampler"](2))


def test_greedy_choice_runs_in_a_circle(model):
    written = write(model, ["The"], 100, lambda probabilities: max(probabilities, key=probabilities.get))
    assert len(set(written)) < 20
    assert written[40:70] != written[41:71], "a circle of several tokens"


def test_it_is_a_model_of_a_dozen_lines():
    starts = ("def train(", "def next_token_probabilities(", "def generate(")
    functions = [cell.source for cell in LESSON.cells() if cell.source.startswith(starts)]
    lines = [line for source in functions for line in source.split("\n\n\n")[0].splitlines() if line.strip()]
    assert len(functions) == 3
    assert len(lines) <= 14


def test_ideas_behind_wrong_probabilities_can_be_told_apart():
    """In the first case; later ones only see answers that were right before."""
    given = ("the", FOLLOWERS, VOCABULARY)
    found = [(name, idea(*given)) for name, idea in IDEAS.items()]
    found.append(("right", bigram.next_token_probabilities(*given)))
    assert alike(found, agree) == []


def test_the_trained_models_verb_follows_the_subject():
    _, plural, singular = output("probe = PipelineMap()").splitlines()
    assert plural == "the dogs near the king: P(bark) 0.263, P(barks) 0.000; king looks most at dogs"
    assert singular == "the dog near the king : P(bark) 0.000, P(barks) 0.196; king looks most at dog"


def test_the_answers_below_the_map_are_the_maps():
    trace = PipelineMap().trace
    looks_at = trace.weights[:, :, trace.position].argmax(dim=-1)  # (layers, heads)
    assert trace.next_token() == " bark"
    assert f"{trace.attention[2]:.2f}" == "0.99"
    assert (looks_at == 2).sum() == 4, "this head, and 3 of the other 11"
    probe = PipelineMap()
    probe.set(text="the king near the wolves near the dogs")
    assert probe.frame["reached"]


def test_every_linked_lesson_exists():
    linked = set(re.findall(r"\]\((\w+)\.ipynb\)", LESSON.source))
    assert {"01", "03", "06", "08", "13"} <= {name[:2] for name in linked}
    assert sorted(name for name in linked if not (ROOT / "lessons" / f"{name}.py").exists()) == []
