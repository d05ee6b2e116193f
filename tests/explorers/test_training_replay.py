"""The training replay without a browser: the recording, traces, pictures, the learner's schedule."""

import re
from html import unescape

import numpy as np
import pytest
import record_training_runs
import torch
from hypothesis import given

from llmlab.explorers import TrainingReplay
from llmlab.explorers.training_replay.picture import describe
from llmlab.explorers.training_replay.recorded import EVERY, FINAL_SHARE, RECORDED, WARMUP, recorded_runs
from llmlab.explorers.training_replay.values import NOT_YET, NOTHING, SIGNS, compute
from llmlab.training import TrainConfig, learning_rate_at
from tests.explorers.answers import schedule
from tests.explorers.cases import any_state, drawn
from tests.explorers.html import Tags, pictures

ANY = any_state(TrainingReplay)
RUNS = recorded_runs()
STEPS = RUNS.loss.shape[1]


# ---- the recording ---------------------------------------------------------------------------------------------------


def test_the_recording_is_that_of_the_recipes():
    """The first steps of each run again: the rounding of another processor has not grown far by then."""
    assert tuple(record_training_runs.RECIPES) == RUNS.causes and set(RUNS.causes) == set(SIGNS)
    assert record_training_runs.STEPS == STEPS and record_training_runs.EVERY == EVERY
    assert RECORDED.stat().st_size < 150_000
    for row, recipe in enumerate(record_training_runs.RECIPES.values()):
        again = record_training_runs.record(recipe, steps=EVERY)
        np.testing.assert_allclose(again["loss"], RUNS.loss[row, :EVERY], rtol=2e-2)
        np.testing.assert_allclose(again["rate"], RUNS.rate[row, :EVERY], rtol=1e-5)
        np.testing.assert_allclose(again["norm"][:3], RUNS.norm[row, :3], rtol=2e-2)
        np.testing.assert_allclose(again["validation"], RUNS.validation[row, :1], rtol=2e-2)
        assert recipe.learning_rate == RUNS.highest[row]


def test_rates_follow_the_schedule():
    for row, highest in enumerate(RUNS.highest):
        config = TrainConfig(STEPS, float(highest), warmup_steps=WARMUP, final_learning_rate=FINAL_SHARE)
        expected = [learning_rate_at(step, config) for step in range(STEPS)]
        np.testing.assert_allclose(RUNS.rate[row], expected, rtol=1e-5)


def test_each_cause_shows_its_signs():
    """What `SIGNS` says, and the lesson with it, is in the curves."""
    row = {cause: number for number, cause in enumerate(RUNS.causes)}
    end, measured = RUNS.loss[:, -EVERY:].mean(axis=1), RUNS.validation
    healthy = row[NOTHING]
    vocabulary = np.exp(RUNS.loss[healthy, 0])

    little = row["too little text"]
    assert end[little] < 0.1 and measured[little, -1] > measured[little].min() + 2
    slow = row["learning rate too low"]
    assert end[slow] > 5 and np.all(np.diff(measured[slow]) < 0.005) and RUNS.norm[slow, -1] > 0.5 * RUNS.norm[slow, 0]
    double = row["softmax before the loss"]
    assert np.ptp(measured[double, 12:]) < 0.05 and np.median(RUNS.norm[double, -50:]) < 0.01
    assert measured[double].min() > np.log(vocabulary - 1 + np.e) - 1
    assert abs(end[healthy] - measured[healthy, -1]) < 0.2 and end[healthy] < 2
    copies = row["targets not shifted"]
    assert end[copies] < 0.01 and measured[copies, -1] < 0.01 and end.argmin() == copies
    assert len(set(RUNS.samples[copies, -1].split()[1:])) == 1, "it repeats its last word"
    fast = row["learning rate too high"]
    assert np.diff(RUNS.loss[fast]).max() > 1 and end[fast] > end[healthy] + 2
    added = row["gradients never zeroed"]
    assert RUNS.norm[added, -1] > 20 * RUNS.norm[added, 0] and end[added] > measured[added].min()
    in_turn = row["text not shuffled"]
    jumps = np.abs(np.diff(RUNS.loss[in_turn, 40:]))
    assert np.sort(jumps)[-5:].min() > 0.5 > np.median(jumps)


# ---- the trace -------------------------------------------------------------------------------------------------------


@given(ANY)
def test_the_trace_is_the_recording_up_to_a_step(state):
    trace = compute(state)
    row, n = "ABCDEFGH".index(state["run"]), 10 * state["tens"]
    assert trace.steps == n and trace.total_steps == 240 and trace.cause == RUNS.causes[row]
    assert trace.loss.tolist() == RUNS.loss[row].tolist()[:n]
    assert trace.rate.tolist() == RUNS.rate[row].tolist()[:n]
    assert trace.norm.tolist() == RUNS.norm[row].tolist()[:n]
    assert trace.validation == tuple((10 * i, float(RUNS.validation[row, i - 1])) for i in range(1, state["tens"] + 1))
    assert trace.sample == RUNS.samples[row][state["tens"] - 1]
    assert trace.right == (state["diagnosis"] == RUNS.causes[row])
    assert trace.is_lowest == (RUNS.causes[row] == "targets not shifted")
    assert (trace.diagnosis is None) == (state["diagnosis"] == NOT_YET)


def test_the_first_state_makes_its_point():
    trace = TrainingReplay().trace
    lowest_step, lowest = min(trace.validation, key=lambda pair: pair[1])
    assert trace.loss[-1] < 0.1 and lowest_step < 100 and trace.validation[-1][1] > lowest + 2
    assert trace.diagnosis is None and not trace.is_lowest


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_way_to_the_target():
    explorer = TrainingReplay()
    assert not explorer.frame["reached"] and "another run ends with a lower loss" in explorer.frame["target"]
    explorer.set(run="E")
    assert "What is wrong with it?" in explorer.frame["target"]
    explorer.set(diagnosis=NOTHING)
    assert not explorer.frame["reached"] and "that is not its bug" in explorer.frame["target"]
    explorer.set(diagnosis="targets not shifted")
    assert explorer.frame["reached"] and "targets not shifted" in explorer.frame["target"]


@given(ANY)
def test_only_the_right_bug_of_the_lowest_run_reaches_it(state):
    reached, _ = TrainingReplay().target(compute(state))
    assert reached == (state["run"] == "E" and state["diagnosis"] == "targets not shifted")


# ---- the diagnosis ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", RUNS.letters)
def test_each_run_has_one_right_diagnosis_and_wrong_ones_are_explained(letter):
    explorer = TrainingReplay()
    right = []
    for cause, (signs, why) in SIGNS.items():
        explorer.set(run=letter, diagnosis=cause)
        text = Tags(explorer.frame["html"]).text
        assert signs in text
        if explorer.trace.right:
            right.append(cause)
            assert "Yes, " in text and why in text
        else:
            assert "No, not " in text and why not in text
    assert right == [RUNS.causes[RUNS.letters.index(letter)]]


@given(ANY)
def test_nothing_gives_the_answer_away(state):
    """Without a diagnosis no cause stands in the frame, but for the list of the control."""
    explorer = TrainingReplay()
    frame = explorer._frame(state | {"diagnosis": NOT_YET})
    assert not any(cause in frame["html"] + frame["text"] + frame["code"] for cause in SIGNS if cause != NOTHING)


# ---- the learner's schedule ------------------------------------------------------------------------------------------


def test_own_schedule_is_driven():
    calls = []
    explorer = TrainingReplay(lambda *arguments: calls.append(arguments) or schedule(*arguments))
    explorer.set(run="F", tens=3)
    assert [call[0] for call in calls[-30:]] == list(range(30))
    assert calls[-1][1:] == (240, 20, pytest.approx(0.3), pytest.approx(0.03))
    assert explorer.trace.schedule_agrees and explorer.frame["note"] == ""
    assert len(explorer.trace.own_rates) == 30 and "yours" in pictures(explorer.frame["html"])
    assert "yours" not in pictures(TrainingReplay().frame["html"])


def test_a_wrong_schedule_is_named():
    explorer = TrainingReplay(lambda step, steps, warmup, highest, lowest: highest)
    assert not explorer.trace.schedule_agrees
    assert explorer.frame["note"].endswith("first at step 0: 0.004 instead of 0.0002.")
    explorer.schedule = lambda *arguments: schedule(*arguments) * (1 if arguments[0] < 100 else 2)
    assert "first at step 100" in explorer.frame["note"]
    explorer.set(tens=10)
    assert explorer.frame["note"] == "" and explorer.trace.schedule_agrees, "up to the step in view"


@pytest.mark.parametrize("kind", [float, torch.tensor, np.float64])
def test_rates_of_any_kind(kind):
    assert TrainingReplay(lambda *arguments: kind(schedule(*arguments))).trace.schedule_agrees


@pytest.mark.parametrize("value", ["fast", [1, 2], float("nan"), float("inf")])
def test_what_is_no_rate_does_not_agree_or_is_an_error(value):
    explorer = TrainingReplay(lambda *arguments: value)
    if isinstance(value, float):
        assert not explorer.trace.schedule_agrees and "differs from the recorded rates" in explorer.frame["note"]
    else:
        assert explorer.frame["error"]
        with pytest.raises((TypeError, ValueError)):
            explorer.set(tens=2)


def test_an_error_in_the_schedule_is_shown_and_raised():
    def raises(*arguments):
        raise ZeroDivisionError

    explorer = TrainingReplay(raises)
    assert explorer.frame["error"]
    with pytest.raises(ZeroDivisionError):
        explorer.set(run="B")


# ---- the picture -----------------------------------------------------------------------------------------------------


@given(ANY)
def test_every_picture_has_words_and_numbers(state):
    trace, html = drawn(TrainingReplay(), state)
    tags = Tags(html)
    assert len(tags.images) == 3 and all(image["alt"] for image in tags.images)
    svg = pictures(html)
    assert svg.count("<polyline") == 4
    for series in (trace.loss, trace.rate, trace.norm):
        assert any(points.count(",") == len(series) for points in re.findall(r'points="([^"]*)"', svg))
    text = describe(trace)
    assert f"after {trace.steps} of 240 steps" in text
    assert f"{trace.validation[-1][1]:.2f}" in text and f"{trace.loss[0]:.2f}" in text
    assert unescape(trace.sample) in tags.text or trace.sample in tags.text


@given(ANY)
def test_code_reproduces_the_state(state):
    explorer = TrainingReplay()
    explorer.set(**state)
    printed = []
    exec(explorer.code(), {"print": printed.append})
    trace = explorer.trace
    measured = trace.validation[-1][1]
    assert printed[0] == f"loss {trace.loss[-1]:.4f}, validation {measured:.4f}, gradient {trace.norm[-1]:.4f}"
    assert printed[1] == trace.sample
