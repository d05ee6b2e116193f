"""Lesson 07: known mistakes are told apart, layers are what they claim, outputs are what the text says."""

import re

import pytest
import torch

from llmlab.attention import causal_mask, influence_map
from llmlab.exercises.engine.answers import faces
from llmlab.exercises.engine.catalogue import of_lesson
from llmlab.exercises.lesson_07.causal_weights import _wrong_weights
from llmlab.exercises.lesson_07.common import fixed_numbers
from llmlab.exercises.lesson_07.what_moves_layers import (
    D,
    T,
    hard_layers,
    looks_at_the_next,
    rounds,
    two_outputs,
    wrong_tables,
)
from tests.lessons.shared import Lesson, alike, near

LESSON = Lesson("07")
output = LESSON.output
X = fixed_numbers(T, D, shift=2)


def test_the_six_versions_of_the_prediction():
    """Which of the snippets of exercise 07.4 leak, found by changing the scores that belong to later tokens."""
    prompt = LESSON.cell("Find three leaks", "markdown").source
    code = prompt.partition("```python\n")[2].partition("```")[0]
    future = ~causal_mask(5)
    blind = future | torch.eye(5, dtype=torch.bool)

    def weights(scores):
        names = {"torch": torch, "scores": scores, "future": future, "blind": blind}
        exec(code, names)
        return {letter: names[letter].nan_to_num(0.0) for letter in "abcdef"}

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, generator=generator)
    later = x.clone()
    later[3:] += 1.0
    before, after = weights(x @ x.T), weights(later @ later.T)
    leaks = [
        letter
        for letter in "abcdef"
        if before[letter][:3, 3:].any() or not torch.allclose(before[letter][:3], after[letter][:3], atol=1e-5)
    ]
    assert "".join(leaks) == "bce"


@pytest.mark.parametrize(
    ("models", "close"),
    [(_wrong_weights(fixed_numbers(4, 4, shift=5)), near(1e-3)), (wrong_tables(), torch.equal)],
    ids=["weights", "tables"],
)
def test_known_mistakes_are_told_apart(models, close):
    assert alike(faces(models), close) == []


def test_every_misconception_of_the_layers_is_one_of_the_exercise():
    exercise = of_lesson("07")[1]
    named = {misconception for *_, misconception in hard_layers(X)} | wrong_tables().keys()
    assert named <= exercise.misconceptions.keys()


@pytest.mark.parametrize(("words", "layer", "at"), [case[:3] for case in hard_layers(X)])
def test_each_hard_layer_hears_the_past_and_nothing_else(words, layer, at):
    slopes = torch.autograd.functional.jacobian(layer, at).abs().amax(dim=(1, 3))
    assert torch.equal(slopes > 1e-5, causal_mask(T))


def test_what_the_future_leaves_in_the_rounding_layer_is_there_and_small():
    later = X.clone()
    later[-1] += 1.0
    moved = (rounds(later) - rounds(X))[:-1].abs().max()
    assert 0 < moved < 1e-6


def test_the_small_layers_hear_what_their_names_say():
    assert torch.equal(influence_map(looks_at_the_next, X), torch.ones(T - 1).diag(1).bool())
    assert influence_map(two_outputs, X).tolist() == [[True] * T, [True] + [False] * (T - 1)]


def test_the_late_mask_leaks_and_renormalised_it_does_until_nothing_is_left():
    before, after, right = (
        re.findall(r"\d\.\d\d", line)[:2] for line in output("may_attend = causal_mask(4)").splitlines()
    )
    assert before != after and right != before
    near_, far, farther = output("for above in (10.0, 80.0, 200.0)").splitlines()
    assert near_.count("[0.27, 0.73]") == far.count("[0.27, 0.73]") == 2
    assert "[nan, nan]" in farther and "[0.27, 0.73]" in farther


def test_only_the_mask_before_the_softmax_leaves_the_past_in_peace():
    moved = {
        line.split()[0]: [float(far) for far in re.findall(r"\d\.\d{3}", line)]
        for line in output("perturbed[3] += torch.randn(4, generator=generator)").splitlines()
    }
    assert max(moved["sees_the_past"][:3]) == 0 < min(moved["masks_late"][:3] + moved["sees_all"][:3])
    assert min(moved["sees_the_past"][3:]) > 0


def test_the_derivative_by_a_later_token_is_exactly_0():
    lines = output("torch.autograd.functional.jacobian(sees_the_past, at)").splitlines()
    assert [re.search(r"later token (\S+),", line)[1] for line in lines] == ["0.0"] * 3


def test_dropout_doubles_or_drops_and_sums_to_1_on_average():
    sums = re.findall(r"rows sum to tensor\((.+)\)", output("def draw_weights(p)"))
    assert sums[0] == sums[2] == "[1., 1., 1.]" != sums[1]
    training, evaluating = re.findall(r"differ by (\d\.\d\d)", output("head.train(training)"))
    assert float(training) > 0 == float(evaluating)


def test_the_explorer_shows_what_the_answers_say():
    from llmlab.explorers import InfluenceMap

    explorer = InfluenceMap()
    assert sum(map(sum, explorer.trace.reaches)) == 49, "mask after the softmax moves every cell"
    explorer.set(around="zero")
    assert explorer.trace.lower_triangular
    explorer.set(around="a random input", bug="mask one too low", heads=1)
    assert (0, 0) in explorer.trace.blind and not any(explorer.trace.reaches[0])
    explorer.set(architecture="encoder, 2 tokens padding")
    hidden = [
        (i, j) for i in range(7) for j in range(7) if explorer.trace.reaches[i][j] and not explorer.trace.allowed[i][j]
    ]
    assert hidden == [(5, 5), (6, 6)]
    explorer.reset()
    triangular = []
    for bug in explorer.bugs[:12]:
        explorer.set(bug=bug)
        triangular += [bug] if explorer.trace.looks.at_random and explorer.trace.looks.around_zero else []
    assert triangular == ["no scaling", "scaling by the model width", "keys and values swapped"]
