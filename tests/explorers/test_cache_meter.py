"""The cache meter without a browser: its bytes against a real cache, its picture, the learner's count in it."""

import itertools
import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given

from llmlab.attention import KVCache, MultiHeadAttention
from llmlab.explorers import CacheMeter
from llmlab.explorers.cache_meter.numbers import as_bytes, more
from llmlab.explorers.cache_meter.picture import AXIS, render, why
from llmlab.explorers.cache_meter.values import BATCHES, GB, LENGTHS, MEMORIES, PRECISIONS, SHARING, compute
from llmlab.gpt import GPTConfig, count_parameters
from tests.explorers.answers import count_bytes
from tests.explorers.cases import any_state, drawn
from tests.explorers.html import Tags

FIRST = CacheMeter().state
ANY = any_state(CacheMeter)
TARGET = {"batch": "32", "sharing": "8", "precision": "8 bits"}
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
def test_texts_that_fit_are_counted_one_by_one(state):
    trace = compute(state)
    for one in trace.variants:
        text, used, texts = one.cache // trace.batch, one.weights, 0
        while used + text <= trace.memory and texts < 70:
            used, texts = used + text, texts + 1
        assert min(trace.texts_that_fit(one), 70) == texts
    # The most heads that fit: by setting each sharing and each number of bits.
    others = [compute(state | {"sharing": a, "precision": b}) for a in SHARING for b in PRECISIONS]
    assert trace.most_heads == max((other.chosen.n_kv_heads for other in others if other.fits), default=0)


@given(ANY)
def test_the_sharing_that_is_set_is_among_the_variants(state):
    trace = compute(state)
    assert trace.chosen in trace.variants and trace.chosen.sharing == state["sharing"]
    assert all(compute(state | {"sharing": one.sharing}).chosen == one for one in trace.variants)


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


def test_the_target_takes_sharing_and_fewer_bits():
    explorer = CacheMeter()
    assert not explorer.frame["reached"]
    assert explorer.frame["target"] == "Not yet: 8 texts of 8,192 tokens; wanted are 32 of 8,192."
    explorer.set(batch="32")
    assert explorer.frame["target"] == "Not yet: 13.1 GB + 137 GB are 127 GB more than 24 GB."
    explorer.set(sharing="8")
    assert explorer.frame["target"] == "Not yet: 11.3 GB + 17.2 GB are 4.45 GB more than 24 GB."
    explorer.set(sharing="all: multi-query")
    assert explorer.frame["target"] == "Not yet: it fits with 1 key and value head, and there is a way to fit more."
    explorer.set(**TARGET)
    assert explorer.frame["reached"] and "4 key and value heads and 8 bits" in explorer.frame["target"]
    assert explorer.frame["question"]["text"].startswith("One key and value head for all and 16 bits")


def test_one_state_alone_reaches_the_target():
    explorer, reached = CacheMeter(), []
    axes = (SHARING, LENGTHS, BATCHES, PRECISIONS, MEMORIES)
    for values in itertools.product(*axes):
        settings = dict(zip(("sharing", "length", "batch", "precision", "memory"), values, strict=True))
        if explorer.target(compute(FIRST | settings))[0]:
            reached.append(settings)
    assert reached == [TARGET | {"length": "8192", "memory": "24"}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": "12"}, "this is another model"),
        ({"width": "64"}, "this is another model"),
        ({"heads": "16"}, "this is another model"),
        ({"length": "4096"}, "32 texts of 4,096 tokens; wanted are 32 of 8,192"),
        ({"batch": "1"}, "1 text of 8,192 tokens"),
        ({"memory": "80"}, "this card has 80 GB; the target's has 24"),
    ],
)
def test_other_settings_do_not_reach_it(change, words):
    explorer = CacheMeter()
    explorer.set(**TARGET | change)
    assert not explorer.frame["reached"] and words in explorer.frame["target"]


def test_what_the_verdicts_of_the_question_say():
    fewest = compute(FIRST | TARGET | {"sharing": "all: multi-query", "precision": "16 bits"})
    reached = compute(FIRST | TARGET)
    assert fewest.fits and fewest.chosen.total < reached.chosen.total, "less memory still"
    assert fewest.chosen.weights < reached.chosen.weights, "the weights would shrink"
    assert (fewest.bytes_per_token, reached.bytes_per_token) == (16_384, 32_768)


# ---- the learner's function ------------------------------------------------------------------------------------------


def test_own_function_is_driven():
    calls = []
    explorer = CacheMeter(lambda *sizes: calls.append(sizes) or count_bytes(*sizes))
    explorer.set(layers="12", heads="16", width="64", sharing="8", length="256", batch="4", precision="32 bits")
    assert calls[-1] == (12, 2, 64, 256, 4, 4)
    assert explorer.trace.own_function and explorer.frame["note"] == "" and "your count" in more(explorer.trace)


def test_a_wrong_count_is_named():
    explorer = CacheMeter(lambda *sizes: count_bytes(*sizes) // 2)
    assert "gives 17,179,869,184 bytes; two vectors per token" in explorer.frame["note"]
    assert explorer.frame["note"].endswith("34,359,738,368.")
    explorer.set(**TARGET)
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
    trace, _ = drawn(CacheMeter(), state)
    text = Tags(more(trace)).text
    for one in trace.variants:
        assert as_bytes(one.cache) in text and as_bytes(one.weights) in text and as_bytes(one.total) in text
    assert text.count("▸") == 1 and f"▸ {trace.chosen.name}{trace.chosen.n_kv_heads}" in text
    assert f"{trace.chosen.cache:,} bytes" in text and f"{trace.tokens_that_fit:,}" in text
    assert text.count("does not fit") == sum(one.total > trace.memory for one in trace.variants)
    assert ("missing" in text) != trace.fits


@given(ANY)
def test_bars_share_one_scale(state):
    trace = compute(state)
    html = more(trace)
    widths = [float(piece.partition("%")[0]) for piece in html.split('style="width: ')[1:]]
    *bars, limit = widths
    assert len(bars) == 2 * len(trace.variants)
    scale = max(trace.memory, trace.variants[0].total)
    expected = [100 * size / scale for one in trace.variants for size in (one.weights, one.cache)]
    assert bars == pytest.approx(expected, abs=0.06) and limit == pytest.approx(100 * trace.memory / scale, abs=0.06)
    assert all(sum(bars[i : i + 2]) <= 100.1 for i in range(0, len(bars), 2))


@given(ANY)
def test_the_cards_are_filled_to_scale_and_say_what_fits(state):
    """Each card in percent of its own axis: weights below, the cache on them, and what is above the rim spills."""
    trace = compute(state)
    html = render(trace)
    cards = re.split(r'<div class="llmlab-card(?: llmlab-over)?"', html)[1:]
    assert len(cards) == len(trace.variants)
    for card, one in zip(cards, trace.variants, strict=True):
        full, rim = AXIS * trace.memory, 100 / AXIS
        weights = float(re.search(r'llmlab-fill-weights".*?height:([\d.]+)%', card)[1])
        low, cache = map(float, re.search(r'llmlab-fill-cache".*?bottom:([\d.]+)%;height:([\d.]+)%', card).groups())
        assert weights == low == pytest.approx(min(100 * one.weights / full, 100), abs=0.01)
        assert cache == pytest.approx(100 * one.cache / full, abs=0.01)
        fits = one.total <= trace.memory
        spill = re.search(r'llmlab-fill-spill" style="bottom:([\d.]+)%;height:([\d.]+)%', card)
        assert (spill is None) == fits == ("✓" in card) == ("✗" not in card)
        if spill:
            top = min(100 * one.total / full, 100)
            assert list(map(float, spill.groups())) == pytest.approx([rim, top - rim], abs=0.02)
        assert ("▲" in card) == (one.total > full)
        assert as_bytes(one.total) in card and json.dumps({"sharing": one.sharing}, separators=(",", ":")) in card
        texts = 0 if one.weights > trace.memory else (trace.memory - one.weights) // (one.cache // trace.batch)
        if trace.batch > 1:
            assert f"</b> {'all' if fits else texts} of {trace.batch} fit<" in card
        else:
            assert f"</b> {'fits' if fits else 'does not fit'}<" in card


@given(ANY)
def test_the_fan_has_a_line_from_each_query_head_to_its_own(state):
    trace = compute(state)
    fans = re.findall(r'llmlab-fan-lines" d="([^"]+)".*?llmlab-fan-keys" d="([^"]+)"', render(trace))
    for (lines, keys), one in zip(fans, trace.variants, strict=True):
        ends = re.findall(r"L([\d.]+) 27", lines)
        assert len(ends) == trace.n_heads and keys.count("M") == one.n_kv_heads
        places = re.findall(r"M([\d.]+) 27", keys)
        shared = trace.n_heads // one.n_kv_heads
        assert ends == [place for place in places for _ in range(shared)], "neighbours share"


@given(ANY)
def test_the_product_is_the_cache_and_its_numbers_can_be_dragged(state):
    trace = compute(state)
    html = render(trace)
    product = 1
    for name in ("two", "layers", "kv", "width", "length", "batch", "bytes"):
        product *= int(re.search(rf'data-key="factor-{name}"[^>]*>([\d,]+)<', html)[1].replace(",", ""))
    assert product == trace.chosen.cache
    assert set(re.findall(r'data-spin="(\w+)"', html)) == {"layers", "width", "length", "batch", "precision", "heads"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "own, so a token takes <b>524 kB</b> in 32 layers, and 8 texts of 8,192 take 34.4 GB. Beside 13.1 GB"),
        ({}, "the card has room for 2 such texts."),
        ({"sharing": "8"}, "8 query heads share one key and value head, so a token takes <b>65.5 kB</b>"),
        ({"sharing": "all: multi-query"}, "All 32 query heads share one key and value head"),
        ({"batch": "1", "length": "32768"}, "and 1 text of 32,768 takes 17.2 GB"),
        ({"length": "4096", "sharing": "2"}, "room for 11 such texts."),
        ({"layers": "80", "heads": "64"}, "weights alone, 129 GB, are more than the card holds"),
        ({"layers": "80", "heads": "64"}, "Only a smaller model would"),
        ({"layers": "40", "memory": "16", "heads": "32"}, "But fewer key and value heads make the weights smaller"),
    ],
)
def test_the_reason(change, words):
    explorer = CacheMeter()
    explorer.set(**change)
    assert words in explorer.frame["why"]


@given(ANY)
def test_the_reason_counts_what_is_there(state):
    trace = compute(state)
    said = why(trace)
    if trace.chosen.weights > trace.memory:
        assert "weights alone" in said
        helps = any(one.weights <= trace.memory for one in trace.variants)
        assert ("fewer key and value heads" in said) == helps and ("smaller model" in said) != helps
    else:
        room = (trace.memory - trace.chosen.weights) // (trace.chosen.cache // trace.batch)
        assert said.endswith(
            {0: "room for none.", 1: "room for one such text."}.get(room, f"room for {room:,} such texts.")
        )
        assert as_bytes(trace.chosen.cache // (trace.batch * trace.length)) in said


def test_a_sharing_that_repeats_another_is_left_out():
    explorer = CacheMeter()
    assert explorer.frame["limits"]["sharing"] == list(SHARING)
    explorer.set(heads="8")
    assert explorer.frame["limits"]["sharing"] == ["1: multi-head", "2", "4", "all: multi-query"]


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
    assert printed == [f"{explorer.trace.chosen.cache:,} bytes, {explorer.trace.bytes_per_token:,} per token"]
