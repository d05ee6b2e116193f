"""The cache meter without a browser: its bytes against a real cache, its picture, the learner's count in it."""

import numpy as np
import pytest
import torch
from hypothesis import given

from llmlab.attention import KVCache, MultiHeadAttention
from llmlab.explorers import CacheMeter
from llmlab.explorers.cache_meter.picture import as_bytes, render
from llmlab.explorers.cache_meter.values import GB, TARGET_MEMORY, compute
from llmlab.gpt import GPTConfig, count_parameters
from tests.explorers.answers import count_bytes
from tests.explorers.cases import any_state, drawn
from tests.explorers.html import Tags

FIRST = CacheMeter().state
ANY = any_state(CacheMeter)
# ---- the trace -------------------------------------------------------------------------------------------------------


@given(ANY)
def test_bytes_of_every_sharing(state):
    trace = compute(state)
    sizes = (int(state["length"]), int(state["batch"]), {"32": 4, "16": 2, "8 ": 1}[state["precision"][:2]])
    heads = int(state["heads"])
    assert [one.n_kv_heads for one in trace.variants] == sorted({heads, heads // 2, heads // 4, heads // 8, 1})[::-1]
    for one in trace.variants:
        assert one.cache == count_bytes(int(state["layers"]), one.n_kv_heads, int(state["width"]), *sizes)
        assert one.total == one.cache + one.weights
        assert (one.name == "multi-head") == (one.n_kv_heads == heads)
        assert (one.name == "multi-query") == (one.n_kv_heads == 1)
    shared = state["sharing"].split(":")[0]
    assert trace.chosen.n_kv_heads == (1 if shared == "all" else heads // int(shared))
    assert trace.counted == trace.chosen.cache == trace.bytes_per_token * trace.length * trace.batch
    assert trace.fits == (trace.chosen.total <= trace.memory)


@given(ANY)
def test_tokens_that_fit_are_the_most_that_do(state):
    trace = compute(state)
    room = trace.memory - trace.chosen.weights
    if room < 0:
        assert trace.tokens_that_fit == 0
    else:
        assert (
            trace.tokens_that_fit * trace.bytes_per_token <= room < (trace.tokens_that_fit + 1) * trace.bytes_per_token
        )


def test_bytes_are_those_of_a_real_cache():
    trace = compute(FIRST | {"layers": "4", "heads": "8", "width": "32", "sharing": "4", "length": "256", "batch": "2"})
    attention = MultiHeadAttention(256, 256, context_length=256, n_heads=8, n_kv_heads=2).to(torch.bfloat16)
    cache = KVCache()
    with torch.no_grad():
        attention(torch.zeros(2, 256, 256, dtype=torch.bfloat16), cache=cache)
    nothing = torch.zeros(2, 2, 0, 32, dtype=torch.bfloat16)
    real = sum(tensor.numel() * tensor.element_size() for tensor in cache.append(nothing, nothing))
    assert trace.chosen.cache == 4 * real


@pytest.mark.parametrize("sharing", ["1: multi-head", "4", "all: multi-query"])
def test_weights_are_those_of_a_gpts_matrices(sharing):
    trace = compute(FIRST | {"sharing": sharing})
    config = GPTConfig(32_000, 1, 4096, 32, 32, n_kv_heads=trace.chosen.n_kv_heads, tie_weights=True)
    counted = count_parameters(config)
    assert trace.chosen.weights == pytest.approx(2 * counted.total, rel=1e-3), "biases and norms are left out"
    assert trace.chosen.weights < 2 * counted.total


def test_the_first_state_makes_its_point():
    trace = CacheMeter().trace
    assert trace.chosen.name == "multi-head" and trace.chosen.cache > 2 * trace.chosen.weights and not trace.fits
    assert 6e9 < trace.chosen.weights / 2 < 7e9
    assert trace.bytes_per_token == 524_288
    assert any(one.total <= trace.memory for one in trace.variants)


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_target_by_fewer_heads_or_fewer_bits():
    explorer = CacheMeter()
    assert not explorer.frame["reached"] and "are 23.5 GB more than 24.0 GB" in explorer.frame["target"]
    explorer.set(sharing="4")
    assert explorer.frame["reached"] and "8 key and value heads and a cache of 16 bits" in explorer.frame["target"]
    explorer.set(sharing="2")
    assert not explorer.frame["reached"]
    explorer.set(precision="8 bits")
    assert explorer.frame["reached"] and "16 key and value heads and a cache of 8 bits" in explorer.frame["target"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": "12"}, "this is another model"),
        ({"width": "64"}, "this is another model"),
        ({"heads": "16"}, "this is another model"),
        ({"length": "4096"}, "32,768 tokens in the cache, 65,536 wanted"),
        ({"batch": "1"}, "8,192 tokens in the cache"),
        ({"memory": "80"}, "more than 24.0 GB"),
    ],
)
def test_other_settings_do_not_reach_it(change, words):
    explorer = CacheMeter()
    explorer.set(**change)
    assert not explorer.frame["reached"] and words in explorer.frame["target"]


@given(ANY)
def test_what_reaches_the_target_fits(state):
    trace = compute(state | {"layers": "32", "heads": "32", "width": "128"})
    reached, _ = CacheMeter().target(trace)
    assert reached == (trace.length * trace.batch >= 65_536 and trace.chosen.total <= TARGET_MEMORY)


# ---- the learner's function ------------------------------------------------------------------------------------------


def test_own_function_is_driven():
    calls = []
    explorer = CacheMeter(lambda *sizes: calls.append(sizes) or count_bytes(*sizes))
    explorer.set(layers="12", heads="16", width="64", sharing="8", length="256", batch="4", precision="32 bits")
    assert calls[-1] == (12, 2, 64, 256, 4, 4)
    assert explorer.trace.own_function and explorer.frame["note"] == "" and "your count" in explorer.frame["html"]


def test_a_wrong_count_is_named():
    explorer = CacheMeter(lambda *sizes: count_bytes(*sizes) // 2)
    assert "gives 17,179,869,184 bytes; two vectors a token" in explorer.frame["note"]
    assert explorer.frame["note"].endswith("34,359,738,368.")
    explorer.set(sharing="4")
    assert explorer.frame["reached"], "the target is found from the sizes, not from the function"


@pytest.mark.parametrize("kind", [int, float, torch.tensor, np.int64])
def test_whole_numbers_of_any_kind_are_counts(kind):
    explorer = CacheMeter(lambda *sizes: kind(count_bytes(*sizes)))
    assert type(explorer.trace.counted) is int and explorer.frame["note"] == ""


@pytest.mark.parametrize("answer", [12.5, "12", True, [12], float("nan")])
def test_answers_that_are_no_counts(answer):
    explorer = CacheMeter(lambda *sizes: answer)
    assert explorer.frame["error"] and "a number of bytes must be a whole number, got" in explorer.frame["html"]
    with pytest.raises(TypeError, match="must be a whole number"):
        explorer.set(layers="12")
    assert explorer.state == FIRST


# ---- the picture -----------------------------------------------------------------------------------------------------


@given(ANY)
def test_every_number_of_the_trace_is_printed(state):
    trace, html = drawn(CacheMeter(), state)
    text = Tags(html).text
    for one in trace.variants:
        assert as_bytes(one.cache) in text and as_bytes(one.weights) in text and as_bytes(one.total) in text
    assert text.count("▸") == 1 and f"▸ {trace.chosen.name}{trace.chosen.n_kv_heads}" in text
    assert f"{trace.chosen.cache:,} bytes" in text and f"{trace.tokens_that_fit:,}" in text
    assert text.count("does not fit") == sum(one.total > trace.memory for one in trace.variants)
    assert ("missing" in text) != trace.fits


@given(ANY)
def test_bars_share_one_scale(state):
    trace = compute(state)
    html = render(trace)
    widths = [float(piece.partition("%")[0]) for piece in html.split('style="width: ')[1:]]
    *bars, limit = widths
    assert len(bars) == 2 * len(trace.variants)
    scale = max(trace.memory, trace.variants[0].total)
    expected = [100 * size / scale for one in trace.variants for size in (one.weights, one.cache)]
    assert bars == pytest.approx(expected, abs=0.06) and limit == pytest.approx(100 * trace.memory / scale, abs=0.06)
    assert all(sum(bars[i : i + 2]) <= 100.1 for i in range(0, len(bars), 2))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (9_995, "10.0 kB"),
        (524_288, "524 kB"),
        (999_600, "1.00 MB"),
        (37_748_736, "37.7 MB"),
        (24 * GB, "24.0 GB"),
        (140_737 * GB, "140,737 GB"),
    ],
)
def test_bytes_have_three_digits_and_a_unit(number, text):
    assert as_bytes(number) == text


@given(ANY)
def test_code_reproduces_the_state(state):
    explorer = CacheMeter()
    explorer.set(**state)
    printed = []
    exec(explorer.code(), {"print": printed.append})
    assert printed == [f"{explorer.trace.chosen.cache:,} bytes, {explorer.trace.bytes_per_token:,} a token"]
