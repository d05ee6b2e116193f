"""The growing curve without a browser: what it keeps of a run, its picture, its target."""

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.explorers import TrainingCurve
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
