"""The window map without a browser: its trace against brute force, its picture, the learner's function in it."""

import itertools
import json
import re
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from llmlab.bpe import gpt2_encoding
from llmlab.explorers import WindowMap
from llmlab.explorers.window_map.numbers import more
from llmlab.explorers.window_map.picture import describe, render, why
from llmlab.explorers.window_map.values import MAX_LENGTH, MAX_TOKENS, compute
from llmlab.windows import SlidingWindowDataset, window_statistics
from tests.explorers.answers import make_windows
from tests.explorers.cases import ATTACK
from tests.explorers.html import Tags

# ---- the trace -------------------------------------------------------------------------------------------------------

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
    assert render(trace) and describe(trace) and more(trace) and why(trace)
    asked = n_tokens - 1
    lengths = [length for length in range(1, MAX_LENGTH + 1) if asked > 0 and asked % length == 0]
    assert trace.fewest_windows == (asked // max(lengths) if lengths else 0)


@given(STATES)
def test_own_function_is_driven(state):
    own, ours = compute(state, make_windows), compute(state)
    assert own.own_function and not ours.own_function
    assert (own.inputs, own.targets, own.batches) == (ours.inputs, ours.targets, ours.batches)


def test_wrong_windows_are_seen():
    def not_shifted(ids, length, stride):
        return [(x, x) for x, _ in make_windows(ids, length, stride)]

    settings = dict(stride=4, batch_size=3)
    right, wrong = WindowMap(make_windows), WindowMap(not_shifted)
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
    assert len(explorer.trace.tokens) == 25 and len(explorer.trace.inputs) == 11
    assert explorer.trace.dropped and max(explorer.trace.target_counts) > 1 and not explorer.frame["reached"]
    once, reached = [], []
    for stride, length, batch in itertools.product(range(1, 11), range(1, 9), range(1, 7)):
        state = {**explorer.state, "stride": stride, "max_length": length, "batch_size": batch}
        trace = compute(state)
        once += [(stride, length, batch)] * trace.every_target_once
        reached += [(stride, length, batch)] * explorer.target(trace)[0]
    assert (4, 4, 3) in once and (4, 4, 4) not in once  # drop_last matters too
    assert all(stride == length for stride, length, _ in once)
    assert reached == [(8, 8, 1), (8, 8, 3)], "the fewest windows"
    explorer.set(stride=4, batch_size=3)
    assert not explorer.frame["reached"] and explorer.frame["target"].endswith("in 6 windows. Fewer would do.")
    explorer.set(stride=8, max_length=8)
    assert explorer.frame["reached"] and explorer.frame["target"].startswith("Reached")
    assert explorer.frame["question"]["text"].startswith("Why not a longer stride")


def test_text_longer_than_the_map_is_said():
    explorer = WindowMap(text=" and" * 40)
    assert explorer.trace.tokens_left_out == 40 - MAX_TOKENS
    assert f"shows the first {MAX_TOKENS} tokens; 7 more are not shown" in explorer.frame["text"]


@pytest.mark.parametrize("text", ["", "a", "\n", "<|endoftext|>", "é😀" * 20, "\u202e" * 9])
def test_odd_texts(text):
    assert WindowMap(text=text).frame["html"]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        *(None, "The piano came.<|endoftext|>Dear Mr. Pascoe, thank you for the piano", " and" * 40),
        *("one two three four five six", "too short", ""),
    ],
)
def test_code_reproduces_the_state(shuffle, drop_last, text):
    explorer = WindowMap(text=text)
    explorer.set(stride=3, max_length=5, batch_size=2, shuffle=shuffle, drop_last=drop_last)
    seen = []
    exec(explorer.code(), {"print": lambda *values: seen.append(values)})
    ids = gpt2_encoding().encode(explorer.state["text"], disallowed_special=())
    trace = explorer.trace
    if not trace.inputs:
        assert seen == [(ids,)] and "# No window: it needs 6 ids" in explorer.code()
        return
    expected = [[[ids[i] for i in trace.inputs[window]] for window in batch] for batch in trace.batches]
    assert [rows for _, rows in seen] == expected
    assert [shape for shape, _ in seen] == list(trace.batch_shapes)


def test_the_words_are_plain_text_and_count_one_token():
    assert WindowMap(text="").frame["text"].startswith("No batch: 0 tokens give 0 windows, ")
    assert WindowMap(text="a").frame["text"].startswith("No batch: 1 token gives 0 windows, ")
    explorer = WindowMap(text="one two three < > & six")
    explorer.set(stride=3, max_length=2, batch_size=1)
    assert explorer.frame["text"].endswith("Never a target: ·< ·six.")


# ---- its picture -----------------------------------------------------------------------------------------------------


def test_a_token_that_is_markup_is_escaped():
    """GPT-2 cuts the attack into harmless pieces; a token could be all of it."""
    shown = WindowMap(text=ATTACK)
    trace = replace(shown.trace, tokens=(ATTACK,) * len(shown.trace.tokens))
    for html in (render(trace), more(trace)):
        whole = Tags(html)
        assert ATTACK.replace(" ", "·") in whole.text and "img" not in whole.tags and "script" not in whole.tags
    assert "".join(shown.trace.tokens) == ATTACK
    assert all(token.replace(" ", "·") in Tags(shown.frame["html"]).text for token in shown.trace.tokens)


@given(STATES)
def test_bars_lie_where_the_windows_do(state):
    trace = compute(state)
    n, html = len(trace.tokens), render(trace)
    for kind, windows in (("in", trace.inputs), ("out", trace.targets)):
        found = re.findall(rf'data-key="{kind}(\d+)".*?left:([\d.]+)%;width:([\d.]+)%', html)
        places = {int(window): (float(left), float(width)) for window, left, width in found}
        assert places == {
            window: pytest.approx((100 * positions[0] / n, 100 * len(positions) / n), abs=1e-2)
            for window, positions in enumerate(windows)
        }
    pressed = [json.loads(value) for name, value in Tags(html).attributes if name == "data-set"]
    assert {"max_length": state["max_length"]} in pressed or not trace.inputs
    assert html.count("llmlab-lost") == 2 * len(trace.dropped)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {},
            "starts 2 tokens later and is 4 long: they overlap, so 14 tokens are asked more than once; 3 windows fill",
        ),
        ({"stride": 4, "batch_size": 3}, "Each window begins where the one before it ends"),
        ({"stride": 4, "batch_size": 4}, "2 windows fill no batch of 4 and are left out, with 8 tokens"),
        (
            {"stride": 7, "batch_size": 1},
            "A stride of 7 leaves gaps between windows of 4: 6 tokens in between are never asked; no further",
        ),
        (
            {"stride": 5, "max_length": 5, "drop_last": False},
            "No further window fits in at the end, so the last 4 tokens are never asked",
        ),
        ({"stride": 6, "max_length": 8, "batch_size": 3}, "4 tokens are asked more than once"),
        ({"text": "a"}, "No window"),
    ],
)
def test_the_reason(change, words):
    explorer = WindowMap()
    explorer.set(**change)
    assert words in explorer.frame["why"]


def test_drop_last_says_when_it_does_nothing():
    explorer = WindowMap()
    assert explorer.frame["off"] == {}
    explorer.set(drop_last=False)
    assert explorer.frame["off"] == {}, "the last batch is smaller: it would be left out"
    explorer.set(stride=4, batch_size=3)
    assert set(explorer.frame["off"]) == {"drop_last"}


def test_the_text_to_start_with_is_checked():
    with pytest.raises(TypeError, match=r"text must be a str or None, got 5 \(int\)"):
        WindowMap(text=5)


def test_data_sets_can_be_handed_over_as_they_are():
    explorer = WindowMap(SlidingWindowDataset)  # yields pairs of tensors
    assert explorer.trace.own_function and explorer.trace.inputs == WindowMap().trace.inputs


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    explorer = WindowMap()
    explorer.set(shuffle=True)
    assert torch.equal(torch.get_rng_state(), before)
