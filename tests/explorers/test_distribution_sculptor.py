"""The distribution sculptor without a browser: counted model, trace by hand, picture, the learner's function."""

import itertools
import json
import math
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from llmlab.corpus import toy_world
from llmlab.explorers import DistributionSculptor
from llmlab.explorers.distribution_sculptor.counted import CONTEXTS, SENTENCES, counted_model
from llmlab.explorers.distribution_sculptor.numbers import more, percent
from llmlab.explorers.distribution_sculptor.picture import AXIS, render, why
from llmlab.explorers.distribution_sculptor.values import DRAWS, OPEN, ROWS, TEMPERATURES, TOP_K, TOP_P, compute
from tests.explorers.answers import probabilities
from tests.explorers.cases import ATTACK, any_state, drawn
from tests.explorers.html import Tags

FIRST = DistributionSculptor().state
ANY = any_state(DistributionSculptor)
# ---- the counted model -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", CONTEXTS)
def test_logits_are_those_of_counts(context):
    words = toy_world(SENTENCES).replace(".", " .").split()
    vocabulary, contexts = counted_model()
    assert set(vocabulary) == set(words)
    before, last = context.split()[-2:]
    triples = Counter(zip(words, words[1:], words[2:], strict=False))
    pairs = Counter(zip(words, words[1:], strict=False))
    n_triples = sum(n for (a, b, _), n in triples.items() if (a, b) == (before, last))
    n_pairs = sum(n for (b, _), n in pairs.items() if b == last)
    logits, seen = contexts[context]
    singles = Counter(words)
    for id, word in enumerate(vocabulary):
        share = 0.9 * triples[before, last, word] / n_triples + 0.09 * pairs[last, word] / n_pairs
        share += 0.01 * singles[word] / len(words)
        assert logits[id].item() == pytest.approx(math.log(share), abs=1e-5)
        assert seen[id] == triples[before, last, word]
    assert logits.exp().sum().item() == pytest.approx(1, abs=1e-5)


# ---- the trace -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(ANY)
def test_trace_by_hand(state):
    trace = compute(state)
    size, temperature = len(trace.tokens), float(state["temperature"])
    logits = trace.logits.tolist()
    assert sorted(logits, reverse=True) == logits and not trace.own_function
    if temperature == 0:
        assert trace.scaled is None and trace.probabilities.tolist() == [1.0] + [0.0] * (size - 1)
        assert trace.entropy == 0 and trace.choices == 1 and set(trace.drawn) == {0}
        return
    raised = [math.exp((logit - logits[0]) / temperature) for logit in logits]
    softened = [value / sum(raised) for value in raised]
    assert trace.softened.tolist() == pytest.approx(softened, abs=1e-5)
    k = size if state["top_k"] == "all" else int(state["top_k"])
    in_top_k = [logit >= logits[k - 1] for logit in logits]
    assert trace.in_top_k.tolist() == in_top_k
    kept_sum = sum(share for share, inside in zip(softened, in_top_k, strict=True) if inside)
    after = [share / kept_sum * inside for share, inside in zip(softened, in_top_k, strict=True)]
    assert trace.after_top_k.tolist() == pytest.approx(after, abs=1e-5)
    kept = trace.kept.tolist()
    n_kept = sum(kept)
    assert kept == [True] * n_kept + [False] * (size - n_kept), "cuts take the least probable"
    if state["top_p"] != "1":
        assert sum(after[:n_kept]) >= float(state["top_p"]) - 1e-5
        assert sum(after[: n_kept - 1]) < float(state["top_p"]) + 1e-5
    left = [share / sum(after[:n_kept]) for share in after[:n_kept]]
    assert trace.probabilities[:n_kept].tolist() == pytest.approx(left, abs=1e-5)
    assert trace.total == pytest.approx(1, abs=1e-5)
    assert trace.entropy == pytest.approx(-sum(p * math.log2(p) for p in left if p > 0), abs=1e-3)
    unseen = sum(p for p, count in zip(left, trace.seen[:n_kept], strict=True) if count == 0)
    assert trace.unseen == pytest.approx(unseen, abs=1e-5)


@settings(deadline=None)
@given(ANY)
def test_only_what_is_kept_is_drawn(state):
    trace = compute(state)
    assert len(trace.drawn) == DRAWS and all(trace.kept[place] for place in trace.drawn)
    assert trace.drawn == compute(state).drawn


def test_draws_follow_the_probabilities():
    traces = [compute({**FIRST, "seed": seed}) for seed in range(21)]
    drawn = Counter(place for trace in traces for place in trace.drawn)
    total = DRAWS * len(traces)
    for place in range(3):
        share = traces[0].probabilities[place].item()
        assert drawn[place] / total == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / total))
    assert len({trace.drawn for trace in traces}) == len(traces)


def test_the_first_state_makes_its_point():
    trace = DistributionSculptor().trace
    assert trace.temperature > 1 and trace.top_k is trace.top_p is None
    assert trace.unseen > 0.15, "temperature alone lets in what never came next"
    assert compute({**FIRST, "temperature": "1"}).unseen < 0.03


# ---- the target ------------------------------------------------------------------------------------------------------


def test_few_settings_reach_the_target_and_all_three_count():
    """By hand, context after context, what the tiles and the target say."""
    reached = []
    settings = list(itertools.product(TEMPERATURES, TOP_K, TOP_P))
    for number, (temperature, top_k, top_p) in enumerate(settings):
        state = {**FIRST, "temperature": temperature, "top_k": top_k, "top_p": top_p}
        trace = compute(state)
        done = DistributionSculptor.target(None, trace)[0]
        assert done == all(trace.good_everywhere)
        reached += [(temperature, top_k, top_p)] * done
        if number % 40 and not done:
            continue
        by_hand = [compute({**state, "context": context}) for context in CONTEXTS]
        for (unseen, openness), good, one in zip(trace.everywhere, trace.good_everywhere, by_hand, strict=True):
            assert unseen == pytest.approx(one.unseen, abs=1e-5)
            assert openness == pytest.approx(one.choices / one.n_seen, abs=1e-3)
            assert good == (one.unseen == 0 and one.choices >= OPEN * one.n_seen)
    assert reached == [("1.5", "16", "0.8"), ("1.5", "25", "0.8")]


def test_what_the_target_says():
    explorer = DistributionSculptor()
    assert explorer.frame["target"].startswith("Not yet: after 0 of six contexts; nonsense at most 44.6%")
    explorer.set(temperature="5", top_k="16")
    assert (
        not explorer.frame["reached"]
        and explorer.trace.good_everywhere[0]
        and "after 1 of six" in explorer.frame["target"]
    )
    explorer.set(temperature="1.5", top_k="25", top_p="0.8")
    assert explorer.frame["reached"] and "after all six contexts nonsense at most 0%" in explorer.frame["target"]
    assert explorer.frame["question"]["text"] == "Why does no top-k do it alone?"
    assert explorer.frame["html"].count("✓") == 6 and "✗" not in explorer.frame["html"]


def test_the_target_wants_a_sum_of_one():
    explorer = DistributionSculptor(lambda *arguments: 0.5 * probabilities(*arguments))
    explorer.set(temperature="1.5", top_k="16", top_p="0.8")
    assert not explorer.frame["reached"] and explorer.frame["target"] == "Not yet: the probabilities sum to 0.500."


# ---- the learner's function ------------------------------------------------------------------------------------------


def test_own_function_is_driven():
    calls = []

    def recorded(logits, temperature, top_k, top_p):
        calls.append((temperature, top_k, top_p))
        logits.sort()  # may do what it likes with its own copy
        return probabilities(logits, temperature, top_k, top_p)

    explorer = DistributionSculptor(recorded)
    explorer.set(temperature="0.5", top_k="8", top_p="0.7")
    assert calls[0] == (2.0, None, None) and calls[-1] == (0.5, 8, 0.7)
    assert calls.count((0.5, 8, 0.7)) == 1 + len(CONTEXTS), "the six tiles are the function's own, too"
    assert explorer.trace.own_function and explorer.frame["note"] == ""


def test_it_sees_the_vocabularys_order():
    seen = []
    DistributionSculptor(lambda logits, *rest: seen.append(logits) or probabilities(logits, *rest))
    assert torch.equal(seen[0], counted_model()[1][FIRST["context"]][0])


@pytest.mark.parametrize("kind", [list, lambda tensor: tensor.numpy(), lambda tensor: tensor.double()])
def test_answers_of_any_kind(kind):
    assert DistributionSculptor(lambda *arguments: kind(probabilities(*arguments))).frame["note"] == ""


def temperature_after_softmax(logits, temperature, top_k, top_p):
    return logits.softmax(-1) / temperature


def not_renormalised(logits, temperature, top_k, top_p):
    shares = (logits / temperature).softmax(-1)
    return shares * (shares >= shares.topk(top_k or len(shares)).values[-1])


def softmax_twice(logits, temperature, top_k, top_p):
    return (logits.softmax(-1) / temperature).softmax(-1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (temperature_after_softmax, "sum to 0.500: they must sum to 1"),
        (not_renormalised, r"sum to 0.\d+: they must sum to 1"),
        (softmax_twice, r"gives “.+” the probability 0.\d+, and llmlab gives it 0.\d+"),
    ],
)
def test_wrong_functions_are_named(wrong, words):
    explorer = DistributionSculptor(wrong)
    explorer.set(top_k="5")
    note = explorer.frame["note"]
    assert note.startswith(wrong.__name__)
    assert re.search(words, note)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ("0.5", TypeError, "a tensor of 203 probabilities, got str"),
        ([0.5, 0.5], ValueError, r"one probability per token, \(203,\), got \(2,\)"),
        ([math.nan] * 203, ValueError, "at least 0"),
        ([-1.0] * 203, ValueError, "at least 0"),
        ([0.0] * 203, ValueError, "no token is left to draw"),
    ],
)
def test_answers_that_are_no_probabilities(answer, error, words):
    explorer = DistributionSculptor(lambda *arguments: answer)
    assert explorer.frame["error"]
    with pytest.raises(error, match=words):
        explorer.set(seed=1)
    assert explorer.state == FIRST


# ---- the picture -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(ANY)
def test_numbers_of_the_trace_are_printed(state):
    trace, html = drawn(DistributionSculptor(), state)
    table = more(trace)
    text = Tags(table).text
    for i in range(ROWS):
        assert trace.tokens[i] in text and f"{trace.probabilities[i]:.3f}" in text and f"{trace.logits[i]:.2f}" in text
        assert f"{trace.probabilities[i]:.1%}" in Tags(html).text
    n_cut = int((~trace.kept[:ROWS]).sum()) + int(not trace.kept[ROWS:].any())
    assert table.count('class="llmlab-cut"') == n_cut
    assert html.count('llmlab-share llmlab-gone"') == n_cut
    assert table.count("cut by top-k") + table.count("cut by top-p") + table.count("not largest") == int(
        (~trace.kept[:ROWS]).sum()
    )
    widths = [float(piece.partition("%")[0]) for piece in table.split('style="width: ')[1:]]
    assert len(widths) == ROWS + 1 and max(widths) <= 100
    assert sum(f"<span>{step}" in table for step in ("keep the top", "keep the first that reach")) == (
        0 if trace.temperature == 0 else (trace.top_k is not None) + (trace.top_p is not None)
    )
    assert len(re.findall(r'data-key="m\d', html)) == len(re.findall(r'data-key="w\d', html)) == state["draws"]


def test_bars_stand_on_an_axis_that_no_control_moves():
    def width(key, state):
        bar = re.search(rf'data-key="{key}" style="width:([\d.]+)%"', render(compute(state)))
        return float(bar[1]) * AXIS / 100

    for temperature in ("0.5", "1", "2", "10"):
        state = {**FIRST, "temperature": temperature}
        trace = compute(state)
        for i in (0, 3, 9):
            assert width(f"bar{i}", state) == pytest.approx(min(float(trace.probabilities[i]), AXIS), abs=1e-3)
        others = float(trace.probabilities[ROWS:].sum())
        assert width(f"bar{ROWS}", state) == pytest.approx(min(others, AXIS), abs=1e-3), "the others are not clipped"
        assert ("▸" in render(trace)) == (max(others, float(trace.probabilities[0])) > AXIS)


def test_cuts_and_contexts_can_be_pressed():
    pressed = [json.loads(value) for name, value in Tags(render(compute(FIRST))).attributes if name == "data-set"]
    assert [one["top_p"] for one in pressed if "top_p" in one] == list(TOP_P)
    assert [one["context"] for one in pressed if "context" in one] == list(CONTEXTS)
    assert [one["top_k"] for one in pressed if "top_k" in one] == [k for k in TOP_K[:-1] if int(k) <= ROWS] + ["all"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "brings the logits together"),
        ({"temperature": "1"}, "no cut stops before the tail"),
        ({"temperature": "0"}, "leaves the largest logit alone"),
        ({"top_k": "2"}, "2 of the 16 tokens that came next are left, and no others"),
        ({"top_k": "16", "temperature": "5"}, "16 of the 16 tokens that came next are left"),
        ({"draws": 1}, "Of 1 draw 0 are nonsense"),
    ],
)
def test_the_reason(change, words):
    assert words in why(compute({**FIRST, **change}))


def test_cuts_at_temperature_0_do_nothing_and_say_so():
    explorer = DistributionSculptor()
    assert explorer.frame["off"] == {}
    explorer.set(temperature="0")
    assert set(explorer.frame["off"]) == {"top_k", "top_p"}
    explorer.set(top_k="5")
    assert explorer.trace.probabilities.tolist() == compute({**FIRST, "temperature": "0"}).probabilities.tolist()


def test_steps_stand_in_the_order_in_which_they_are_taken():
    html = more(compute({**FIRST, "top_k": "5", "top_p": "0.9"}))
    steps = ["logits", "÷ temperature 2", "keep the top 5", "softmax", "keep the first that reach 0.9", "draw"]
    places = [html.index(f"<span>{step}") for step in steps]
    assert places == sorted(places)


def test_markup_in_tokens_is_escaped():
    trace = compute(FIRST)
    trace = replace(trace, tokens=(ATTACK, *trace.tokens[1:]), drawn=(0,) * DRAWS)
    for html in (render(trace), more(trace), why(trace)):
        assert "img" not in Tags(html).tags
    assert ATTACK in Tags(render(trace)).text and ATTACK in Tags(more(trace)).text


@settings(deadline=None, max_examples=20)
@given(ANY)
def test_code_reproduces_the_state(state):
    explorer = DistributionSculptor()
    explorer.set(**state)
    printed = []
    exec(explorer.code(), {"print": lambda *values: printed.append(" ".join(map(str, values)))})
    trace = explorer.trace
    shares = trace.probabilities[:5].tolist()
    assert [line.split()[1] for line in printed] == [f"{share:.3f}" for share in shares]
    assert printed[0].split()[0] == trace.tokens[0]


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (1e-9, "less than 0.1%"), (0.001, "0.1%"), (np.float64(0.5), "50.0%")]
)
def test_small_shares_do_not_look_like_nothing(share, text):
    assert percent(share) == text
