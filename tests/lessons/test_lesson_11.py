"""Lesson 11: what its checks take for right and for wrong, and what its cells print is what its text says."""

import math
import re
import zlib
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from llmlab.corpus import load_text, toy_world
from llmlab.course.figures import descent, loss_curves
from llmlab.exercises.lesson_11.batch_loss import _example, _wrong_batch_losses
from llmlab.exercises.lesson_11.losses import WRONG_LOSSES, mean_loss
from llmlab.exercises.lesson_11.overfit_one_batch import _LARGE, _USUAL_LIMITS, _fitted, _Table, _wrong_fits
from llmlab.exercises.lesson_11.schedule import _SETTINGS, _rate, _wrong_rates
from llmlab.exercises.lesson_11.validation_loss import _batches, _over_all, _Witness, _wrong_validations
from llmlab.explorers.training_replay import recorded_runs
from llmlab.gpt import GPT, GPTConfig
from llmlab.training import History, TrainConfig, evaluate, learning_rate_at, next_token_loss
from tests.exercises.learners import EXERCISES
from tests.lessons.shared import Lesson, alike
from tools.make_checkpoint import is_withheld

LESSON = Lesson("11")
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


def _make():
    model = _Table()
    return model, torch.optim.SGD(model.parameters(), lr=0.5 / _LARGE**2)


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
    batch = torch.tensor([[1, 5, 2], [0, 3, 3]]), torch.tensor([[5, 2, 6], [3, 3, 4]])
    fits = {"right": _fitted(_make, *batch, 4)[0]} | _wrong_fits(_make, *batch, 4)
    assert alike(fits.items(), lambda a, b: a == pytest.approx(b, rel=2e-3)) == []
    assert set(WRONG_LOSSES) < set(losses)


def test_the_gradients_of_the_example_are_longer_than_the_usual_limits():
    """So clipping shows there, whatever the random models are like: the same verdict each time."""
    inputs, targets = torch.tensor([[1, 5, 2], [0, 3, 3]]), torch.tensor([[5, 2, 6], [3, 3, 4]])
    model, optimizer = _make()
    for _ in range(4):
        optimizer.zero_grad()
        mean_loss(model(inputs), targets).backward()
        assert model.weight.grad.norm() > max(_USUAL_LIMITS)
        optimizer.step()


def test_the_runs_of_the_exercise_are_those_of_its_letters():
    causes = dict(zip("CAEB", "WXYZ", strict=True))
    letters = recorded_runs().letters
    named = {
        causes[letter]: cause for letter, cause in zip(letters, recorded_runs().causes, strict=True) if letter in causes
    }
    assert named == {
        "W": "softmax before the loss",
        "X": "too little text",
        "Y": "targets not shifted",
        "Z": "learning rate too low",
    }


# ---- what is said of a double softmax --------------------------------------------------------------------------------


def test_the_floor_of_a_double_softmax():
    printed = output("sure = F.one_hot")
    assert math.log(65 - 1 + math.e) - 1 == pytest.approx(3.20, abs=5e-3)
    assert "sure and right: 3.20, by the formula 3.20; sure and wrong: 4.20" in printed
    assert "ln V: 4.17; sure and right, as logits: 0.00" in printed
    assert int(re.search(r"is (\d+) times as long", printed)[1]) > 10


def test_the_loss_of_the_exercise_stops_where_it_is_said_to():
    """65 characters of the story, as in 11.1: at 3.9 after a hundred steps, and still there; the floor is 3.20."""
    text = load_text("story")
    kept = sorted(set(text), key=lambda one: (-text.count(one), one))[:65]
    ids = torch.tensor([kept.index(character) for character in text if character in kept])
    generator, losses = torch.Generator().manual_seed(0), []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = GPT(GPTConfig(65, 64, 64, 4, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(180):
        starts = torch.randint(len(ids) - 65, (8,), generator=generator)
        inputs, targets = (torch.stack([ids[i + by : i + by + 64] for i in starts]) for by in (0, 1))
        logits = model(inputs)
        loss = F.cross_entropy(logits.softmax(dim=-1).flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        share_right = (logits.argmax(dim=-1) == targets).float().mean().item()
    assert np.mean(losses[100:140]) == pytest.approx(np.mean(losses[140:]), abs=0.03)
    assert f"{np.mean(losses[100:]):.1f}" == "3.9"
    assert losses[-1] == pytest.approx(4.20 - share_right, abs=0.02)


# ---- what the text says of what is printed ---------------------------------------------------------------------------


def test_the_mean_surprise_is_the_cross_entropy():
    values = re.findall(r": +(\d+\.\d{4})", output("surprises = torch.empty"))
    assert len(values) == 2 and values[0] == values[1]


def test_gradients_add_up():
    assert "is [1.0, 2.0, 3.0] times as long" in output("three times backward")


def test_all_of_one_batch_is_learned():
    printed = output("history = train(toy, [(inputs, targets)]")
    assert "right tokens: 14 of 14" in printed and "loss at first 2.4, near ln 11 = 2.4; after 150 steps 0.0" in printed


def test_adamw_by_hand_is_pytorchs():
    lines = re.findall(r"by hand (\[.+?\]), PyTorch (\[.+?\])", output("adamw.step()"))
    assert len(lines) == 4 and all(by_hand == theirs for by_hand, theirs in lines)
    weights = [1.0, *(float(re.findall(r"[\d.]+", by_hand)[0]) for by_hand, _ in lines)]
    other = [1.0, *(float(re.findall(r"[\d.]+", by_hand)[1]) for by_hand, _ in lines)]
    ratios = [(a - b) / (c - d) for a, b, c, d in zip(weights, weights[1:], other, other[1:], strict=False)]
    assert 3 < max(ratios) < 4.5, "at most about four times as long"


def test_clipping_by_hand_is_pytorchs():
    by_hand, theirs = re.findall(r"tensor\((.+?)\)", output("reported = nn.utils"))
    assert by_hand == theirs and "length 13.0, by PyTorch 13.0" in output("reported = nn.utils")


def test_contamination_is_measured():
    printed = output("read, held_back = ")
    assert "in the training text: 0" in printed and "68.5% of 1,200" in printed and "142 times" in printed


def test_the_checkpoint_withheld_what_the_lesson_takes_for_withheld():
    first = [document.split(".")[0].strip() + "." for document in toy_world(400, seed=5).split("<|endoftext|>")]
    assert [is_withheld(one) for one in first] == [zlib.crc32(one.encode()) % 100 < 66 for one in first]


def test_sentences_never_read_are_predicted_worse():
    for part in ("first = [sentences_of(document)[0] for document in validation_text", "tiny, tiny_tokenizer ="):
        losses = [float(found) for found in re.findall(r": (\d\.\d+) nats", output(part))]
        known, unknown = losses if "validation_text" in part else losses[::-1]
        assert unknown > known


def test_the_units_of_the_loss_agree():
    printed = output('report("untrained"')
    nats, perplexity, bits = (float(found) for found in re.findall(r"\d+\.?\d*", printed))
    assert math.log(perplexity) == pytest.approx(nats, abs=0.06)
    text = toy_world(12_000, seed=0)
    assert nats / math.log(2) / bits == pytest.approx(len(text) / (12_000 * 7), rel=0.2), "bytes per token"


def test_the_loop_by_hand_is_that_of_train():
    by_hand, packaged = (line.split("[")[1] for line in output("packaged = train(").splitlines())
    assert by_hand == packaged


def test_the_run_learns():
    printed = output("curve = TrainingCurve(")
    losses = [float(found) for found in re.findall(r"\d+: (\d\.\d)", printed)]
    assert len(losses) == 2 and losses == sorted(losses, reverse=True) and losses[-1] < 1.5
    judged = re.search(r"of 100 sentences.+", output("of 100 sentences written"))[0]
    n, right, new = (int(found) for found in re.findall(r"\b(\d+)\b", judged))
    assert n == 100 and right > 20 and 0 < new < right


def test_the_training_cell_is_compared_and_shows_a_bar():
    """Not exempt from nbval: the bar's first line, the curve's still picture and the comparisons never change."""
    cell = LESSON.cell("curve = TrainingCurve(")
    assert "tags" not in cell.metadata
    shown = [out["data"].get("text/plain", "") for out in cell.outputs if "data" in out]
    assert shown[0] == "TrainingCurve()" and shown[1].startswith("400 training steps:   0%")


def test_the_story_is_overfitted():
    rows = [line.split() for line in output("story = load_text").splitlines()[1:]]
    validation = {int(step): float(loss) for step, _, loss in rows}
    batches = [float(loss) for _, loss, _ in rows]
    assert batches == sorted(batches, reverse=True) and batches[-1] < 2
    assert min(validation, key=validation.get) <= 120 and validation[200] > min(validation.values()) + 0.3


def test_a_resumed_run_is_the_unbroken_one():
    printed = output("def pull_the_plug")
    assert printed.startswith("power cut\n20 losses, at most 0.000")


def test_the_mean_of_the_shares_is_the_gradient_of_the_batch():
    assert "by 0.000 of its length" in output("shares = [gradient_of")


def test_the_table_of_the_exercise_is_the_recording():
    rows = dict(re.findall(r"^([W-Z]) +(.+)$", output("shown = {"), re.MULTILINE))
    figures = {name: [float(value) for value in row.split()] for name, row in rows.items()}
    loss_end, validation_end, norms = 3, 6, slice(7, 9)
    assert figures["W"][loss_end] > 6 and figures["W"][norms][1] < 0.01
    assert figures["X"][loss_end] < 0.1 and figures["X"][validation_end] > figures["X"][4]
    assert figures["Y"][1] == 0.10 and figures["Y"][loss_end] < 0.01 and figures["Y"][validation_end] < 0.01
    assert 5 < figures["Z"][loss_end] < 6 and figures["Z"][norms][1] > 0.5
    assert (round(math.log(600 - 1 + math.e) - 1, 2), round(math.log(600), 2)) == (5.40, 6.40)
    assert "6.09" in EXERCISES["11.5"].variant


def test_what_happened_in_the_replay():
    """The folded answers below the prediction, one by one."""
    runs = recorded_runs()
    A, D, E, G = (runs.letters.index(letter) for letter in "ADEG")
    assert (int(runs.validation[A].argmin()) + 1) * 10 == 40
    assert (round(float(runs.validation[A].min()), 1), round(float(runs.validation[A, -1]), 1)) == (4.0, 6.9)
    ends = f"{runs.validation[D, -1]:.2f}", f"{runs.loss[D, -10:].mean():.2f}"
    assert ends == ("1.78", "1.76")
    assert np.all(np.diff(runs.norm[G, :12]) > 0) and np.all(np.diff(runs.loss[G, :12].round(1)) <= 0)
    assert runs.causes[E] == "targets not shifted" and runs.loss[:, -10:].mean(axis=1).argmin() == E
    assert f"{runs.validation[D].min():.2f}" == "1.78" and f"{runs.validation[E, 2]:.2f}" == "1.55"
    assert (int((runs.validation[E] < runs.validation[D].min()).argmax()) + 1) * 10 == 30


# ---- the pictures ----------------------------------------------------------------------------------------------------


def test_descent_says_how_each_path_goes():
    paths = {0.1: [0.0, 0.6, 1.1], 0.9: [0.0, 5.4, 1.1], 1.1: [0.0, 6.6, -1.3]}
    first, second = descent.draw(paths, lowest=3), descent.draw(paths, lowest=3)
    assert first.svg == second.svg
    for words in (
        "0.1: from 0.00 to 1.10, on one side",
        "0.9: from 0.00 to 1.10, jumping",
        "1.1: from 0.00 to -1.30, further",
    ):
        assert words in first.alt


def test_descent_refuses_a_path_without_a_step():
    with pytest.raises(ValueError, match="two places or more"):
        descent.draw({0.1: [0.0]}, lowest=3)


def test_the_curves_say_where_the_lowest_is():
    history = History(loss=[3.0, 2.0, 1.0, 0.5], validation=[(2, 2.5), (4, 2.75)])
    first, second = loss_curves.draw(history), loss_curves.draw(history)
    assert first.svg == second.svg
    assert "its lowest of 2.50 at step 2, and 2.75 at the end" in first.alt
    falling = loss_curves.draw(History(loss=[3.0, 2.0], validation=[(1, 2.5), (2, 2.0)]))
    assert "its lowest of 2.00 at its end" in falling.alt


def test_the_curves_refuse_a_run_without_measurements():
    with pytest.raises(ValueError, match="validation="):
        loss_curves.draw(History(loss=[1.0]))
