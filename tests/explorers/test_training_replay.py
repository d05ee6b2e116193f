"""The training replay and the live curve without a browser: the recording, traces, pictures, the learner's schedule."""

import base64
import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import record_training_runs
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmlab.explorers import TrainingCurve, TrainingReplay
from llmlab.explorers.host.line_chart import Line, line_chart
from llmlab.explorers.training_replay.picture import describe, render
from llmlab.explorers.training_replay.recorded import EVERY, FINAL_SHARE, RECORDED, WARMUP, recorded_runs
from llmlab.explorers.training_replay.values import NOT_YET, NOTHING, SIGNS, compute
from llmlab.training import History, TrainConfig, learning_rate_at
from tests.explorers.html import Tags

GOLDEN = Path(__file__).parent / "golden"
ATTACK = "<img src=x onerror=alert(1)>"
FIRST = TrainingReplay().state
ANY = st.fixed_dictionaries(
    {control["name"]: st.sampled_from(control["values"]) for control in TrainingReplay().controls}
)
RUNS = recorded_runs()
STEPS = RUNS.loss.shape[1]


def by_llmlab(step, steps, warmup_steps, highest, lowest):
    """A learner's right schedule."""
    return learning_rate_at(step, TrainConfig(steps, highest, warmup_steps, lowest / highest))


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
    explorer = TrainingReplay(lambda *arguments: calls.append(arguments) or by_llmlab(*arguments))
    explorer.set(run="F", tens=3)
    assert [call[0] for call in calls[-30:]] == list(range(30))
    assert calls[-1][1:] == (240, 20, pytest.approx(0.3), pytest.approx(0.03))
    assert explorer.trace.schedule_agrees and explorer.frame["note"] == ""
    assert len(explorer.trace.own_rates) == 30 and "yours" in pictures(explorer.frame["html"])


def test_a_wrong_schedule_is_named():
    explorer = TrainingReplay(lambda step, steps, warmup, highest, lowest: highest)
    assert not explorer.trace.schedule_agrees
    assert explorer.frame["note"].endswith("first at step 0: 0.004 instead of 0.0002.")
    explorer.schedule = lambda *arguments: by_llmlab(*arguments) * (1 if arguments[0] < 100 else 2)
    assert "first at step 100" in explorer.frame["note"]
    explorer.set(tens=10)
    assert explorer.frame["note"] == "" and explorer.trace.schedule_agrees, "up to the step in view"


@pytest.mark.parametrize("blank", [None, ...])
def test_function_not_written_yet(blank):
    explorer = TrainingReplay(lambda *arguments: blank)
    assert explorer.trace.own_rates is None and "is not written yet" in explorer.frame["note"]
    assert "yours" not in pictures(explorer.frame["html"]) and TrainingReplay().frame["note"] == ""


@pytest.mark.parametrize("kind", [float, torch.tensor, np.float64])
def test_rates_of_any_kind(kind):
    assert TrainingReplay(lambda *arguments: kind(by_llmlab(*arguments))).trace.schedule_agrees


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
        raise ZeroDivisionError(ATTACK)

    explorer = TrainingReplay(raises)
    assert explorer.frame["error"] and ATTACK in Tags(explorer.frame["html"]).text
    assert "img" not in Tags(explorer.frame["html"]).tags
    with pytest.raises(ZeroDivisionError):
        explorer.set(run="B")
    raises.__name__ = ATTACK
    assert "<img src=x" not in TrainingReplay(raises)._repr_mimebundle_()[0]["text/html"]


# ---- the picture -----------------------------------------------------------------------------------------------------


def pictures(html):
    """The SVG source of all images."""
    sources = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return "\n".join(base64.b64decode(source).decode() for source in sources)


def test_golden_html():
    """The first picture, tag by tag. To accept a change: delete the file, run the test twice, look at what differs."""
    path = GOLDEN / "training_replay.html"
    html = render(TrainingReplay().trace).replace("<img", "\n<img").replace("<p", "\n<p") + "\n"
    if not path.exists():
        path.write_text(html, encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: look at it, then run again")
    assert html == path.read_text(encoding="utf-8")


@given(ANY)
def test_every_picture_has_words_and_numbers(state):
    trace = compute(state)
    html = render(trace)
    tags = Tags(html)
    assert html == render(compute(state))
    assert len(tags.images) == 3 and all(image["alt"] for image in tags.images)
    svg = pictures(html)
    assert (
        svg.count("<polyline") == 4
        and "url(" not in svg
        and "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    )
    for series in (trace.loss, trace.rate, trace.norm):
        assert any(points.count(",") == len(series) for points in re.findall(r'points="([^"]*)"', svg))
    text = describe(trace)
    assert f"after {trace.steps} of 240 steps" in text
    assert f"{trace.validation[-1][1]:.2f}" in text and f"{trace.loss[0]:.2f}" in text
    assert unescape(trace.sample) in tags.text or trace.sample in tags.text


def test_axes_at_the_extremes_stay_small():
    explorer = TrainingReplay(by_llmlab)
    ends = {control.name: (control.values[0], control.values[-1]) for control in explorer._controls.values()}
    for end in (0, 1):
        state = {name: values[end] for name, values in ends.items()}
        for control in explorer._controls.values():
            frames = [explorer._frame(state | {control.name: value}) for value in control.values]
            assert len(json.dumps(frames)) <= 300_000


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


def test_mimebundle_and_repr():
    explorer = TrainingReplay()
    data, _ = explorer._repr_mimebundle_()
    assert data["text/plain"] == "TrainingReplay()"
    assert explorer.frame["html"] in data["text/html"] and "Run: A" in data["text/html"]
    assert TrainingReplay()._repr_mimebundle_()[0]["text/html"] == data["text/html"]


# ---- the chart -------------------------------------------------------------------------------------------------------


def points_of(chart):
    return [
        [tuple(map(int, point.split(","))) for point in line.split()] for line in re.findall(r'points="([^"]*)"', chart)
    ]


@pytest.mark.parametrize(("logarithmic", "middle"), [(False, 5.05), (True, 1.0)])
def test_a_chart_maps_values_to_pixels(logarithmic, middle):
    values = [(0, 0.1), (50, middle), (100, 10.0)]
    html = line_chart(
        [Line("a<b", values, "#000000")], title="<T>", alt='"x"', steps=100, low=0.1, high=10, logarithmic=logarithmic
    )
    ((left, middle_point, right),) = points_of(pictures(html))
    assert left == (60, 142) and right == (258, 24) and middle_point == (159, 83)
    assert "<T>" not in pictures(html) and "a&lt;b" in pictures(html) and Tags(html).images[0]["alt"] == '"x"'


def test_values_beyond_the_axis_are_cut_and_those_that_are_no_numbers_left_out():
    values = [(0, -5.0), (1, float("nan")), (2, 99.0), (3, float("inf"))]
    html = line_chart([Line("", values, "#000000")], title="", alt="x", steps=4, low=0, high=1)
    (points,) = points_of(pictures(html))
    assert [y for _, y in points] == [142, 24]


# ---- the live curve --------------------------------------------------------------------------------------------------


def history_of(n, validation=()):
    return History(loss=[7.0 / (1 + i) for i in range(n)], validation=list(validation))


def test_a_curve_grows_with_the_run():
    curve = TrainingCurve(steps=400, goal=2.0)
    assert curve.trace.done == 0 and "No step yet of 400" in curve.frame["text"] and not curve.frame["reached"]
    generation = curve.frame["generation"]
    curve.update(history_of(100, [(50, 3.0), (100, 2.5)]))
    assert curve.frame["generation"] > generation and "lowest validation loss so far is 2.50" in curve.frame["target"]
    curve.update(history_of(200, [(50, 3.0), (100, 2.5), (150, 1.9), (200, 2.2)]))
    assert curve.frame["reached"] and "Reached after 150 steps" in curve.frame["target"]
    assert "lowest 1.90 at step 150" in curve.frame["text"] and curve.trace.done == 200


@given(steps=st.integers(1, 700), done=st.integers(0, 700))
def test_groups_of_steps_hold_every_loss_once(steps, done):
    curve = TrainingCurve(steps=steps, goal=1.0)
    history = history_of(done)
    curve.update(history)
    pairs = curve.trace.loss
    assert len(pairs) <= 150
    begin, total = 0, 0.0
    for end, mean in pairs:
        assert mean == pytest.approx(np.mean(history.loss[begin:end]))
        total, begin = total + mean * (end - begin), end
    assert begin == done and total == pytest.approx(sum(history.loss))


def test_a_curve_keeps_what_it_was_shown():
    curve, history = TrainingCurve(steps=10, goal=1.0), history_of(5)
    curve.update(history)
    history.loss.append(99.0)
    assert curve.trace.done == 5


def test_both_axes_of_a_curve():
    curve = TrainingCurve(steps=10, goal=1.0)
    empty = curve.frame["html"]
    curve.set(axis="logarithmic")
    assert curve.frame["html"] != empty and "Reached" not in curve.frame["target"]
    curve.update(history_of(10, [(10, 0.05)]))
    assert curve.frame["reached"] and 'yscale("log")' in curve.code()
    names = {"history": history_of(10, [(10, 0.05)])}
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")  # what another test may have left open
    exec(curve.code(), names)
    assert names["plt"].gca().get_yscale() == "log" and len(names["plt"].gca().lines) == 2
    names["plt"].close("all")


@pytest.mark.parametrize(
    ("steps", "goal", "error", "said"),
    [
        (0, 1.0, ValueError, "steps must be at least 1, got 0"),
        (1.5, 1.0, TypeError, "steps must be an int"),
        (5, 0, ValueError, "goal must be above 0, got 0"),
        (5, float("nan"), ValueError, "goal must be above 0"),
        (5, "1.5", TypeError, "goal must be a number, got '1.5'"),
    ],
)
def test_settings_out_of_range_are_named(steps, goal, error, said):
    with pytest.raises(error, match=said):
        TrainingCurve(steps, goal)


def test_mimebundle_of_a_curve():
    data, _ = TrainingCurve(steps=10, goal=1.0)._repr_mimebundle_()
    assert data["text/plain"] == "TrainingCurve()" and "Loss axis: linear" in data["text/html"]
