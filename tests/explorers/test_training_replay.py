"""The training replay without a browser: the recording, traces, pictures, the learner's schedule."""

import math
import re
from html import escape, unescape
from itertools import product

import numpy as np
import pytest
import record_training_runs
import torch
from hypothesis import given

from llmlab.explorers import TrainingReplay
from llmlab.explorers.host.controls import Scale, Text, label_of
from llmlab.explorers.training_replay.chart import Axis
from llmlab.explorers.training_replay.evidence import judge
from llmlab.explorers.training_replay.picture import describe, lines_of
from llmlab.explorers.training_replay.reading import reading
from llmlab.explorers.training_replay.recorded import EVERY, FINAL_SHARE, NOTHING, RECORDED, WARMUP, recorded_runs
from llmlab.explorers.training_replay.values import NOT_YET, SIGNS, compute
from llmlab.training import TrainConfig, learning_rate_at
from tests.explorers.answers import schedule
from tests.explorers.cases import any_state, drawn
from tests.explorers.html import Tags

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
    assert not explorer.frame["reached"] and explorer.frame["target"].endswith("and one could have known before.")
    explorer.set(tens=2)
    assert not explorer.frame["reached"]
    assert "is 3.42, and the healthy run gets lower than that" in explorer.frame["target"]
    explorer.set(tens=3)
    assert explorer.frame["reached"] and "at step 30 the validation loss is 1.55" in explorer.frame["target"]
    assert explorer.frame["question"]


def test_only_the_right_bug_of_the_lowest_run_at_the_first_sign_reaches_it():
    """Of all states, two: the loss axis is free."""
    explorer = TrainingReplay()
    lowest = RUNS.validation[RUNS.causes.index(NOTHING)].min()
    first = int(np.flatnonzero(RUNS.validation[4] < lowest)[0]) + 1
    axes = [control.values for control in explorer._controls.values()]
    reached = set()
    for run, tens, diagnosis, logarithmic in product(*axes):
        state = {"run": run, "tens": tens, "diagnosis": diagnosis, "logarithmic": logarithmic}
        if explorer.target(compute(state))[0]:
            reached.add((run, tens, diagnosis, logarithmic))
    assert reached == {("E", first, "targets not shifted", on) for on in (False, True)} and first == 3


def test_the_question_is_about_what_the_recording_did():
    """The validation loss of run E was measured with the same wrong targets; at the end it is as low as the other."""
    assert not record_training_runs.RECIPES["targets not shifted"].targets_shifted
    assert RUNS.validation[4, -1] < 0.01 and RUNS.loss[4, -1] < 0.01
    assert [right for _, right, _ in TrainingReplay().question(None).answers] == [False, True, False]


# ---- the diagnosis ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", RUNS.letters)
def test_each_run_has_one_right_diagnosis_and_wrong_ones_are_explained(letter):
    explorer = TrainingReplay()
    right = []
    for cause, (signs, why) in SIGNS.items():
        explorer.set(run=letter, diagnosis=cause)
        text = Tags(explorer.frame["why"]).text
        assert explorer.trace.evidence.speaks_for == explorer.trace.right
        if explorer.trace.right:
            right.append(cause)
            assert (
                "✓ Yes, " in text and signs in text and why in text and "this speaks for it" in explorer.frame["html"]
            )
        else:
            assert "✗ No, not " in text and why not in text and explorer.trace.evidence.text in text
            assert "this speaks against it" in explorer.frame["html"]
    assert right == [RUNS.causes[RUNS.letters.index(letter)]]


def _length(norm):
    return f"{norm:.2f}" if norm >= 0.01 else f"{norm:.4f}"


@pytest.mark.parametrize(("letter", "cause"), [*product(RUNS.letters, SIGNS)])
def test_a_mark_stands_on_its_curve_and_its_sentence_says_what_is_there(letter, cause):
    run = RUNS.run(RUNS.letters.index(letter))
    honest = float(RUNS.validation[RUNS.causes.index(NOTHING)].min())
    found = judge(cause, run, honest)
    at = found.step - 1
    curves = {"loss": run.loss[at], "rate": run.rate[at], "norm": run.norm[at]}
    on_validation = found.step % EVERY == 0 and found.value == pytest.approx(float(run.validation[at // EVERY]))
    assert found.value == pytest.approx(float(curves[found.chart])) or (found.chart == "loss" and on_validation)
    end, ends = run.loss[-EVERY:].mean(), f"{run.validation[-1]:.2f}"
    rises = np.diff(run.loss)[59:]
    twice = run.loss.min() < 5.4 or found.speaks_for
    said = {
        "too little text": [f"{end:.2f}", ends],
        "learning rate too low": [f"At step 20 the learning rate is {run.rate.max():.2g}"],
        "learning rate too high": [f"{run.rate.max():.2g}"],
        "softmax before the loss": ["5.40" if twice else f"{found.value:.2f} long"],
        NOTHING: [ends],
        "targets not shifted": ["At step 240", ends],
        "gradients never zeroed": [f"is {_length(run.norm[0])} long at first and {_length(run.norm[-1])} at the end"],
        "text not shuffled": [f"to {found.step}", "less than" if rises.max() < 0.5 else f"{rises.max():.2f}"],
    }
    assert all(part in found.text for part in said[cause]), found.text
    if cause == "softmax before the loss" and found.chart == "loss":
        floor = math.log(599 + math.e) - 1
        assert found.value < floor and (run.loss[:at] >= floor).all(), "the first one below the floor"
    if cause == "text not shuffled" and not found.speaks_for:
        assert rises.argmax() + 61 == found.step and rises.max() < float(
            re.search(r"less than (.+?)\. ", found.text)[1]
        )


@given(ANY)
def test_nothing_gives_the_answer_away(state):
    """Without a diagnosis no cause stands in the frame, but for the list of what can be pressed."""
    explorer = TrainingReplay()
    frame = explorer._frame(state | {"diagnosis": NOT_YET}, more=True)
    rest = re.sub(r'<div class="llmlab-run-causes".*?</div>', "", frame["html"])
    pressable = re.findall(r'data-key="cause ([^"]+)"', frame["html"])
    assert rest != frame["html"] and pressable == [*sorted(SIGNS), "none"], "the same for every run"
    told = rest + frame["why"] + frame["more"] + frame["text"] + frame["code"]
    assert not any(cause in told for cause in SIGNS if cause != NOTHING)


# ---- what the losses say ---------------------------------------------------------------------------------------------


@given(ANY)
def test_the_reason_is_true_of_the_curves(state):
    trace = compute(state)
    seen, follows = reading(trace.loss.tolist(), trace.validation, trace.norm.tolist())
    text = f"{seen}: {follows}"
    batches, measured = trace.loss[-10:].mean(), np.array([value for _, value in trace.validation])
    low, step = measured.min(), 10 * (int(measured.argmin()) + 1)
    if "helps only on text already read" in text and "Since step" in text:
        assert f"Since step {step} " in text and f"from {low:.2f} to {measured[-1]:.2f}" in text
        assert measured[-1] > low + 0.2 and batches < trace.loss[step - 10 : step].mean()
    elif "spoiled more than they taught" in text:
        assert measured[-1] > low + 0.2 and batches >= trace.loss[step - 10 : step].mean()
    elif "hardly ever surprises" in text:
        assert max(batches, measured[-1]) < 0.5
    elif "equally likely tokens" in text:
        assert f"between {np.exp(measured[-1]):.0f} equally" in text and measured[-1] > 5
        assert ("next to nothing" in text) == (sorted(trace.norm[-10:])[5] < 0.01)
    elif "a part of what is learned" in text:
        assert measured[-1] > batches + 1
    else:
        assert "helps on text never read, too." in text and abs(measured[-1] - batches) < 1.4
        fallen = re.search(r"Since step (\d+) .* fallen by (.+?), to", text)
        if fallen:
            before = measured[int(fallen[1]) // 10 - 1]
            assert f"{before - measured[-1]:.2f}" == fallen[2] and int(fallen[1]) >= trace.steps - 60
    assert f"{measured[-1]:.2f}" in text


@given(ANY)
def test_before_a_cause_is_named_the_page_says_what_is_seen_and_not_what_follows(state):
    trace = compute(state | {"diagnosis": NOT_YET})
    seen, follows = reading(trace.loss.tolist(), trace.validation, trace.norm.tolist())
    assert TrainingReplay().why(trace) == f"{escape(seen)}. Which cause does that fit?"
    assert not seen.endswith(".") and follows.endswith((".", "?"))
    for tells in ("already read", "never read", "learned", "surprises", "knows", "next to nothing"):
        assert tells not in seen, "whoever reads on has the answer"


def test_each_kind_of_reason_is_given_to_some_step_of_some_run():
    kinds = {
        "Since step 40 the batches' loss has fallen": ("A", 24),
        "spoiled more than they taught": ("G", 12),
        "hardly ever surprises": ("E", 24),
        "knows little more than at first.": ("B", 24),
        "the weights hardly move": ("C", 24),
        "a part of what is learned helps only": ("A", 4),
        "helps on text never read, too": ("D", 24),
    }
    for words, (run, tens) in kinds.items():
        trace = compute({"run": run, "tens": tens, "diagnosis": NOT_YET, "logarithmic": False})
        assert words in ": ".join(reading(trace.loss.tolist(), trace.validation, trace.norm.tolist()))


# ---- the learner's schedule ------------------------------------------------------------------------------------------


def test_own_schedule_is_driven():
    calls = []
    explorer = TrainingReplay(lambda *arguments: calls.append(arguments) or schedule(*arguments))
    explorer.set(run="F", tens=3)
    assert [call[0] for call in calls[-30:]] == list(range(30))
    assert calls[-1][1:] == (240, 20, pytest.approx(0.3), pytest.approx(0.03))
    assert explorer.trace.schedule_agrees and explorer.frame["note"] == ""
    assert len(explorer.trace.own_rates) == 30 and "yours" in explorer.frame["html"]
    assert "yours" not in TrainingReplay().frame["html"]


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


def test_an_axis_maps_values_to_heights():
    linear, logarithmic = Axis(0, 8), Axis(0.01, 100, logarithmic=True)
    assert [linear.down(value) for value in (8, 6, 0, -1, 9)] == [0, 25, 100, 100, 0]
    assert [logarithmic.down(value) for value in (100, 10, 0.01, 1e-9)] == [0, 25, 100, 100]
    assert linear.ticks == [0, 2, 4, 6, 8] and logarithmic.ticks == [0.01, 1, 100]


@given(ANY)
def test_every_picture_has_words_and_numbers(state):
    trace, html = drawn(TrainingReplay(), state)
    tags = Tags(html)
    labels = [value for name, value in tags.attributes if name == "aria-label"]
    pictures, marks = [], []
    for label in labels:
        (pictures if f"up to step {trace.steps}" in label else marks).append(label)
    assert len(pictures) == 3 and marks == [f"run {name}" for name in "ABCDEFGH"]
    lines = [points.split() for points in re.findall(r'polyline points="([^"]*)"', html)][16:]  # after the small ones
    assert [len(points) for points in lines] == [240, 24, 240, 240], "the whole run, whatever the playhead's place"
    wanted = [len(line.points) for name in ("loss", "rate", "norm") for line in lines_of(trace, name)]
    assert wanted == [len(points) for points in lines]
    for place in ("llmlab-run-veil", "llmlab-run-playhead"):
        assert f'class="{place}" style="left:{100 * trace.steps / 240:.2f}%"' in html
    text = describe(trace)
    assert f"after {trace.steps} of 240 steps" in text
    assert f"{trace.validation[-1][1]:.2f}" in text and f"{trace.loss[0]:.2f}" in text
    assert unescape(trace.sample) in tags.text or trace.sample in tags.text


@given(ANY)
def test_the_numbers_are_those_of_the_measurements(state):
    explorer = TrainingReplay(schedule)
    trace = explorer.compute(state)
    rows = re.findall(r"<tr>(<td.*?)</tr>", explorer.more(trace))
    assert len(rows) == state["tens"]
    last = re.findall(r">([^<]+)</td>", rows[-1])
    assert [float(value) for value in last] == pytest.approx(
        [trace.steps, trace.batches, trace.validation[-1][1], trace.rate[-1], trace.own_rates[-1], trace.norm[-1]],
        rel=6e-3,
        abs=6e-4,
    )


@given(ANY)
def test_the_still_picture_is_three_images(state):
    explorer = TrainingReplay()
    explorer.set(**state)
    tags = Tags(explorer._still())
    assert len(tags.images) == 3 and all(image["alt"] for image in tags.images) and "svg" not in tags.tags


def test_the_still_picture_names_a_value_as_its_control_does():
    assert "<p>Run: A · Up to: step 240 · " in TrainingReplay()._still()
    scale = Scale("k", "K", ("all", "1"), "all", labels=("all of them", "one"))
    assert label_of(scale, "1") == "one" and label_of(Text("t", "T", ""), "x") == "x"


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
