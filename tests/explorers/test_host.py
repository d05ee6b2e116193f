"""The host of all explorers without a browser, by way of the window map; `make test-colab` runs it on ipywidgets 7."""

import re
import threading
import time

import pytest

from llmlab.explorers import WindowMap
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle
from llmlab.explorers.window_map import compute, render
from llmlab.utils.time_limit import TimeLimit, TookTooLong
from tests import ROOT
from tests.explorers.answers import make_windows
from tests.explorers.html import Tags


def answers(explorer, **message):
    """What the kernel sends in answer to one message from the browser."""
    sent = []
    explorer.send = sent.append
    explorer._answer(explorer, message, [])
    return sent


def test_set_state_reset():
    explorer = WindowMap()
    first = explorer.state
    assert explorer.set(stride=7, shuffle=True) is None  # as the last line of a cell it shows nothing
    assert explorer.state == first | {"stride": 7, "shuffle": True} == explorer.frame["state"]
    explorer.state["stride"] = 1
    assert explorer.state["stride"] == 7
    explorer.reset()
    assert explorer.state == first


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"stride": 0}, ValueError, "stride must be from 1 to 10, got 0"),
        ({"stride": 2.0}, TypeError, "stride must be an int, got 2.0"),
        ({"stride": True}, TypeError, "stride must be an int, got True"),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False, got 1"),
        ({"text": 5}, TypeError, "text must be a str, got 5"),
        ({"text": "x" * 241}, ValueError, "at most 240 characters, got 241"),
        ({"strides": 2}, KeyError, "no control is called 'strides': the controls are text, stride"),
    ],
)
def test_set_refuses(values, error, message):
    explorer = WindowMap()
    before = explorer.state
    with pytest.raises(error, match=message):
        explorer.set(**values)
    assert explorer.state == before


def test_controls_describe_and_check_themselves():
    choice = Choice("scheme", "Scheme", ("none", "learned"), "none")
    assert choice.check("learned") == "learned"
    with pytest.raises(ValueError, match="scheme must be one of 'none', 'learned', got 'rotary'"):
        choice.check("rotary")
    assert list(Range("n", "N", 2, 4, 3).values) == [2, 3, 4]
    assert Toggle("on", "On", True).values == (False, True) and Text("t", "T", "").values == ()


def test_an_axis_comes_touched_state_first():
    explorer = WindowMap(make_windows)
    state = explorer.state | {"stride": 5}
    sent = answers(explorer, ask="frames", state=state, control="stride", values=[4, 6, 3])
    assert [[frame["state"]["stride"] for frame in message["frames"]] for message in sent] == [[5], [4, 6, 3]]
    assert [message["done"] for message in sent] == [False, True]
    assert sent[0]["frames"][0]["html"] == render(compute(state, make_windows))
    assert explorer.state["stride"] == 2  # asking for frames does not move the state


def test_one_state_alone():
    explorer = WindowMap()
    state = explorer.state | {"text": "One two three."}
    (message,) = answers(explorer, ask="frames", state=state, control=None, values=[])
    assert message["done"] and message["frames"][0]["state"] == state


def test_settling_moves_the_state_without_a_new_revision():
    explorer = WindowMap()
    revision = explorer.frame["revision"]
    assert answers(explorer, ask="settle", state=explorer.state | {"stride": 9}) == []
    assert explorer.state["stride"] == 9 == explorer.frame["state"]["stride"]
    assert explorer.frame["revision"] == revision
    explorer.set(stride=8)
    assert explorer.frame["revision"] == revision + 1


def test_a_slow_function_is_answered_in_parts():
    def slow(ids, length, stride):
        time.sleep(0.03)
        return make_windows(ids, length, stride)

    explorer = WindowMap(slow)
    values = [1, 3, 4, 5, 6, 7, 8, 9]
    first, rest = answers(explorer, ask="frames", state=explorer.state, control="stride", values=values)
    assert len(first["frames"]) == 1 and len(rest["frames"]) < len(values) and rest["done"]


def test_an_error_is_a_frame_for_the_browser_and_raised_for_a_cell():
    def breaks(ids, length, stride):
        if stride == 3:
            raise IndexError("off the end")
        return make_windows(ids, length, stride)

    explorer = WindowMap(breaks)
    sent = answers(explorer, ask="frames", state=explorer.state | {"stride": 3}, control="stride", values=[4])
    broken, fine = sent[0]["frames"][0], sent[1]["frames"][0]
    assert broken["error"] and not fine["error"]
    text = Tags(broken["html"]).text
    assert "IndexError: off the end" in text and "in breaks, line" in text and "raise IndexError" in text
    before = explorer.state
    with pytest.raises(IndexError, match="off the end"):
        explorer.set(stride=3)
    assert explorer.state == before
    answers(explorer, ask="settle", state=explorer.state | {"stride": 3})
    with pytest.raises(IndexError, match="off the end"):
        explorer.trace  # noqa: B018


def test_an_interrupt_stops_the_asking():
    def endless(ids, length, stride):
        if stride != 2:
            raise KeyboardInterrupt
        return make_windows(ids, length, stride)

    explorer = WindowMap(endless)
    (message,) = answers(explorer, ask="frames", state=explorer.state | {"stride": 3}, control="stride", values=[4])
    assert message["done"] and message["stop"] and "Interrupted" in message["frames"][0]["html"]
    assert explorer.state["stride"] == 2


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_a_function_that_never_ends_is_stopped_in_any_thread(in_main_thread):
    calls = []

    def endless(ids, length, stride):
        calls.append(stride)
        while stride == 3:
            pass
        return make_windows(ids, length, stride)

    explorer = WindowMap(endless)
    explorer.seconds_allowed = 0.2
    state = explorer.state | {"stride": 3}
    sent = []

    def browser():
        sent.extend(answers(explorer, ask="frames", state=state, control="stride", values=[4]))

    if in_main_thread:
        browser()
    else:
        thread = threading.Thread(target=browser)
        thread.start()
        thread.join(timeout=20)
        assert not thread.is_alive()
    (message,) = sent
    assert "Not finished after 0.2 seconds: does every loop end?" in message["stop"]
    assert message["frames"][0]["error"] and "does every loop end" in message["frames"][0]["html"]
    calls.clear()
    assert answers(explorer, ask="settle", state=state) == [] and calls == []  # it is not run a second time
    (_, message) = answers(
        explorer, ask="frames", state=explorer.state | {"stride": 2}, control="stride", values=[3, 4]
    )
    assert message["frames"][0]["state"]["stride"] == 3  # a neighbour that hangs is not blamed on the state in view
    assert explorer.frame["error"] and explorer.state == state
    (message,) = answers(explorer, ask="frames", state=explorer.state | {"stride": 4}, control=None, values=[])
    assert not message["frames"][0]["error"]


def test_a_time_limit_raises_nothing_after_its_block():
    with TimeLimit(0.02):
        pass
    time.sleep(0.05)
    with pytest.raises(TookTooLong, match="after 0.01 seconds"), TimeLimit(0.01):
        while True:
            pass


def test_a_message_that_no_page_sends_is_refused():
    explorer = WindowMap()
    (message,) = answers(explorer, ask="frames", state={"stride": 99}, control=None, values=[])
    assert message["frames"][0]["error"] and message["done"] and message["stop"]


def test_a_new_function_makes_old_frames_untrue():
    explorer = WindowMap()
    generation = explorer.frame["generation"]
    explorer.windows = lambda ids, length, stride: make_windows(ids, length, stride)[:1]
    assert explorer.frame["generation"] == generation + 1
    assert len(explorer.trace.inputs) == 1
    (message,) = answers(explorer, ask="frames", state=explorer.state, control=None, values=[])
    assert message["generation"] == message["frames"][0]["generation"] == generation + 1


@pytest.mark.parametrize("sheet", sorted((ROOT / "llmlab" / "explorers").rglob("*.css")), ids=lambda path: path.stem)
def test_a_sheet_outweighs_the_one_that_all_frames_share(sheet):
    """Where a page holds several explorers, frame.css comes again after a sheet: its rules must not depend on order."""
    weak = re.findall(r"table\.llmlab-(?!grid)[a-z-]+", sheet.read_text(encoding="utf-8"))
    assert not weak, f"write table.llmlab-grid.llmlab-...: {weak}"
