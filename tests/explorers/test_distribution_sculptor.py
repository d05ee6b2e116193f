"""The distribution sculptor without a browser: counted model, trace by hand, picture, the learner's function."""

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
from llmlab.explorers.distribution_sculptor.picture import percent, render
from llmlab.explorers.distribution_sculptor.values import DRAWS, ROWS, TEMPERATURES, TOP_K, TOP_P, compute
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


def test_every_context_can_reach_the_target_and_starts_away_from_it():
    explorer = DistributionSculptor()
    for context in CONTEXTS:
        state = {**FIRST, "context": context}
        assert not explorer.target(compute(state))[0]
        wanted = compute(state).n_seen
        assert str(wanted) in TOP_K
        reached = [
            (temperature, top_k, top_p)
            for temperature in TEMPERATURES
            for top_k in TOP_K
            for top_p in TOP_P
            if explorer.target(compute({**state, "temperature": temperature, "top_k": top_k, "top_p": top_p}))[0]
        ]
        assert ("5", str(wanted), "1") in reached and len(reached) < 0.3 * len(TEMPERATURES) * len(TOP_K) * len(TOP_P)


def test_what_the_target_says():
    explorer = DistributionSculptor()
    explorer.set(temperature="5", top_k="16")
    assert explorer.frame["reached"] and "nothing that never came next" in explorer.frame["target"]
    explorer.set(top_k="25")
    assert not explorer.frame["reached"] and "chance of a token that never came next:" in explorer.frame["target"]
    explorer.set(temperature="0.2", top_k="5")
    assert not explorer.frame["reached"] and "of 14.4" in explorer.frame["target"]


def test_the_target_wants_a_sum_of_one():
    explorer = DistributionSculptor(lambda *arguments: 0.5 * probabilities(*arguments))
    explorer.set(temperature="5", top_k="16")
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
        ([0.5, 0.5], ValueError, r"one probability a token, \(203,\), got \(2,\)"),
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
    text = Tags(html).text
    for i in range(ROWS):
        assert trace.tokens[i] in text and f"{trace.probabilities[i]:.3f}" in text and f"{trace.logits[i]:.2f}" in text
    n_cut = int((~trace.kept[:ROWS]).sum()) + int(not trace.kept[ROWS:].any())
    assert html.count('class="llmlab-cut"') == n_cut
    assert html.count("cut by top-k") + html.count("cut by top-p") + html.count("not largest") == int(
        (~trace.kept[:ROWS]).sum()
    )
    widths = [float(piece.partition("%")[0]) for piece in html.split('style="width: ')[1:]]
    assert len(widths) == ROWS + 1 and max(widths) <= 100
    assert sum(f"<span>{step}" in html for step in ("keep the top", "keep the first that reach")) == (
        0 if trace.temperature == 0 else (trace.top_k is not None) + (trace.top_p is not None)
    )


def test_steps_stand_in_the_order_in_which_they_are_taken():
    html = render(compute({**FIRST, "top_k": "5", "top_p": "0.9"}))
    steps = ["logits", "÷ temperature 2", "keep the top 5", "softmax", "keep the first that reach 0.9", "draw"]
    places = [html.index(f"<span>{step}") for step in steps]
    assert places == sorted(places)


def test_markup_in_tokens_is_escaped():
    trace = compute(FIRST)
    trace = replace(trace, tokens=(ATTACK, *trace.tokens[1:]), drawn=(0,) * DRAWS)
    html = Tags(render(trace))
    assert ATTACK in html.text and "img" not in html.tags


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
    ("share", "text"), [(0, "0 %"), (1e-9, "less than 0.1 %"), (0.001, "0.1 %"), (np.float64(0.5), "50.0 %")]
)
def test_small_shares_do_not_look_like_nothing(share, text):
    assert percent(share) == text
