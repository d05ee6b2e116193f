"""Lesson 08: what its checks take for right and for wrong, and what its cells print is what its text says."""

import math
import re
from functools import partial

import pytest
import torch
from llmlab.exercises.lesson_08.batch_loss import _example, _wrong_batch_losses
from llmlab.exercises.lesson_08.losses import WRONG_LOSSES, mean_loss
from llmlab.exercises.lesson_08.schedule import _SETTINGS, _rate, _wrong_rates
from llmlab.exercises.lesson_08.validation_loss import _batches, _over_all, _Witness, _wrong_validations

from llmlab.training import TrainConfig, evaluate, learning_rate_at, next_token_loss
from tests.lessons.shared import Lesson, alike

LESSON = Lesson("08")
output = LESSON.output

# ---- what the exercises take for right -------------------------------------------------------------------------------


def test_what_the_checks_take_for_right_is_the_packages():
    logits, targets = _example()
    torch.testing.assert_close(mean_loss(logits, targets), next_token_loss(logits, targets))
    steps, warmup, highest, lowest = _SETTINGS
    config = TrainConfig(steps, highest, warmup, lowest / highest)
    assert [_rate(step, *_SETTINGS) for step in range(steps)] == pytest.approx(
        [learning_rate_at(step, config) for step in range(steps)]
    )
    model = _Witness(7, 5, seed=1).train()
    batches = _batches(7, 3, [4, 4, 1], torch.Generator().manual_seed(5))
    assert _over_all(model, batches) == pytest.approx(evaluate(model, batches), rel=1e-5)


def test_known_mistakes_are_told_apart():
    """Each model differs from the right one and from the others: what agrees with two could not be named."""
    logits, targets = _example()
    losses = {"right": mean_loss(logits, targets).item()} | _wrong_batch_losses(logits, targets)
    model = _Witness(7, 5, seed=1)
    batches = _batches(7, 3, [4, 4, 1], torch.Generator().manual_seed(5))
    validations = {"right": _over_all(model, batches)} | _wrong_validations(model, batches)
    for values in (losses, validations):
        assert alike(values.items(), partial(math.isclose, rel_tol=2e-3)) == []
    rates = {"right": [_rate(step, *_SETTINGS) for step in range(_SETTINGS[0])]} | _wrong_rates()
    assert alike(rates.items(), lambda a, b: a == pytest.approx(b, rel=2e-3)) == []
    assert set(WRONG_LOSSES) < set(losses)


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_floor_of_a_double_softmax():
    printed = output("perfect = F.one_hot")
    assert math.log(65 - 1 + math.e) - 1 == pytest.approx(3.20, abs=5e-3)
    assert printed.count("3.20") == 2 and "4.17" in printed and "as logits, sure of it:   0.00" in printed
    assert "From 4.17 to 3.20" in LESSON.source
    assert int(re.search(r"about (\d+) times as long", output("size_once, size_twice"))[1]) > 10


def test_gradients_add_up():
    assert [float(found) for found in re.findall(r"number \d: (\S+) times", output("backward number"))] == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    "part",
    [
        "sgd = torch.optim.SGD",
        "packaged = train(new_model(), training_loader(seed=1)",
        "story = load_text",
        "class PowerCut",
        "shares = [gradient_of",
    ],
)
def test_what_is_said_to_be_true_is(part):
    assert "True" in output(part) and "False" not in output(part)


def test_all_of_one_batch_is_learned():
    assert "right tokens: 14 of 14" in output("sgd = torch.optim.SGD")


def test_the_run_gets_below_every_bound():
    printed = output("curve = TrainingCurve(")
    limits = [int(limit) for limit in re.findall(r"within (\d+) steps", printed)]
    assert len(limits) == 4 and limits == sorted(limits) and "not reached" not in printed
    assert "untrained: more than 20 of 100 sentences are right: False" in output("accepted = sum(")
    assert "\ntrained: more than 20 of 100 sentences are right: True" in output("accepted = sum(")


def test_the_training_cell_is_compared_and_shows_a_bar():
    """Not exempt from nbval: the bar's first line, the curve's still picture and the comparisons never change."""
    cell = LESSON.cell("curve = TrainingCurve(")
    assert "tags" not in cell.metadata
    shown = [out["data"].get("text/plain", "") for out in cell.outputs if "data" in out]
    assert shown[0] == "TrainingCurve()" and shown[1].startswith("400 training steps:   0%")


def test_the_table_of_the_exercise_is_the_recording():
    rows = dict(re.findall(r"^([W-Z]) +(.+)$", output("shown = {"), re.MULTILINE))
    figures = {name: [float(value) for value in row.split()] for name, row in rows.items()}
    loss_end, validation_end, norms = 3, 6, slice(7, 9)
    assert figures["W"][loss_end] > 6 and figures["W"][norms][1] < 0.01
    assert figures["X"][loss_end] < 0.1 and figures["X"][validation_end] > figures["X"][4]
    assert figures["Y"][loss_end] < 0.01 and figures["Y"][validation_end] < 0.01
    assert 5 < figures["Z"][loss_end] < 6 and figures["Z"][norms][1] > 0.5
    assert (round(math.log(600 - 1 + math.e) - 1, 2), round(math.log(600), 2)) == (5.40, 6.40)


def test_the_notebook_of_the_last_exercise_fails_where_it_is_said_to():
    """The cells of 08.6, run from top to bottom in a fresh namespace, going on after errors."""
    prompt = LESSON.cell("### Exercise 08.6", "markdown").source
    block = re.search(r"```\n(.+?)```", prompt, re.DOTALL)[1]
    sources = {}
    for line in block.splitlines():
        if match := re.match(r"([a-g])  \[\d\]  (.+)", line):
            letter = match[1]
            sources[letter] = match[2]
        else:
            sources[letter] += "\n" + line.strip()
    names, failing = {"print": lambda *values: None}, ""
    for letter, source in sources.items():
        try:
            exec(source, names)
        except NameError:
            failing += letter
    assert len(sources) == 7 and failing == "aef"
    # In the order of the last run, with the deleted cell, everything works.
    names = {"print": lambda *values: None}
    for source in (sources["b"], sources["c"], sources["d"], sources["a"], "rate = 0.1", sources["e"], sources["f"]):
        exec(source, names)


def test_a_cell_from_nothing():
    assert output('cell = "loss = ').splitlines() == ["4.17", "from nothing: NameError: name 'F' is not defined"]
