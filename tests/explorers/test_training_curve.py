"""The growing curve without a browser: what it keeps of a run, its picture, its target."""

import json
import re
from html import unescape

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.explorers import TrainingCurve
from llmlab.explorers.host.packing import unpack
from llmlab.explorers.training_replay import recorded_runs
from llmlab.training import History

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


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


def test_the_time_left_is_that_of_the_steps_so_far(monkeypatch):
    clock = iter([100.0, 130.0, 160.0, 500.0, 505.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    curve = TrainingCurve(steps=400, goal=2.0)
    assert curve.trace.seconds_left is None and "not begun" in curve.frame["html"]
    for done, left, words in [
        (100, None, "known after two measurements"),
        (200, 60.0, "about 60 seconds left"),  # 30 s for 100 steps, 200 to go
        (400, 0.0, "finished"),
        (100, None, "known after two measurements"),  # another run begins
        (110, 145.0, "about 2 minutes left"),  # 5 s for 10 steps, 290 to go
    ]:
        curve.update(history_of(done, [(done, 3.0)]))
        assert curve.trace.seconds_left == left and words in curve.frame["html"]


def test_the_last_sample_is_shown_and_escaped():
    texts = iter(["the king <i>", "the king is"])
    curve = TrainingCurve(steps=10, goal=1.0, sample=lambda: next(texts))
    assert "After step 0 it writes" in curve.frame["html"]
    curve.update(history_of(5, [(5, 3.0)]))
    assert curve.trace.sample == (5, "the king <i>") and '-sample">the king &lt;i&gt;<' in curve.frame["html"]
    curve.update(history_of(10, [(5, 3.0), (10, 2.5)]))
    assert curve.trace.sample == (10, "the king is") and "After step 10 it writes" in curve.frame["html"]
    assert "it writes" not in TrainingCurve(steps=10, goal=1.0).frame["html"]


def test_goal_and_ghost_are_lines():
    runs = recorded_runs()
    curve = TrainingCurve(steps=400, goal=2.0)
    assert curve.trace.ghost == runs.run(runs.letters.index("D")).measured
    curve.update(history_of(100, [(50, 3.0), (100, 2.5)]))
    lines = [points.split() for points in re.findall(r'polyline points="([^"]*)"', curve.frame["html"])]
    goal, ghost, batches, validation = lines
    assert goal == ["0,71.4", "400,71.4"] and "goal 2</span>" in curve.frame["html"], "2 of 7 from below"
    assert len(ghost) == 24 and validation == ["50,57.1", "100,64.3"] and len(batches) == len(curve.trace.loss)
    plain = TrainingCurve(steps=400, goal=2.0, ghost=False)
    assert plain.trace.ghost == () and "run D" not in plain.frame["html"]


def test_the_reason_is_that_of_the_losses():
    curve = TrainingCurve(steps=100, goal=1.0)
    assert "near ln V" in curve.frame["why"]
    curve.update(history_of(10))
    assert "learned by heart" in curve.frame["why"], "without a validation text"
    curve.update(history_of(60, [(20, 2.0), (40, 1.5), (60, 2.5)]))
    said = unescape(curve.frame["why"])
    assert "Since step 40 the batches' loss has fallen to 0.14" in said and "from 1.50 to 2.50" in said
    curve.update(history_of(60, [(20, 1.4), (40, 1.1), (60, 0.9)]))
    assert "has fallen by 0.50, to 0.90, and that of the batches is 0.14" in curve.frame["why"]


def test_while_it_trains_the_page_has_both_axes():
    """The kernel answers nothing meanwhile: what could be asked for is sent with each measurement."""
    curve, sent = TrainingCurve(steps=10, goal=1.0), []
    curve.send = sent.append
    curve.update(history_of(5, [(5, 2.0)]))
    (message,) = sent
    (other,) = unpack(message)
    assert curve.state == {"axis": "linear", "upto": "last"}
    assert other["state"] == {"axis": "logarithmic", "upto": "last"}
    assert other["generation"] == curve.frame["generation"] and not message["done"], "it answers no request"
    curve.set(axis="logarithmic")
    assert other["html"] == curve.frame["html"]


def stops_in(html):
    """By step what a strip of the chart tells, and what a press of it sets."""
    strips = re.findall(
        r'<span class="llmlab-run-slot" data-key="step(\d+)"(?: data-set=\'(.*?)\')? data-tip="(.*?)"', html
    )
    return {int(step): (tip, press and json.loads(press)) for step, press, tip in strips}


def test_a_growing_run_tells_its_losses_and_a_finished_one_goes_back():
    texts = iter(["first", "second", "third", "another run"])
    curve = TrainingCurve(steps=60, goal=1.0, sample=lambda: next(texts))
    measured = [(20, 3.0), (40, 2.0), (60, 2.5)]
    curve.update(history_of(20, measured[:1]))
    assert stops_in(curve.frame["html"]) == {
        20: (f"step 20: batches {np.mean(history_of(20).loss):.2f}, validation 3.00", "")
    }
    assert curve.frame["limits"] == {"upto": ["last", "last"]} and "the kernel trains" in curve.frame["off"]["upto"]
    curve.set(upto="1")
    assert curve.trace.at == 20, "there is nothing to go back to yet"
    curve.update(history_of(40, measured[:2]))
    curve.update(history_of(60, measured))
    assert curve.state["upto"] == "3", "a step back of the slider is another picture"
    stops = stops_in(curve.frame["html"])
    assert [press for _, press in stops.values()] == [{"upto": "1"}, {"upto": "2"}, {"upto": "3"}]
    assert curve.frame["limits"] == {"upto": ["1", "3"]} and not curve.frame["off"]
    for number, (step, value) in enumerate(measured, 1):
        curve.set(upto=f"{number}")
        trace, html = curve.trace, curve.frame["html"]
        batches = np.mean(history_of(60).loss[step - 20 : step])
        assert trace.at == step and trace.batches == pytest.approx(batches)
        assert stops[step][0] == f"step {step}: batches {batches:.2f}, validation {value:.2f}"
        assert re.findall("<output>(.*?)</output>", html) == [f"{batches:.2f}", f"{value:.2f}"]
        assert f'playhead"{"" if number == 3 else f" data-say={chr(34)}{stops[step][0]}{chr(34)}"} style="left:' in html
        assert ("llmlab-run-veil" in html) == (number < 3) == ("Looked at" in curve.frame["text"])
        assert f"After step {step} it writes" in html and ["first", "second", "third"][number - 1] in html
    curve.set(upto="2")
    assert "is at 0.24, the validation loss at 2.00" in curve.frame["why"], "the reason is that of the step"
    assert not curve.frame["reached"] and "so far is 2.00" in curve.frame["target"], "the target is the whole run's"
    revision = curve.frame["revision"]
    curve.update(history_of(20, [(20, 1.5)]))
    assert curve.state["upto"] == "last" and curve.frame["revision"] > revision, "another run is watched again"
    assert curve.trace.sample == (20, "another run") and curve.trace.samples == ((20, "another run"),)


@given(steps=st.integers(1, 700), every=st.integers(0, 60))
def test_a_finished_run_has_few_stops_and_the_last_step_is_one(steps, every):
    curve = TrainingCurve(steps=steps, goal=1.0)
    curve.update(history_of(steps, [(n, 2.0) for n in range(every, steps + 1, every)] if every else ()))
    stops = curve.trace.stops
    assert 0 < len(stops) <= 40 and stops == tuple(sorted(set(stops))) and stops[-1] == steps
    assert list(stops_in(curve.frame["html"])) == list(stops)
    widths = [float(width) for width in re.findall(r"llmlab-run-slot.*?width:([\d.]+)%", curve.frame["html"])]
    assert sum(widths) == pytest.approx(100, abs=0.5), "wherever the pointer is, it is told something"


def test_its_numbers_are_those_of_the_history():
    curve = TrainingCurve(steps=400, goal=2.0)
    assert "Nothing has been measured yet." in curve.more(curve.trace)
    curve.update(history_of(100, [(50, 3.0), (100, 2.5)]))
    rows = re.findall(r"<tr>(<td.*?)</tr>", curve.more(curve.trace))
    ghost = dict(curve.trace.ghost)
    assert [re.findall(r">([^<]+)</td>", row) for row in rows] == [
        ["50", "3.000", f"{ghost[50]:.3f}"],
        ["100", "2.500", f"{ghost[100]:.3f}"],
    ]
    assert curve.trace.group == 25 and curve.trace.batches == pytest.approx(np.mean(history_of(100).loss[-25:]))


def test_what_is_no_sample_is_refused():
    with pytest.raises(TypeError, match="sample must be a function without arguments that returns a text, got 'x'"):
        TrainingCurve(10, 1.0, sample="x")


def test_both_axes_of_a_curve():
    curve = TrainingCurve(steps=10, goal=1.0)
    empty = curve.frame["html"]
    curve.set(axis="logarithmic")
    assert curve.frame["html"] != empty and "Reached" not in curve.frame["target"]
    curve.update(history_of(10, [(10, 0.05)]))
    assert curve.frame["reached"] and 'yscale("log")' in curve.code()
    names = {"history": history_of(10, [(10, 0.05)])}
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
