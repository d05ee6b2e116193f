"""The explorer host and the window map without a browser; `make test-colab` runs the same under ipywidgets 7."""

import itertools
import json
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmlab.bpe import gpt2_encoding
from llmlab.explorers import WindowMap
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle
from llmlab.explorers.host.time_limit import TimeLimit, TookTooLong
from llmlab.explorers.window_map.picture import describe, render
from llmlab.explorers.window_map.values import MAX_TOKENS, compute
from llmlab.windows import SlidingWindowDataset, window_statistics
from tests import ROOT
from tests.explorers.html import Tags

GOLDEN = Path(__file__).parent / "golden"
ATTACK = "<img src=x onerror=alert(1)>"


def by_hand(token_ids, max_length, stride):
    """A learner's right answer."""
    return [
        (token_ids[start : start + max_length], token_ids[start + 1 : start + max_length + 1])
        for start in range(0, len(token_ids) - max_length, stride)
    ]


def answers(explorer, **message):
    """What the kernel sends in answer to one message from the browser."""
    sent = []
    explorer.send = sent.append
    explorer._answer(explorer, message, [])
    return sent


# ---- the window map's trace ------------------------------------------------------------------------------------------

STATES = st.fixed_dictionaries(
    {
        "text": st.integers(0, 45).map(lambda n: " and" * n),  # one token a word
        "max_length": st.integers(1, 8),
        "stride": st.integers(1, 10),
        "batch_size": st.integers(1, 6),
        "shuffle": st.booleans(),
        "drop_last": st.booleans(),
    }
)


@given(STATES)
def test_trace_against_brute_force(state):
    trace = compute(state)
    n_tokens = len(trace.tokens)
    starts = [s for s in range(0, n_tokens, state["stride"]) if s + state["max_length"] < n_tokens]
    assert list(trace.inputs) == [tuple(range(s, s + state["max_length"])) for s in starts]
    assert list(trace.targets) == [tuple(range(s + 1, s + 1 + state["max_length"])) for s in starts]
    assert sorted(trace.kept + trace.dropped) == list(range(len(starts)))
    full = [len(batch) == state["batch_size"] for batch in trace.batches]
    assert all(full) if state["drop_last"] else all(full[:-1])
    counts = [sum(position in trace.targets[w] for w in trace.kept) for position in range(n_tokens)]
    assert list(trace.target_counts) == counts
    assert trace.every_target_once == (n_tokens > 1 and counts[0] == 0 and set(counts[1:]) == {1})
    if not state["shuffle"]:
        assert trace.kept == tuple(range(len(trace.kept)))
    sizes = [state[name] for name in ("max_length", "stride", "batch_size", "drop_last")]
    statistics = window_statistics(n_tokens, *sizes)
    assert (statistics.batches, statistics.windows) == (len(trace.batches), len(trace.kept))
    assert state["shuffle"] or statistics.tokens_trained == trace.tokens_trained
    assert render(trace) and describe(trace)


@given(STATES)
def test_own_function_is_driven(state):
    own, ours = compute(state, by_hand), compute(state)
    assert own.own_function and not ours.own_function
    assert (own.inputs, own.targets, own.batches) == (ours.inputs, ours.targets, ours.batches)


@pytest.mark.parametrize("wanted", [[], [lambda ids, length, stride: None], [lambda ids, length, stride: ...]])
def test_function_not_written_yet(wanted):
    explorer = WindowMap(*wanted)
    assert not explorer.trace.own_function and len(explorer.trace.inputs) == 11
    assert ("is not written yet" in explorer.frame["note"]) == bool(wanted)


def test_wrong_windows_are_seen():
    def not_shifted(ids, length, stride):
        return [(x, x) for x, _ in by_hand(ids, length, stride)]

    settings = dict(stride=4, batch_size=3)
    right, wrong = WindowMap(by_hand), WindowMap(not_shifted)
    right.set(**settings), wrong.set(**settings)
    assert right.trace.every_target_once and not wrong.trace.every_target_once
    assert wrong.trace.target_counts[0] == 1
    assert "the first token is a target, which nothing precedes" in wrong.frame["target"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda ids, length, stride: 7, "must return .input, target. pairs of ids, got int"),
        (lambda ids, length, stride: [(1, 2)], "pairs of ids"),
        (lambda ids, length, stride: [([], [])], "window 0 is empty"),
        (lambda ids, length, stride: [([0], [99])], "window 0 holds 99"),
        (lambda ids, length, stride: itertools.repeat(([0], [1])), "more than 100 windows over 25 tokens"),
    ],
)
def test_answers_that_are_no_windows(function, message):
    explorer = WindowMap(function)
    with pytest.raises(ValueError, match=message):
        explorer.trace  # noqa: B018
    assert explorer.frame["error"]


def test_first_state_makes_the_point_and_the_target_can_be_reached():
    explorer = WindowMap()
    assert len(explorer.trace.tokens) == 25
    assert explorer.trace.dropped and max(explorer.trace.target_counts) > 1 and not explorer.frame["reached"]
    reached = []
    for stride, length, batch in itertools.product(range(1, 11), range(1, 9), range(1, 7)):
        state = {**explorer.state, "stride": stride, "max_length": length, "batch_size": batch}
        if compute(state).every_target_once:
            reached.append((stride, length, batch))
    assert (4, 4, 3) in reached and (4, 4, 4) not in reached  # drop_last matters too
    assert all(stride == length for stride, length, _ in reached)
    explorer.set(stride=4, batch_size=3)
    assert explorer.frame["reached"] and explorer.frame["target"].startswith("Reached")


def test_text_longer_than_the_map_is_said():
    explorer = WindowMap(text=" and" * 40)
    assert explorer.trace.tokens_left_out == 40 - MAX_TOKENS
    assert f"shows the first {MAX_TOKENS} tokens; 7 more are not shown" in explorer.frame["text"]


@pytest.mark.parametrize("text", ["", "a", "\n", "<|endoftext|>", "é😀" * 20, "\u202e" * 9])
def test_odd_texts(text):
    assert WindowMap(text=text).frame["html"]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
def test_code_reproduces_the_state(shuffle, drop_last):
    explorer = WindowMap()
    explorer.set(stride=3, max_length=5, batch_size=2, shuffle=shuffle, drop_last=drop_last)
    namespace = {}
    exec(
        explorer.code().replace("print(", "seen.append((").replace("tolist())", "tolist()))"),
        namespace | (seen := {"seen": []}),
    )
    ids = gpt2_encoding().encode(explorer.state["text"])
    trace = explorer.trace
    expected = [[[ids[i] for i in trace.inputs[window]] for window in batch] for batch in trace.batches]
    assert [rows for _, rows in seen["seen"]] == expected
    assert [shape for shape, _ in seen["seen"]] == list(trace.batch_shapes)


# ---- its picture -----------------------------------------------------------------------------------------------------


def test_golden_html():
    """The first picture, tag by tag. To accept a change: delete the file, run the test twice, look at what differs."""
    path = GOLDEN / "window_map.html"
    html = render(WindowMap().trace).replace("<tr", "\n<tr").replace("<div", "\n<div") + "\n"
    if not path.exists():
        path.write_text(html, encoding="utf-8")
        pytest.fail(f"{path.name} was missing and has been written: look at it, then run again")
    assert html == path.read_text(encoding="utf-8")


def test_text_is_escaped_everywhere():
    def raises(ids, length, stride):
        raise ValueError(ATTACK)

    shown = WindowMap(text=ATTACK)
    # GPT-2 cuts the attack into harmless pieces; a token could be all of it.
    whole = replace(shown.trace, tokens=(ATTACK,) * len(shown.trace.tokens))
    assert ATTACK.replace(" ", "·") in Tags(render(whole)).text
    for html in (
        render(whole),
        shown.frame["html"],
        WindowMap(raises).frame["html"],
        shown._repr_mimebundle_()[0]["text/html"],
    ):
        tags = Tags(html)
        assert "img" not in tags.tags and "script" not in tags.tags
        assert not [name for name, _ in tags.attributes if name.startswith("on")]
    assert "".join(shown.trace.tokens) == ATTACK
    assert all(token.replace(" ", "·") in Tags(shown.frame["html"]).text for token in shown.trace.tokens)
    assert ATTACK in Tags(WindowMap(raises).frame["html"]).text


def extremes():
    first = WindowMap().state
    for max_length, stride, batch_size, shuffle, drop_last in itertools.product(
        (1, 8), (1, 10), (1, 6), (False, True), (False, True)
    ):
        yield first | dict(
            text=" and" * MAX_TOKENS, max_length=max_length, stride=stride, batch_size=batch_size,
            shuffle=shuffle, drop_last=drop_last,
        )  # fmt: skip


def test_axes_at_the_extremes_stay_small():
    explorer = WindowMap()
    for state in extremes():
        for control in ("stride", "max_length", "batch_size"):
            frames = [explorer._frame(state | {control: value}) for value in explorer._controls[control].values]
            assert len(json.dumps(frames)) <= 300_000


def test_render_needs_nothing_from_outside_and_repeats_itself():
    for state in extremes():
        html = render(compute(state))
        assert html == render(compute(state))
        assert "http" not in html and "url(" not in html and " id=" not in html


def test_mimebundle():
    explorer = WindowMap(by_hand)
    data, _ = explorer._repr_mimebundle_()
    assert data["text/plain"] == "WindowMap()"
    assert "run this cell to move the controls" in data["text/html"] and explorer.frame["html"] in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert explorer._ipython_display_ is None
    other, _ = WindowMap(by_hand)._repr_mimebundle_()
    assert other["text/html"] == data["text/html"]  # no address, no model id


# ---- the host --------------------------------------------------------------------------------------------------------


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


def test_the_text_to_start_with_is_checked():
    with pytest.raises(TypeError, match=r"text must be a str or None, got 5 \(int\)"):
        WindowMap(text=5)


def test_controls_describe_and_check_themselves():
    choice = Choice("scheme", "Scheme", ("none", "learned"), "none")
    assert choice.check("learned") == "learned"
    with pytest.raises(ValueError, match="scheme must be one of 'none', 'learned', got 'rotary'"):
        choice.check("rotary")
    assert list(Range("n", "N", 2, 4, 3).values) == [2, 3, 4]
    assert Toggle("on", "On", True).values == (False, True) and Text("t", "T", "").values == ()


def test_an_axis_comes_touched_state_first():
    explorer = WindowMap(by_hand)
    state = explorer.state | {"stride": 5}
    sent = answers(explorer, ask="frames", state=state, control="stride", values=[4, 6, 3])
    assert [[frame["state"]["stride"] for frame in message["frames"]] for message in sent] == [[5], [4, 6, 3]]
    assert [message["done"] for message in sent] == [False, True]
    assert sent[0]["frames"][0]["html"] == render(compute(state, by_hand))
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
        return by_hand(ids, length, stride)

    explorer = WindowMap(slow)
    values = [1, 3, 4, 5, 6, 7, 8, 9]
    first, rest = answers(explorer, ask="frames", state=explorer.state, control="stride", values=values)
    assert len(first["frames"]) == 1 and len(rest["frames"]) < len(values) and rest["done"]


def test_an_error_is_a_frame_for_the_browser_and_raised_for_a_cell():
    def breaks(ids, length, stride):
        if stride == 3:
            raise IndexError("off the end")
        return by_hand(ids, length, stride)

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
        return by_hand(ids, length, stride)

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
        return by_hand(ids, length, stride)

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
    explorer.windows = lambda ids, length, stride: by_hand(ids, length, stride)[:1]
    assert explorer.frame["generation"] == generation + 1
    assert len(explorer.trace.inputs) == 1
    (message,) = answers(explorer, ask="frames", state=explorer.state, control=None, values=[])
    assert message["generation"] == message["frames"][0]["generation"] == generation + 1


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    explorer = WindowMap()
    explorer.set(shuffle=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_data_sets_can_be_handed_over_as_they_are():
    explorer = WindowMap(SlidingWindowDataset)  # yields pairs of tensors
    assert explorer.trace.own_function and explorer.trace.inputs == WindowMap().trace.inputs


@pytest.mark.parametrize("sheet", sorted((ROOT / "llmlab" / "explorers").rglob("*.css")), ids=lambda path: path.stem)
def test_a_sheet_outweighs_the_one_that_all_frames_share(sheet):
    """Where a page holds several explorers, frame.css comes again after a sheet: its rules must not depend on order."""
    weak = re.findall(r"table\.llmlab-(?!grid)[a-z-]+", sheet.read_text(encoding="utf-8"))
    assert not weak, f"write table.llmlab-grid.llmlab-...: {weak}"
