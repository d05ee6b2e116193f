"""The embedding bench without a browser: its trace against brute force, its picture, the learner's function in it."""

import re
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.embeddings import SkipGram, apply_rope, sinusoidal_positions
from llmlab.explorers import EmbeddingBench
from llmlab.explorers.embedding_bench import numbers
from llmlab.explorers.embedding_bench.picture import render
from llmlab.explorers.embedding_bench.plane import MAP_WIDTH, SHAPE, plane_of
from llmlab.explorers.embedding_bench.recorded import (
    RECORDED,
    RECORDED_STEPS,
    SEEDS,
    WIDTHS,
    recorded_run,
    save_runs,
    train_run,
)
from llmlab.explorers.embedding_bench.values import MAX_WORDS, NEAREST, SAME, SCHEMES, compute
from llmlab.explorers.embedding_bench.words import describe, why
from tests.explorers.answers import embed_input
from tests.explorers.html import assert_self_contained

FIRST = EmbeddingBench().state
RUN = recorded_run()
CHOICES = tuple(map(str, WIDTHS))

STATES = st.fixed_dictionaries(
    {
        "near": st.sampled_from(["king", "the", "Zeus", ""]),
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


def table_of(state):
    run = recorded_run(int(state["d_model"]))
    if state["table"] == "random":
        return torch.randn(run.snapshots.shape[1:], generator=torch.Generator().manual_seed(state["seed"])).numpy()
    return run.snapshots[state["checkpoint"]].numpy()


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
    table = table_of(state)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    for place, word in enumerate(trace.words):
        cosines = unit @ trace.vectors[place] / np.linalg.norm(trace.vectors[place])
        assert cosines[RUN.vocabulary.index(trace.nearest_word[place])] == pytest.approx(cosines.max(), abs=1e-5)
        assert trace.still_nearest[place] == (trace.nearest_word[place] == word)
        assert trace.same_length[place] == (abs(trace.lengths[place] / trace.token_lengths[place] - 1) <= 1e-3)
    assert trace.near == (state["near"] if state["near"] in RUN.vocabulary else "")
    if trace.near:
        cosines = dict(zip(RUN.vocabulary, unit @ unit[RUN.vocabulary.index(trace.near)], strict=True))
        best = sorted((word for word in cosines if word != trace.near), key=cosines.get)[-NEAREST:][::-1]
        assert [cosine for _, cosine in trace.neighbours] == pytest.approx([cosines[word] for word in best], abs=1e-4)
    assert trace.moved == tuple(np.flatnonzero(moved)) and set(trace.noticed) <= set(trace.moved)
    assert all((trace.changes[place] > SAME) == (place in trace.noticed) for place in trace.moved)
    assert render(trace) and describe(trace) and why(trace)


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


def test_map_shows_all_words_along_the_directions_in_which_they_differ_most_at_the_end():
    rows = RUN.snapshots[-1].double().numpy()
    values, directions = np.linalg.eigh(np.cov(rows.T))
    trace = compute(FIRST)
    for axis, direction in enumerate((directions[:, -1], directions[:, -2])):
        expected = rows @ direction
        assert min(np.abs(trace.words_map[:, axis] - sign * expected).max() for sign in (1, -1)) < 1e-4


@pytest.mark.parametrize("scheme", SCHEMES)
def test_maps_stay_where_they_are_whatever_is_set(scheme):
    changes = [*({"checkpoint": checkpoint} for checkpoint in range(len(RUN.steps)))]
    changes += [{"table": "random"}, {"words": "soup a dog"}, {"shuffle": True}]
    traces = [compute(FIRST | {"positions": scheme} | change) for change in changes]
    assert len({id(trace.plane) for trace in traces}) == 1
    vectors, places = (np.concatenate(rows) for rows in ([t.vectors for t in traces], [t.map for t in traces]))
    assert np.allclose(vectors @ traces[0].plane.directions, places, atol=1e-4)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_word_is_inside_its_map_at_every_checkpoint_and_all_maps_have_one_shape(width):
    run = recorded_run(width)
    plane = plane_of(run)
    box = plane.box
    assert box.width / box.height == pytest.approx(SHAPE)
    for checkpoint in range(len(run.steps)):
        trace = compute(FIRST | {"d_model": str(width), "checkpoint": checkpoint})
        x, y = trace.words_map.T
        assert box.left < x.min() and x.max() < box.right and box.bottom < y.min() and y.max() < box.top
        assert np.abs(trace.analogy_map).max() <= plane.analogy_reach * 1.0001
        assert np.allclose(trace.trails[-1], trace.words_map[[RUN.vocabulary.index(w) for w in trace.words]])
        assert len(trace.trails) == checkpoint + 1


def test_the_small_map_keeps_lengths_of_steps_between_king_man_and_woman():
    """Its plane holds all three, so nothing of them is lost in it; the step from king is that from man to woman."""
    table = RUN.snapshots[-1].double().numpy()
    king, man, woman = (table[RUN.vocabulary.index(word)] for word in ("king", "man", "woman"))
    mean = np.mean([np.linalg.norm(word) for word in (king, man, woman)])
    king, man, woman = (word / np.linalg.norm(word) * mean for word in (king, man, woman))
    places = compute(FIRST).analogy_map
    for (i, a), (j, b) in product(((0, king), (2, man), (3, woman), (5, king - man + woman)), repeat=2):
        assert np.linalg.norm(places[i] - places[j]) == pytest.approx(np.linalg.norm(a - b), abs=1e-6)
    assert places[3][0] > places[2][0] and places[0][1] > places[2][1], "woman to the right of man, king above"


@pytest.mark.parametrize("width", WIDTHS)
def test_names_on_the_map_cover_no_other(width):
    run = recorded_run(width)
    plane = plane_of(run)
    across = (run.snapshots[-1].numpy() @ plane.directions) * MAP_WIDTH / plane.box.width  # pixels
    ends = {id: (x, x + 10 + 7 * len(run.vocabulary[id]), y) for id, (x, y) in enumerate(across)}
    for a, b in product(plane.named, repeat=2):
        (start, end, line), (other_start, other_end, other) = ends[a], ends[b]
        assert a == b or start > other_end or end < other_start or abs(line - other) > 15
    left_out = set(range(201)) - plane.named  # and those without a name have no room
    for id in left_out:
        start, end, line = ends[id]
        covers = [start <= ends[b][1] and end >= ends[b][0] and abs(line - ends[b][2]) <= 15 for b in plane.named]
        assert any(covers) or end > plane.box.right * MAP_WIDTH / plane.box.width


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
    assert f"loss at this run&#x27;s end <b>{run.loss:.2f}</b>" in numbers.more(explorer.trace)


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


def reached_by(seed=0, table="trained", checkpoint=10) -> set:
    explorer, found = EmbeddingBench(), set()
    for width, scheme, shuffle in product(CHOICES, SCHEMES, (False, True)):
        state = FIRST | {"d_model": width, "positions": scheme, "shuffle": shuffle, "seed": seed, "table": table}
        if explorer.target(compute(state | {"checkpoint": checkpoint}))[0]:
            found.add((width, scheme, shuffle))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_target_is_reached_by_turning_shuffled_words_of_the_widest_table_alone(seed):
    assert reached_by(seed) == {("32", "rotary", True)}


def test_a_random_table_and_early_checkpoints_reach_it_by_turning_alone_too():
    found = set.union(*(reached_by(seed, "random") for seed in range(6)))
    assert found == {("32", "rotary", True), ("16", "rotary", True)}
    assert set.union(*(reached_by(0, "trained", checkpoint) for checkpoint in range(10))) == {("32", "rotary", True)}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "Not yet: no word stands elsewhere, 5 of 5 lengths kept, 5 of 5 nearest to the word itself."),
        ({"shuffle": True}, "Not yet: 0 of 4 moved words with another vector, 5 of 5 lengths kept, 5 of 5 nearest"),
        ({"shuffle": True, "positions": "rotary"}, "Not yet: 4 of 4 moved words with another vector, 5 of 5 lengths"),
        ({"shuffle": True, "positions": "sinusoidal", "d_model": "32"}, "vector, 0 of 5 lengths kept, 5 of 5 nearest"),
        ({"words": "king"}, "Not yet: no word stands elsewhere, 1 of 1 length kept"),
        ({"words": "Zeus"}, "Not yet: no word to shuffle."),
    ],
)
def test_what_the_target_says_before(state, words):
    explorer = EmbeddingBench()
    explorer.set(**state)
    assert not explorer.frame["reached"] and words in explorer.frame["target"]


def test_the_questions_right_answer_is_measured():
    """What turning costs is alike at 16 and 32; what differs is how near the next word is."""
    cost, next_word = {}, {}
    for width in (16, 32):
        table = recorded_run(width).snapshots[-1]
        unit = torch.nn.functional.normalize(table, dim=-1)
        cosines = unit @ unit.T
        next_word[width] = cosines.fill_diagonal_(-1).amax(dim=1).mean().item()
        turned = [
            apply_rope(table[:, None].expand(-1, MAX_WORDS, -1), torch.arange(MAX_WORDS))[:, place]
            for place in range(1, MAX_WORDS)
        ]
        cost[width] = (
            torch.stack([torch.nn.functional.cosine_similarity(one, table).mean() for one in turned]).mean().item()
        )
    assert abs(cost[16] - cost[32]) < 0.04
    text = EmbeddingBench().question(None).answers[1][2]
    assert f"{next_word[16]:.2f} on average, at 32 of {next_word[32]:.2f}" in text


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


def test_each_word_is_a_dot_and_those_with_a_name_can_be_pressed():
    explorer = EmbeddingBench()
    for word in ("king", "soup", "the", "Zeus", ""):
        explorer.set(near=word)
        trace, html = explorer.trace, explorer.frame["html"]
        assert trace.near == (word if word in RUN.vocabulary else "") and not explorer.frame["error"]
        named = {RUN.vocabulary[id] for id in trace.plane.named}
        pressed = re.findall(r"data-key=\"v\d+\" data-set='{\"near\":\"([^\"]+)\"}'", html)
        expected = named | {*trace.words} | {near for near, _ in trace.neighbours} | ({word} & {*RUN.vocabulary})
        assert len(pressed) == len(set(pressed)) and set(pressed) == expected
        (rest,) = re.findall(r'class="llmlab-rest" d="([^"]*)"', html)
        assert rest.count("M") + len(named) == len(RUN.vocabulary), "every other word is a dot too"
        assert html.count("llmlab-close") == len(trace.neighbours)


def small_names(html: str) -> dict[str, tuple[float, float]]:
    """The words whose small names are written on the map, and where their dots are, in pixels."""
    found = re.findall(
        r'<b data-key="at\d+" style="left:([\d.]+)%;top:([\d.]+)%"><i class="[^"]*llmlab-named[^>]*data-tip="(\w+)"',
        html,
    )
    return {word: (float(x) * 6, float(y) * 6 / SHAPE) for x, y, word in found}


@pytest.mark.parametrize("words", ["the king sees the queen", "cat", "books books", ""])
def test_small_names_give_way_to_those_of_the_sentence(words):
    explorer = EmbeddingBench()
    explorer.set(words=words)
    html = explorer.frame["html"]
    marks = re.findall(
        r'llmlab-place-of llmlab-(\w)"[^>]*style="left:([\d.]+)%;top:([\d.]+)%"><b>([^<]*)', html
    )  # the names in bold; an empty one is that of a word which another dot names
    small = small_names(html)
    for side, left, top, name in marks:
        x, y = float(left) * 6, float(top) * 6 / SHAPE
        begins, lower = {"e": (8, 0), "w": (-68, 0), "n": (-30, -18), "s": (-30, 18)}[side]
        for word, (at, line) in small.items():
            under_dot = at + 4 < x + 5 and at + 4 + 7 * len(word) > x - 5 and abs(line - y) < 15
            covered = at + 4 < x + begins + 60 and at + 4 + 7 * len(word) > x + begins and abs(line - y - lower) < 15
            assert not under_dot and not (name and covered), f"{word} lies under {name}"
    others = explorer.trace.plane.named - {RUN.vocabulary.index(word) for word in words.split()}
    hidden = {RUN.vocabulary[id] for id in others} - small.keys()
    assert len(hidden) <= 3 * len(set(words.split())), "only what is covered gives way"
    assert words or not hidden


def test_the_two_the_are_one_dot_until_they_have_places():
    explorer = EmbeddingBench()
    assert "the<small>0, 3</small>" in explorer.frame["html"] and "the<small>3</small>" not in explorer.frame["html"]
    explorer.set(positions="rotary")
    assert "the<small>0</small>" in explorer.frame["html"] and "the<small>3</small>" in explorer.frame["html"]


def test_dials_turn_by_the_formula():
    explorer = EmbeddingBench()
    assert "llmlab-dial" not in explorer.frame["html"]
    explorer.set(positions="rotary", words="the the the")
    turned = re.findall(r"--now:(-?\d+)deg;--before:(-?\d+)deg", explorer.frame["html"])
    assert len(turned) == 3 * 8
    for place in range(3):
        for pair, (now, before) in enumerate(turned[8 * place : 8 * place + 8]):
            angle = np.degrees(place * 10_000 ** (-2 * pair / 16))
            assert int(before) - int(now) == pytest.approx(angle, abs=1.01)
            assert int(before) % 360 == pytest.approx(int(turned[pair][1]) % 360, abs=1.01), "the word's own hand"


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
        for text in (numbers.more(explorer.trace), explorer.frame["text"]):
            assert ("still random" in text) == (scheme == "learned")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "1,000 steps of training have moved words that stand among the same words together: nearest to king are "),
        ({"checkpoint": 0}, "This table was drawn at random and has learned nothing: nearest to king are duck, wear,"),
        (
            {"table": "random", "near": ""},
            "has learned nothing. A table has one row for a word: the two <b>the</b> are",
        ),
        ({"words": "king"}, "A table has one row for a word: a word is the same dot wherever it stands."),
        ({"shuffle": True}, "4 words stand elsewhere, and no vector shows it."),
        (
            {"positions": "learned"},
            "added to each word: the two <b>the</b> part, and 5 of 5 lengths changed; 1 vector of",
        ),
        (
            {"positions": "rotary", "shuffle": True},
            "no length changed; 3 vectors of 5 are still nearest to the word itself. 4",
        ),
    ],
)
def test_reasons(state, words):
    explorer = EmbeddingBench()
    explorer.set(**state)
    assert words in explorer.frame["why"]


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


def test_the_slider_of_checkpoints_names_the_step():
    (checkpoint,) = (one for one in EmbeddingBench().controls if one["name"] == "checkpoint")
    assert (checkpoint["values"][-1], checkpoint["labels"][-1]) == (10, "step 1,000")
    assert checkpoint["labels"][0] == "step 0"
