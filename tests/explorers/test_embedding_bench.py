"""The embedding bench without a browser: its trace against brute force, its picture, the learner's function in it."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.embeddings import SkipGram, apply_rope, sinusoidal_positions
from llmlab.explorers import EmbeddingBench
from llmlab.explorers.embedding_bench.picture import describe, render
from llmlab.explorers.embedding_bench.recorded import RECORDED_STEPS, recorded_run, train_run
from llmlab.explorers.embedding_bench.values import MAX_WORDS, SCHEMES, compute
from tests.explorers.answers import embed_input
from tests.explorers.html import Tags, assert_self_contained

FIRST = EmbeddingBench().state
RUN = recorded_run()
WIDTHS = ("2", "4", "8", "16")

STATES = st.fixed_dictionaries(
    {
        "words": st.lists(st.sampled_from(["the", "king", "queen", "dog", "soup", "Zeus"]), max_size=10).map(" ".join),
        "table": st.sampled_from(["trained", "random"]),
        "checkpoint": st.integers(0, len(RUN.steps) - 1),
        "d_model": st.sampled_from(WIDTHS),
        "seed": st.integers(0, 5),
        "positions": st.sampled_from(SCHEMES),
        "shuffle": st.booleans(),
    }
)


# ---- the recorded run ------------------------------------------------------------------------------------------------


def test_recorded_run_is_that_of_the_recipe():
    trained = train_run()
    assert trained.vocabulary == RUN.vocabulary and trained.steps == RUN.steps == RECORDED_STEPS
    assert torch.allclose(trained.snapshots[0], RUN.snapshots[0], atol=1e-3), "the first table, in half precision"
    assert RUN.snapshots.shape == (len(RUN.steps), len(RUN.vocabulary), 16)
    # The rounding of another processor grows over a thousand steps; what the two know must agree all the same.
    unit = [torch.nn.functional.normalize(run.snapshots[-1], dim=-1) for run in (trained, RUN)]
    assert ((unit[0] @ unit[0].T) - (unit[1] @ unit[1].T)).abs().mean() < 0.1


# ---- the trace -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(STATES)
def test_trace_by_brute_force(state):
    trace = compute(state)
    typed = state["words"].split()
    known = [word for word in typed if word in RUN.vocabulary]
    assert sorted(trace.words) == sorted(known[:MAX_WORDS])
    assert [known[place] for place in trace.order] == list(trace.words)
    assert trace.left_out == max(0, len(known) - MAX_WORDS)
    assert trace.unknown == (("Zeus",) if "Zeus" in typed else ())
    T, d = trace.vectors.shape
    assert (T, d) == (len(trace.words), int(state["d_model"]))
    for i, j in product(range(T), repeat=2):
        a, b = trace.vectors[i], trace.vectors[j]
        assert trace.cosines[i, j] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-4)
    assert trace.repeated == tuple(
        (i, j) for i in range(T) for j in range(T) if i < j and trace.words[i] == trace.words[j]
    )
    if trace.repeated:
        assert trace.told_apart == (state["positions"] != "none")
    if state["positions"] in ("none", "rotary"):
        assert trace.lengths_kept
    moved = np.array([trace.order[place] != place for place in range(T)], dtype=bool)
    if state["positions"] == "none" or not state["shuffle"]:
        assert not trace.changes.any() and trace.mean_change < 1e-4
    elif T:
        assert (trace.changes[~moved] < 1e-5).all()
    if state["positions"] in ("learned", "sinusoidal"):
        assert trace.mean_change < 1e-4, "a mean adds up the same tokens and the same places in any order"
    assert render(trace) and describe(trace)


def test_first_state_makes_its_point():
    trace = EmbeddingBench().trace
    assert trace.words == ("the", "king", "sees", "the", "queen") and not trace.told_apart
    assert trace.cosines[0, 3] == pytest.approx(1.0) and trace.analogy[0] == "queen" and trace.step == 1000
    assert [trace.words[i] for i in np.argsort(-trace.cosines[1])[:2]] == ["king", "queen"]


def test_vectors_are_the_tables_and_positions_of_the_package():
    ids = [RUN.vocabulary.index(word) for word in FIRST["words"].split()]
    table = RUN.snapshots[4]
    expected = {
        "none": table[ids],
        "sinusoidal": table[ids] + sinusoidal_positions(5, 16),
        "rotary": apply_rope(table[ids], torch.arange(5)),
    }
    for scheme, vectors in expected.items():
        trace = compute(FIRST | {"checkpoint": 4, "positions": scheme})
        assert np.allclose(trace.vectors, vectors.numpy(), atol=1e-5)


def test_map_keeps_distances_of_two_dimensions_and_fixes_its_signs():
    trace = compute(FIRST | {"d_model": "2", "words": "king queen dog soup"})
    for i, j in product(range(4), repeat=2):
        in_map, true = (np.linalg.norm(rows[i] - rows[j]) for rows in (trace.map, trace.vectors))
        assert in_map == pytest.approx(true, abs=1e-4)
    for seed, words in product(range(6), ("king queen dog soup", "the cat", "dog soup the")):
        trace = compute(FIRST | {"table": "random", "d_model": "4", "seed": seed, "words": words})
        centred = trace.vectors - trace.vectors.mean(axis=0)
        for axis in range(min(2, len(centred) - 1)):  # the direction is what the coordinates are the products with
            direction = np.linalg.lstsq(centred, trace.map[:, axis], rcond=None)[0]
            assert direction[np.abs(direction).argmax()] > 0


def test_training_and_width_are_needed_for_queen():
    assert compute(FIRST | {"checkpoint": 0}).analogy[0] != "queen"
    assert compute(FIRST | {"d_model": "2"}).analogy[0] != "queen"
    assert compute(FIRST | {"table": "random"}).step is None


# ---- the target ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "reached"), [(scheme, scheme == "rotary") for scheme in SCHEMES])
def test_target_is_reached_by_turning_alone(scheme, reached):
    explorer = EmbeddingBench()
    for width, shuffle, table in product(WIDTHS, (False, True), ("trained", "random")):
        explorer.set(positions=scheme, d_model=width, shuffle=shuffle, table=table)
        assert explorer.frame["reached"] == reached, (width, shuffle, explorer.frame["target"])
    explorer.set(words="king queen")
    assert not explorer.frame["reached"] and "no word occurs twice" in explorer.frame["target"]


# ---- the learner's function ------------------------------------------------------------------------------------------


def test_own_function_does_the_work():
    calls = []

    def own(ids, token_table, position_table):
        calls.append((tuple(ids.shape), tuple(token_table.shape), tuple(position_table.shape)))
        return embed_input(ids, token_table, position_table)

    explorer = EmbeddingBench(own)
    assert calls[0] == ((1, 5), (len(RUN.vocabulary), 16), (MAX_WORDS, 16))
    for scheme, shuffle in product(SCHEMES, (False, True)):
        explorer.set(positions=scheme, shuffle=shuffle)
        assert explorer.trace.own_function and explorer.frame["note"] == ""
        assert np.allclose(explorer.trace.vectors, compute(explorer.state).vectors)


def test_own_function_cannot_change_the_recorded_run():
    before = RUN.snapshots.clone()
    EmbeddingBench(lambda ids, tokens, places: tokens.zero_()[ids] + places.zero_()[: ids.shape[1]])
    assert torch.equal(RUN.snapshots, before)


@pytest.mark.parametrize(
    ("own", "error", "message"),
    [
        (lambda ids, tokens, places: tokens[ids[0]], ValueError, r"result must be \(1, 5, 16\), got \(5, 16\)"),
        (lambda ids, tokens, places: 7, ValueError, "got int"),
        (lambda ids, tokens, places: places[ids], IndexError, "out of bounds"),
    ],
)
def test_error_is_shown_and_raised(own, error, message):
    explorer = EmbeddingBench(own)
    assert explorer.frame["error"]
    with pytest.raises(error, match=message):
        explorer.trace  # noqa: B018
    explorer.embed = embed_input
    assert not explorer.frame["error"]


def test_own_run():
    model = SkipGram(4, 6)
    history = model.fit([0, 1, 2, 3] * 9, steps=20, record_every=10, progress=False)
    words = dict(enumerate(("a", "b", "c", "d")))
    explorer = EmbeddingBench(history=history, vocabulary=words)
    explorer.set(words="a b a", d_model="16")
    assert explorer.trace.vectors.shape == (3, 6) and explorer.trace.analogy is None and explorer.trace.step == 20
    assert np.allclose(explorer.trace.vectors[1], model.words[1].detach())
    with pytest.raises(ValueError, match="belong together"):
        EmbeddingBench(history=history)
    with pytest.raises(TypeError, match="what SkipGram.fit returned, got SkipGram"):
        EmbeddingBench(history=model, vocabulary=words)
    for other in (["a", "b"], {word: id for id, word in words.items()}):
        with pytest.raises(ValueError, match=r"the 4 words of the run by id, .* got \("):
            EmbeddingBench(history=history, vocabulary=other)


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_words_of_an_own_run_are_escaped():
    history = SkipGram(3, 4).fit([0, 1, 2] * 9, steps=2, progress=False)
    own = EmbeddingBench(history=history, vocabulary=["<img/src=x/onerror=alert(1)>", "&amp;", "'\""])
    own.set(words="<img/src=x/onerror=alert(1)> &amp; '\"")
    assert len(own.trace.words) == 3
    assert_self_contained(own._still())


def test_svg_escapes_words_and_brings_its_own_ground():
    import base64
    from xml.etree import ElementTree

    history = SkipGram(2, 4).fit([0, 1] * 9, steps=2, progress=False)
    explorer = EmbeddingBench(history=history, vocabulary=["<a&b>", "c"])
    explorer.set(words="<a&b> c")
    (source,) = [value for name, value in Tags(explorer.frame["html"]).attributes if name == "src"]
    svg = ElementTree.fromstring(base64.b64decode(source.partition(",")[2]))
    assert [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")] == ["<a&b>", "c"]
    assert svg.find("{http://www.w3.org/2000/svg}rect").get("fill") == "#ffffff"


@pytest.mark.parametrize("words", ["", " ", "Zeus", "the", "the the", "\ud800", "the " * 20])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_odd_words(words, scheme):
    explorer = EmbeddingBench(embed_input)
    explorer.set(words=words[:80], positions=scheme, shuffle=True)
    assert explorer.frame["html"] and not explorer.frame["error"]
    if words == "Zeus":
        assert "Not in the vocabulary: Zeus. Try: the king sees the queen" in explorer.frame["text"]


def test_what_is_seen_is_said():
    explorer = EmbeddingBench()
    assert "The two 'the' have the same vector." in explorer.frame["text"]
    assert "king - man + woman is nearest to queen" in explorer.frame["text"]
    explorer.set(shuffle=True, positions="learned")
    assert (
        "4 of 5 vectors changed" in explorer.frame["text"] and "the mean of all rows did not" in explorer.frame["text"]
    )


@pytest.mark.parametrize(("scheme", "table", "width"), [*product(SCHEMES, ("trained", "random"), ("4", "16"))])
def test_code_reproduces_the_state(scheme, table, width, capsys):
    explorer = EmbeddingBench()
    explorer.set(
        positions=scheme, table=table, d_model=width, shuffle=True, checkpoint=5, seed=3, words="a king Zeus a"
    )
    namespace = {}
    exec(explorer.code(), namespace)
    assert tuple(namespace["words"]) == explorer.trace.words
    assert np.allclose(namespace["vectors"].numpy(), explorer.trace.vectors, atol=1e-6)
    assert capsys.readouterr().out


def test_code_of_an_own_run_names_the_lessons_variables():
    history = SkipGram(2, 4).fit([0, 1] * 9, steps=2, progress=False)
    explorer = EmbeddingBench(history=history, vocabulary=["a", "b"])
    explorer.set(words="a b")

    class Tokenizer:
        vocabulary = {0: "a", 1: "b"}

    namespace = {"history": history, "tokenizer": Tokenizer}
    exec(explorer.code(), namespace)
    assert np.allclose(namespace["vectors"].numpy(), explorer.trace.vectors)
