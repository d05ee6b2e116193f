"""The attention bench without a browser: its trace against sums by hand, its picture, the learner's function in it."""

import itertools
import json
import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.attention import scaled_dot_product_attention
from llmlab.explorers import AttentionBench
from llmlab.explorers.attention_bench.numbers import more
from llmlab.explorers.attention_bench.picture import describe, render, why
from llmlab.explorers.attention_bench.values import SHOW, SHOWN, TEMPERATURES, compute
from llmlab.explorers.attention_bench.vectors import (
    MAX_TOKENS,
    PREVIOUS,
    RANDOM,
    TRAINED,
    TRAINED_TEXT,
    WIDTHS,
    random_matrices,
    vectors_of,
)
from llmlab.gpt import attention_maps
from llmlab.training import load_checkpoint
from tests.explorers.answers import attend
from tests.explorers.cases import ATTACK
from tests.explorers.html import Tags

FIRST = AttentionBench().state

STATES = st.fixed_dictionaries(
    {
        "vectors": st.just(RANDOM),
        "show": st.sampled_from(SHOW),
        "text": st.text("ab é🎹 \n", max_size=40) | st.just(FIRST["text"]),
        "width": st.sampled_from(WIDTHS),
        "scaling": st.booleans(),
        "temperature": st.sampled_from(TEMPERATURES),
        "query": st.integers(0, MAX_TOKENS - 1),
        "key": st.integers(0, MAX_TOKENS - 1),
        "edit": st.sampled_from(["x", "Q", "K", "V"]),
        "component": st.integers(0, SHOWN - 1),
        "by": st.integers(-6, 6),
    }
)


# ---- the trace -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(STATES)
def test_trace_against_sums_by_hand(state):
    trace = compute(state)
    T, width = len(trace.tokens), int(state["width"])
    assert T == min(len(state["text"].split()), MAX_TOKENS)
    assert trace.x.shape == (T, 5) and trace.q.shape == trace.k.shape == (T, width) and trace.v.shape == (T, 3)
    divisor = (math.sqrt(width) if state["scaling"] else 1) * float(state["temperature"])
    q, k, v = trace.q.double().tolist(), trace.k.double().tolist(), trace.v.double().tolist()
    for i in range(T):
        scores = [sum(a * b for a, b in zip(q[i], k[j], strict=True)) / divisor for j in range(T)]
        powers = [math.exp(score - max(scores)) for score in scores]
        weights = [power / sum(powers) for power in powers]
        assert trace.scores[i].tolist() == pytest.approx(scores, rel=1e-4, abs=1e-4)
        # 1e-3: at temperature 0.1 and width 256 float32 scores of several hundred carry rounding of 1e-4
        assert trace.weights[i].tolist() == pytest.approx(weights, abs=1e-3)
        context = [sum(w * v[j][c] for j, w in enumerate(weights)) for c in range(3)]
        assert trace.context[i].tolist() == pytest.approx(context, abs=1e-2)
    assert trace.rows_sum_to_one and trace.agrees
    assert render(trace) and describe(trace) and more(trace)


@settings(deadline=None)
@given(STATES)
def test_an_edit_changes_the_one_number_it_names(state):
    before, after = compute(state | {"by": 0}), compute(state)
    if not after.tokens:
        return
    assert not (before.scores_moved.any() or before.weights_moved.any() or before.context_moved.any())
    tables = {"x": "x", "Q": "q", "K": "k", "V": "v"}
    edited = getattr(after, tables[state["edit"]]) - getattr(before, tables[state["edit"]])
    wanted = torch.zeros_like(edited)
    wanted[after.at, after.component] = state["by"]
    assert torch.allclose(edited, wanted, atol=1e-5)
    for name, table in tables.items():
        if state["edit"] not in ("x", name):
            assert torch.equal(getattr(before, table), getattr(after, table))
    assert after.at == (after.query if state["edit"] == "Q" else after.key)
    assert torch.equal(after.weights_before, before.weights) and torch.equal(after.scores_before, before.scores)


@pytest.mark.parametrize("width", ["4", "16"])
@pytest.mark.parametrize(
    ("edit", "counts"), [("Q", (6, 6, 3)), ("K", (6, 36, 18)), ("V", (0, 0, 6)), ("x", (11, 36, 18))]
)
def test_what_an_edit_moves(edit, counts, width):
    """Six tokens: Q moves a row, K a column of the scores and so every weight, V a column of the context."""
    trace = compute(FIRST | {"edit": edit, "by": 2, "width": width})
    moved = trace.scores_moved, trace.weights_moved, trace.context_moved
    assert tuple(int(part.sum()) for part in moved) == counts
    if edit == "Q":
        assert all(part[trace.query].all() for part in moved)
    if edit == "K":
        assert trace.scores_moved[:, trace.key].all()
    if edit == "V":
        assert trace.context_moved[:, trace.component].all()


def test_the_first_state_makes_its_point():
    trace = AttentionBench().trace
    assert trace.tokens[0] == trace.tokens[4] == "the"
    assert torch.equal(trace.weights[0], trace.weights[4]), "equal words, equal rows: positions are not added"
    assert trace.rows_sum_to_one and 0.2 < trace.largest_weight < 0.5


def test_without_scaling_a_large_width_saturates():
    """What the lesson asks before the bench."""
    largest = {
        scaling: [compute(FIRST | {"width": width, "scaling": scaling}).largest_weight for width in WIDTHS]
        for scaling in (True, False)
    }
    assert max(largest[True]) < 0.45
    assert largest[False] == sorted(largest[False]) and largest[False][-1] > 0.95


def test_a_query_or_key_beyond_the_text_means_the_last_token():
    trace = compute(FIRST | {"text": "one two", "query": 7, "key": 5})
    assert (trace.query, trace.key) == (1, 1)


# ---- the target ------------------------------------------------------------------------------------------------------


def test_the_target_needs_one_number_of_q():
    explorer = AttentionBench()
    reached = {edit: 0 for edit in ("x", "Q", "K", "V")}
    edits = itertools.product(reached, range(6), range(6), range(SHOWN), (-6, -4, 0, 4, 6))
    for edit, query, key, component, by in edits:
        trace = explorer.compute(FIRST | dict(edit=edit, query=query, key=key, component=component, by=by))
        done, words = explorer.target(trace)
        sure = float(trace.weights[query, key]) >= 0.9 and trace.tokens[query] != trace.tokens[key]
        others = (trace.weights - trace.weights_before).abs() > 1e-6
        others[query] = False
        assert done == (sure and by != 0 and not others.any())
        assert words.startswith("Reached" if done else "Not yet")
        reached[edit] += done
    assert reached["Q"] > 10 and not reached["x"] and not reached["K"] and not reached["V"]


def test_the_target_from_the_first_cell():
    """Query 2 and key 1, as the bench opens: what an edit of Q has to be."""
    explorer = AttentionBench()
    hits = []
    for component, by in itertools.product(range(SHOWN), range(-6, 7)):
        explorer.set(edit="Q", component=component, by=by)
        hits += [(component, by)] * explorer.frame["reached"]
    assert hits == [(2, by) for by in (-6, -5, -4)]
    assert int(explorer.trace.k[1].abs().argmax()) == 2, "its lever is the key's largest number"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scaling": False}, "switch scaling on"),
        ({"temperature": "0.1"}, "set the temperature to 1"),
        ({"by": 0}, "edit one number"),
        ({"query": 0, "key": 4}, "choose a key that is another word"),
        ({"edit": "K"}, "the attention of 5 other words moved too"),
        ({"vectors": PREVIOUS}, "choose random vectors"),
        ({"text": "the"}, "at least two different words"),
        ({"text": ""}, "at least two different words"),
    ],
)
def test_what_the_target_still_asks_for(change, words):
    explorer = AttentionBench()
    explorer.set(edit="Q", component=2, by=-6)
    assert explorer.frame["reached"] and "came gives 9" in explorer.frame["target"]
    assert explorer.frame["question"]["text"].startswith("Why must it be a number of Q")
    explorer.set(**change)
    assert not explorer.frame["reached"] and words in explorer.frame["target"]
    assert explorer.frame["question"] is None


# ---- where the vectors come from -------------------------------------------------------------------------------------


def test_a_width_takes_the_first_columns_of_the_same_matrices():
    query, key, _ = random_matrices()
    for width in map(int, WIDTHS):
        found = vectors_of(RANDOM, FIRST["text"], width)
        assert torch.equal(found.W_query, query[:, :width]) and torch.equal(found.W_key, key[:, :width])


def test_the_trained_head_is_the_models_own():
    model, tokenizer = load_checkpoint()
    ids = tokenizer.encode(f"<|endoftext|> {TRAINED_TEXT}", allowed_special="all")
    trace = compute(FIRST | {"vectors": TRAINED, "text": TRAINED_TEXT, "query": 5, "key": 2})
    assert trace.tokens == ("(start)", "the", "dogs", "near", "the", "king") and trace.unknown == ()
    assert torch.allclose(trace.weights[5], attention_maps(model, torch.tensor([ids]))[0, 1, 1, 5], atol=1e-5)
    assert trace.weights[5, 2] > 0.97 and trace.q.shape == trace.v.shape == (6, 24) and trace.x.shape == (6, 96)
    assert "only a word's looks back mean anything" in why(trace)
    strange = AttentionBench()
    strange.set(vectors=TRAINED)
    assert "piano" in strange.trace.unknown and "has read sentences about kings and dogs" in strange.frame["html"]


def test_the_head_made_by_hand_looks_one_back():
    trace = compute(FIRST | {"vectors": PREVIOUS})
    assert trace.weights[0, 0] > 0.9
    assert all(trace.weights[i, i - 1] > 0.9 for i in range(1, 6)) and trace.v.shape == (6, 3)
    assert not torch.equal(trace.v[0], trace.v[1]) and torch.equal(trace.v[0], trace.v[4]), "each tells its word"


def test_settings_that_do_nothing_say_so():
    explorer = AttentionBench()
    assert "width" not in explorer.frame["off"] and set(explorer.frame["off"]) == {"edit", "component"}
    assert explorer.frame["limits"]["query"] == [0, 5] and explorer.frame["limits"]["component"] == [0, 3]
    explorer.set(vectors=PREVIOUS, edit="V", by=1)
    assert set(explorer.frame["off"]) == {"width"} and explorer.frame["limits"]["component"] == [0, 2]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ("Q", "belongs to the question of <b>came</b> alone: only its row"),
        ("K", "multiplied with the key of <b>piano</b>"),
        ("V", "no weight moved"),
        ("x", "x makes q, k and v"),
    ],
)
def test_the_reason_of_an_edit(edit, words):
    trace = compute(FIRST | {"edit": edit, "by": 3})
    assert words in why(trace)
    assert (f"in {len(trace.rows_moved)} rows of 6" in why(trace)) == (edit in "Kx")


def test_the_reason_of_a_cell_is_its_place_in_the_row():
    for query, key in itertools.product(range(6), range(6)):
        trace = compute(FIRST | {"query": query, "key": key})
        scores = trace.scores[query].tolist()
        place = 1 + sum(score > scores[key] for score in scores)
        rank = "the highest" if place == 1 else "the lowest" if place == 6 else f"number {place}"
        mine = (trace.q[query] * trace.k[key]).tolist()
        others = [[(trace.q[query] * trace.k[j])[c].item() for j in range(6) if j != key] for c in range(4)]
        apart = [a - sum(b) / 5 for a, b in zip(mine, others, strict=True)]
        lead = apart.index(max(apart) if sum(apart) >= 0 else min(apart))
        words = f"is {rank} of 6, and component {lead} {'lifts' if sum(apart) >= 0 else 'lowers'} it most"
        assert words in why(trace)
    assert "there is no other word" in why(compute(FIRST | {"text": "one"}))
    wide = compute(FIRST | {"width": "256", "scaling": False})
    assert "nothing divides it by √d" in why(wide)


# ---- the learner's function ------------------------------------------------------------------------------------------


def test_own_function_does_the_work():
    calls = []

    def spying(q, k, v):
        calls.append((tuple(q.shape), tuple(k.shape), tuple(v.shape)))
        return attend(q, k, v)

    explorer = AttentionBench(attend=spying)
    assert explorer.trace.own_function and explorer.trace.agrees and explorer.frame["note"] == ""
    assert set(calls) == {((6, 4), (6, 4), (6, 3))}
    explorer.set(scaling=False, temperature="2", width="64")
    assert explorer.trace.agrees, "what the settings ask for reaches the function inside its queries"
    assert torch.allclose(
        explorer.trace.weights, torch.softmax(explorer.trace.q @ explorer.trace.k.T / 2, dim=-1), atol=1e-4
    )


@pytest.mark.parametrize("blank", [lambda q, k, v: (..., ...), lambda q, k, v: (None, q)])
def test_a_function_whose_parts_are_not_written_yet(blank):
    explorer = AttentionBench(attend=blank)
    assert not explorer.trace.own_function and "not written yet" in explorer.frame["note"]
    assert torch.equal(explorer.trace.weights, AttentionBench().trace.weights)


def test_a_wrong_axis_shows_in_the_sums_the_note_and_the_target():
    def columns(q, k, v):
        weights = torch.softmax(q @ k.T / q.shape[-1] ** 0.5, dim=0)
        return weights @ v, weights

    explorer = AttentionBench(attend=columns)
    assert not explorer.trace.rows_sum_to_one and not explorer.trace.agrees
    assert "they should sum to 1" in explorer.frame["text"] and "llmlab-sum llmlab-flag" in more(explorer.trace)
    assert explorer.frame["note"].startswith("What columns returns is not softmax(q kᵀ · 0.5) v")
    assert torch.allclose(explorer.trace.weights.sum(dim=0), torch.ones(6))
    explorer.set(edit="Q", component=2, by=-6)
    assert not explorer.frame["reached"] and "mend the function" in explorer.frame["target"]


def test_a_wrong_context_is_noted_too():
    explorer = AttentionBench(attend=lambda q, k, v: (v, attend(q, k, v)[1]))
    assert explorer.trace.rows_sum_to_one and not explorer.trace.agrees and "is not softmax" in explorer.frame["note"]


def test_results_with_nan_are_shown():
    explorer = AttentionBench(attend=lambda q, k, v: (v * math.nan, q @ k.T * math.nan))
    assert "nan" in explorer.frame["html"] and not explorer.frame["error"] and not explorer.trace.agrees
    explorer.set(by=3)
    assert not explorer.trace.weights_moved.any()


def test_a_function_that_writes_into_its_arguments_harms_nothing():
    def greedy(q, k, v):
        result = attend(q, k, v)
        q.zero_(), k.zero_(), v.zero_()
        return result

    assert AttentionBench(attend=greedy).frame["html"] == AttentionBench(attend=attend).frame["html"]


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda q, k, v: v, TypeError, "attend must return context and weights, got Tensor"),
        (lambda q, k, v: attend(q, k, v)[::-1], ValueError, r"context should have shape \(6, 3\), got \(6, 6\)"),
        (lambda q, k, v: (v, q), ValueError, r"weights should have shape \(6, 6\), got \(6, 4\)"),
        (lambda q, k, v: 1 / 0, ZeroDivisionError, "division"),
    ],
)
def test_answers_that_are_no_attention(function, error, message):
    explorer = AttentionBench(attend=function)
    assert explorer.frame["error"]
    with pytest.raises(error, match=message):
        explorer.trace  # noqa: B018


def test_a_new_function_starts_anew():
    explorer = AttentionBench()
    explorer.attend = lambda q, k, v: (v, torch.eye(len(q)))
    assert explorer.trace.own_function and torch.equal(explorer.trace.weights, torch.eye(6))
    assert "[0.00]" in more(explorer.trace) and explorer.frame["note"]
    explorer.attend = None
    assert explorer.trace.agrees and not explorer.trace.own_function


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_words_are_shown_as_they_were_typed():
    explorer = AttentionBench(text=f"{ATTACK} <b>")
    assert explorer.trace.tokens == ("<img", "src=x", "onerror=alert(1)>", "<b>")
    assert "<img" in Tags(explorer.frame["html"]).text


def test_an_edit_is_marked_without_colour():
    explorer = AttentionBench()
    assert not set("▲▼◆") & set(more(explorer.trace).partition("<div>▲")[0])
    explorer.set(edit="K", by=2)
    scores, weights = more(explorer.trace).partition("Weights: softmax")[::2]
    assert scores.count("▲") + scores.count("▼") == 6
    weights = weights.partition("One cell")[0]
    assert weights.count("▲") + weights.count("▼") == 36
    assert explorer.frame["html"].count("llmlab-moved0") == 36
    explorer.set(edit="V")
    assert more(explorer.trace).count("◆") == 6 + 1  # the key explains it once
    assert "llmlab-moved" not in explorer.frame["html"]
    explorer.set(edit="x")
    assert more(explorer.trace).count("◆") == 18 + 4 + 4 + 3 + 1, "the context, and one row of Q, K and V each"
    assert "by row 1 of Q, K and V" in explorer.frame["text"]


def test_the_chosen_cell_is_spelled_out():
    trace = AttentionBench().trace
    text = Tags(more(trace)).text
    q, k = trace.q[2].tolist(), trace.k[1].tolist()
    for c in range(SHOWN):
        assert f"{c}{q[c]:.2f}{k[c]:.2f}{q[c] * k[c]:.2f}" in text
    assert f"sum{trace.scores[2, 1] * 2:.2f}× 0.5{trace.scores[2, 1]:.2f}" in text
    wide = AttentionBench()
    wide.set(width="64")
    text = Tags(more(wide.trace)).text
    assert "… 60 more" in text and "Q = x W_query, 4 of 64 columns" in text
    assert "60 more" in Tags(wide.frame["html"]).text


def test_the_picture_can_be_pressed_and_holds_few_numbers():
    tags = Tags(AttentionBench().frame["html"])
    pressed = [json.loads(value) for name, value in tags.attributes if name == "data-set"]
    assert [one for one in pressed if set(one) == {"query", "key"}] == [
        {"query": i, "key": j} for i in range(6) for j in range(6)
    ]
    assert [one for one in pressed if set(one) == {"query"}] == [{"query": j} for j in range(6)]
    assert {(one["edit"], one["component"]) for one in pressed if "by" in one} == {
        *(("Q", c) for c in range(4)),
        *(("K", c) for c in range(4)),
        *(("V", c) for c in range(3)),
    }
    assert len(re.findall(r"\d+(?:\.\d+)?", tags.text)) <= 40


@pytest.mark.parametrize("show", SHOW)
def test_the_table_shows_the_stage_that_is_chosen(show):
    trace = compute(FIRST | {"show": show, "temperature": "2"})
    first = {"products": trace.q[2] @ trace.k[0], "scores": trace.scores[2, 0], "weights": trace.weights[2, 0]}[show]
    assert f"<b>{float(first):.2f}</b>".replace("-", "−") in render(trace)


@pytest.mark.parametrize("text", ["", " ", "a", "\n", "\ud800 b", "\u202e" * 9, "<|endoftext|>", "x " * 60])
@pytest.mark.parametrize("edit", ["x", "Q", "K", "V"])
def test_odd_texts(text, edit):
    explorer = AttentionBench(text=text)
    explorer.set(edit=edit, by=-6, query=7, key=7, component=3)
    assert explorer.frame["html"] and not explorer.frame["error"]


def test_words_that_do_not_fit_are_said():
    explorer = AttentionBench(text="a b c d e f g h i j")
    assert len(explorer.trace.tokens) == 8 and "2 more words left out" in explorer.frame["text"]


@pytest.mark.parametrize(
    "change",
    [{}, {"edit": "x", "by": -2}, {"edit": "Q", "by": 5, "width": "16"}, {"edit": "V", "by": 1, "component": 3}]
    + [{"edit": "K", "by": 6, "scaling": False, "temperature": "10", "width": "256"}, {"text": "a b c d e f g h i"}]
    + [{"vectors": PREVIOUS, "edit": "K", "by": 2}, {"vectors": TRAINED, "text": TRAINED_TEXT, "edit": "x", "by": 1}]
    + [{"vectors": TRAINED, "scaling": False}],
)
def test_code_reproduces_the_state(change):
    explorer = AttentionBench()
    explorer.set(**change)
    namespace = {}
    exec(explorer.code(), namespace)
    assert torch.allclose(namespace["weights"], explorer.trace.weights, atol=1e-6)
    assert torch.allclose(namespace["context"], explorer.trace.context, atol=1e-6)


def test_code_of_an_empty_text_is_python():
    compile(AttentionBench(text="").code(), "<code>", "exec")


def test_the_reference_is_the_packages_attention():
    trace = compute(FIRST | {"width": "64"})
    result = scaled_dot_product_attention(trace.q, trace.k, trace.v)
    assert torch.allclose(trace.weights, result.weights, atol=1e-6) and torch.allclose(trace.context, result.context)
