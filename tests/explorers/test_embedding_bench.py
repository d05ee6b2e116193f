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
from llmlab.explorers.embedding_bench.recorded import (
    RECORDED,
    RECORDED_STEPS,
    SEEDS,
    WIDTHS,
    recorded_run,
    save_runs,
    train_run,
)
from llmlab.explorers.embedding_bench.values import MAX_WORDS, SCHEMES, compute
from tests.explorers.answers import embed_input
from tests.explorers.html import Tags, assert_self_contained

FIRST = EmbeddingBench().state
RUN = recorded_run()
CHOICES = tuple(map(str, WIDTHS))

STATES = st.fixed_dictionaries(
    {
        "words": st.lists(st.sampled_from(["the", "king", "queen", "dog", "soup", "Zeus"]), max_size=10).map(" ".join),
        "table": st.sampled_from(["trained", "random"]),
        "checkpoint": st.integers(0, len(RUN.steps) - 1),
        "d_model": st.sampled_from(CHOICES),
        "seed": st.integers(0, 5),
        "positions": st.sampled_from(SCHEMES),
        "shuffle": st.booleans(),
    }
)


# ---- the recorded run ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d_model", "seed"), [(16, 0), (4, 2)])
def test_recorded_run_is_that_of_the_recipe(d_model, seed):
    trained, recorded = train_run(d_model, seed), recorded_run(d_model, seed)
    assert trained.vocabulary == recorded.vocabulary and trained.steps == RECORDED_STEPS
    assert recorded.steps == (RECORDED_STEPS if seed == 0 else RECORDED_STEPS[-1:])
    assert recorded.snapshots.shape == (len(recorded.steps), 201, d_model)
    assert trained.loss == pytest.approx(recorded.loss, abs=0.02)
    if seed == 0:
        assert torch.allclose(trained.snapshots[0], recorded.snapshots[0], atol=1 / 256), "the first table, on the grid"
    # The rounding of another processor grows over a thousand steps; what the two know must agree all the same.
    unit = [torch.nn.functional.normalize(run.snapshots[-1], dim=-1) for run in (trained, recorded)]
    assert ((unit[0] @ unit[0].T) - (unit[1] @ unit[1].T)).abs().mean() < 0.1


def test_every_width_and_seed_is_a_run_of_its_own():
    runs = {(width, seed): recorded_run(width, seed) for width in WIDTHS for seed in SEEDS}
    ends = [run.snapshots[-1] for run in runs.values()]
    assert not any(a.shape == b.shape and torch.equal(a, b) for i, a in enumerate(ends) for b in ends[:i])
    losses = [runs[width, 0].loss for width in WIDTHS]
    assert losses == sorted(losses, reverse=True), "a wider table fits better"
    wide = recorded_run(max(WIDTHS)).snapshots[-1]
    for width in WIDTHS[:-1]:  # not the widest run seen along a few directions: its columns would give the narrow ones
        narrow = recorded_run(width).snapshots[-1]
        assert (wide @ torch.linalg.lstsq(wide, narrow).solution - narrow).abs().max() > 0.1, width
    assert RECORDED.stat().st_size < 300_000
    with np.load(RECORDED) as file:
        assert "SkipGram on toy_world(10000)" in str(file["provenance"])


def test_what_is_saved_is_read(tmp_path, monkeypatch):
    runs = {(width, seed): recorded_run(width, seed) for width in WIDTHS for seed in SEEDS}
    path = tmp_path / "runs.npz"
    save_runs(runs, path)
    monkeypatch.setattr("llmlab.explorers.embedding_bench.recorded.RECORDED", path)
    for (width, seed), run in runs.items():
        again = recorded_run.__wrapped__(width, seed)
        assert torch.equal(again.snapshots, run.snapshots) and again.loss == run.loss and again.steps == run.steps


@pytest.mark.parametrize("asked", [{"d_model": 3}, {"seed": 4}])
def test_a_run_that_was_not_recorded_is_refused(asked):
    with pytest.raises(ValueError, match=r"a width of 2, 4, 8, 16, 32 and a seed of 0, 1, 2, 3, got"):
        recorded_run(**asked)


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
    assert np.abs(trace.map).max(initial=0) <= trace.map_span * 1.0001
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


def test_map_of_two_dimensions_is_turned_and_nothing_else():
    trace = compute(FIRST | {"d_model": "2", "words": "king queen dog soup"})
    for i, j in product(range(4), repeat=2):
        in_map, true = (np.linalg.norm(rows[i] - rows[j]) for rows in (trace.map, trace.vectors))
        assert in_map == pytest.approx(true, abs=1e-4)
    assert np.allclose(np.linalg.norm(trace.map, axis=1), np.linalg.norm(trace.vectors, axis=1), atol=1e-4)


def test_map_shows_the_words_along_the_directions_in_which_they_differ_most_at_the_end():
    trace = compute(FIRST | {"words": "king queen dog soup"})
    rows = RUN.snapshots[-1][[RUN.vocabulary.index(word) for word in trace.words]].double().numpy()
    values, directions = np.linalg.eigh(np.cov(rows.T))
    for axis, direction in enumerate((directions[:, -1], directions[:, -2])):
        expected = rows @ direction
        assert np.allclose(trace.map[:, axis], expected, atol=1e-4) or np.allclose(
            trace.map[:, axis], -expected, atol=1e-4
        )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_map_stays_where_it_is_while_checkpoints_and_order_change(scheme):
    states = [
        FIRST | {"checkpoint": checkpoint, "positions": scheme, "shuffle": shuffle}
        for checkpoint, shuffle in product(range(len(RUN.steps)), (False, True))
    ]
    traces = [compute(state) for state in states]
    assert len({trace.map_span for trace in traces}) == 1
    # One pair of directions explains every map: 22 maps of 5 words, 16 numbers each.
    vectors, places = (np.concatenate(rows) for rows in ([t.vectors for t in traces], [t.map for t in traces]))
    found, *_ = np.linalg.lstsq(vectors.astype(float), places, rcond=None)
    assert np.allclose(vectors @ found, places, atol=1e-3)


def test_training_and_width_are_needed_for_queen():
    assert compute(FIRST | {"checkpoint": 0}).analogy[0] != "queen"
    assert compute(FIRST | {"d_model": "2"}).analogy[0] != "queen"
    assert compute(FIRST | {"table": "random"}).step is None


@pytest.mark.parametrize("width", CHOICES)
def test_the_dimension_shows_the_run_of_that_width(width):
    explorer = EmbeddingBench()
    explorer.set(d_model=width, words="king")
    run = recorded_run(int(width))
    assert np.allclose(explorer.trace.vectors, run.snapshots[-1][[run.vocabulary.index("king")]])
    assert f"loss at this run&#x27;s end <b>{run.loss:.2f}</b>" in explorer.frame["html"]


def changed_by_the_seed(explorer, state) -> bool:
    frames = []
    for seed in range(6):
        explorer.set(**state | {"seed": seed})
        frames.append((explorer.frame["html"], explorer.frame["text"]))
    return len(set(frames)) > 1


@pytest.mark.parametrize(("table", "scheme", "shuffle"), [*product(("trained", "random"), SCHEMES, (False, True))])
def test_a_control_that_does_nothing_is_declared_off(table, scheme, shuffle):
    explorer = EmbeddingBench()
    state = {"table": table, "positions": scheme, "shuffle": shuffle}
    explorer.set(**state)
    off = explorer.off(explorer.trace)
    assert ("seed" in off) != changed_by_the_seed(explorer, state)
    assert ("checkpoint" in off) == (table == "random")
    assert "d_model" not in off
    assert all(name in explorer.state and reason for name, reason in off.items())


# ---- the target ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "reached"), [(scheme, scheme == "rotary") for scheme in SCHEMES])
def test_target_is_reached_by_turning_alone(scheme, reached):
    explorer = EmbeddingBench()
    for width, shuffle, table in product(CHOICES, (False, True), ("trained", "random")):
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
    explorer.set(words="a b a")
    assert explorer.state["d_model"] == "6" and "d_model" in explorer.off(explorer.trace)
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


def test_random_positions_are_called_random():
    explorer = EmbeddingBench()
    for scheme in SCHEMES:
        explorer.set(positions=scheme)
        for part in ("html", "text"):
            assert ("still random" in explorer.frame[part]) == (scheme == "learned")


def test_what_is_seen_is_said():
    explorer = EmbeddingBench()
    assert "The two 'the' have the same vector." in explorer.frame["text"]
    assert "king - man + woman is nearest to queen" in explorer.frame["text"]
    explorer.set(shuffle=True, positions="learned")
    assert (
        "4 of 5 vectors changed" in explorer.frame["text"] and "the mean of all rows did not" in explorer.frame["text"]
    )


@pytest.mark.parametrize(("scheme", "table", "width"), [*product(SCHEMES, ("trained", "random"), ("4", "32"))])
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
