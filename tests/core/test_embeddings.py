"""llmlab.embeddings against brute force, complex numbers and PyTorch; word vectors against the toy world's grammar."""

import math
from collections import Counter
from itertools import pairwise, permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from llmlab.corpus import _toyworld, toy_world
from llmlab.embeddings import InputEmbedding, SkipGram, _skipgram, apply_rope, one_hot_lookup, sinusoidal_positions
from llmlab.embeddings._skipgram import neighbour_pairs
from llmlab.tokenizers import WordTokenizer


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# ---- lookup ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3), (2, 3, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_hot_is_the_lookup_in_values_and_gradients(shape, dtype):
    weight = torch.randn(7, 4, generator=generator(), dtype=dtype)
    ids = torch.randint(0, 6, shape, generator=generator(1))  # row 6 is never looked up
    upstream = torch.randn(*shape, 4, generator=generator(2), dtype=dtype)
    found, gradients = [], []
    for lookup in (one_hot_lookup, lambda ids, weight: weight[ids], lambda ids, weight: F.embedding(ids, weight)):
        leaf = weight.clone().requires_grad_()
        rows = lookup(ids, leaf)
        (gradient,) = torch.autograd.grad((rows * upstream).sum(), leaf)
        found.append(rows.detach())
        gradients.append(gradient)
    assert found[0].shape == (*shape, 4) and found[0].dtype == dtype
    for rows, gradient in zip(found[1:], gradients[1:], strict=True):
        assert torch.equal(found[0], rows)
        assert torch.allclose(gradients[0], gradient)
    touched = gradients[0].abs().sum(dim=1) > 0
    assert touched.tolist() == [row in ids.flatten().tolist() for row in range(7)]


# ---- input embedding -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("positions", ["learned", "sinusoidal", None])
def test_input_embedding_adds_token_and_position(positions):
    embed = InputEmbedding(vocab_size=11, d_model=6, context_length=5, positions=positions)
    ids = torch.randint(0, 11, (3, 4), generator=generator())
    vectors = embed(ids)
    places = {
        "learned": lambda t: embed.position.weight[t],
        "sinusoidal": lambda t: sinusoidal_positions(5, 6)[t],
        None: lambda t: torch.zeros(6),
    }[positions]
    assert vectors.shape == (3, 4, 6)
    for b in range(3):
        for t in range(4):
            assert torch.equal(vectors[b, t], embed.token.weight[ids[b, t]] + places(t))
    parameters = {name: tuple(parameter.shape) for name, parameter in embed.named_parameters()}
    expected = {"token.weight": (11, 6)} | ({"position.weight": (5, 6)} if positions == "learned" else {})
    assert parameters == expected == {name: tuple(value.shape) for name, value in embed.state_dict().items()}


def test_leading_axes_are_free_and_the_longest_text_fits():
    embed = InputEmbedding(11, 6, 5)
    ids = torch.randint(0, 11, (2, 3, 5), generator=generator())
    assert torch.equal(embed(ids)[1], embed(ids[1]))
    assert torch.equal(embed(ids)[1, 2], embed(ids[1, 2]))
    assert embed(ids.int()).shape == (2, 3, 5, 6)


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
def test_positions_can_be_given(positions):
    embed = InputEmbedding(11, 6, 5, positions)
    ids = torch.randint(0, 11, (2, 5), generator=generator())
    assert torch.equal(embed(ids[:, 3:], torch.tensor([3, 4])), embed(ids)[:, 3:])
    of_each = torch.tensor([[3, 4], [0, 1]])
    assert torch.equal(embed(ids[:, :2], of_each)[1], embed(ids)[1, :2])
    with pytest.raises(ValueError, match="6 tokens are more than the context length 5"):
        embed(ids[:, :2], torch.tensor([4, 5]))


def test_token_table_is_created_first():
    with torch.random.fork_rng():
        torch.manual_seed(5)
        plain = nn.Embedding(11, 6).weight
        for positions in ("learned", "sinusoidal", None):
            torch.manual_seed(5)
            assert torch.equal(InputEmbedding(11, 6, 5, positions).token.weight, plain)


def test_dropout_is_for_training_alone():
    embed = InputEmbedding(11, 60, 5, dropout=0.5)
    ids = torch.randint(0, 11, (3, 5), generator=generator())
    dropped = embed(ids) == 0
    assert 0.3 < dropped.float().mean() < 0.7
    embed.eval()
    assert not (embed(ids) == 0).any()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"vocab_size": 0}, ValueError, "vocab_size must be at least 1, got 0"),
        ({"d_model": 2.0}, TypeError, "d_model must be an int, got 2.0"),
        ({"context_length": True}, TypeError, "context_length must be an int"),
        ({"positions": "rotary"}, ValueError, '"learned", "sinusoidal" or None, got \'rotary\''),
        ({"positions": "sinusoidal", "d_model": 5}, ValueError, "must be even, got 5"),
        ({"dropout": 2}, ValueError, "dropout must be at least 0 and below 1, got 2"),
    ],
)
def test_sizes_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        InputEmbedding(**{"vocab_size": 11, "d_model": 6, "context_length": 5} | options)


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        (torch.zeros(2, 6, dtype=torch.int64), ValueError, "6 tokens are more than the context length 5: cut the text"),
        (torch.tensor([[3, 11, 12]]), ValueError, "token id 11 is not in the vocabulary, .* from 0 to 10"),
        (torch.tensor([[-1]]), ValueError, "token id -1 is not"),
        (torch.tensor([[1.0]]), TypeError, "got torch.float32"),
        (torch.tensor([[True]]), TypeError, "got torch.bool"),
        (torch.tensor(3), TypeError, r"of shape \(\)"),
        ([[1, 2]], TypeError, r"ids must be a tensor, got list: torch.tensor\(...\) makes one"),
    ],
)
def test_ids_are_checked(ids, error, message):
    with pytest.raises(error, match=message):
        InputEmbedding(11, 6, 5)(ids)


@pytest.mark.parametrize(
    ("at", "error", "message"),
    [
        ([0, 1], TypeError, "positions must be a tensor, got list"),
        (torch.tensor([0.0, 1.0]), TypeError, "positions must be integers, got torch.float32"),
        (torch.tensor([-1, 0]), ValueError, "positions count from 0, got -1"),
        (torch.tensor([0, 1, 2]), ValueError, r"\(T,\) or \(B, T\) for ids \(1, 2\), got shape \(3,\)"),
        (torch.tensor(1), ValueError, r"got shape \(\)"),
    ],
)
def test_given_positions_are_checked(at, error, message):
    with pytest.raises(error, match=message):
        InputEmbedding(11, 6, 5)(torch.tensor([[1, 2]]), at)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_every_type_of_integer_is_an_id(dtype):
    embed = InputEmbedding(11, 6, 5)
    ids = torch.tensor([[1, 10]])
    assert torch.equal(embed(ids.to(dtype)), embed(ids))
    assert torch.equal(one_hot_lookup(ids.to(dtype), embed.token.weight), embed.token(ids))


def test_no_ids_give_no_vectors():
    assert InputEmbedding(11, 6, 5)(torch.zeros(2, 0, dtype=torch.int64)).shape == (2, 0, 6)


def test_one_hot_lookup_is_checked():
    with pytest.raises(TypeError, match="ids must be a tensor, got list"):
        one_hot_lookup([1], torch.zeros(3, 2))
    with pytest.raises(TypeError, match="weight must be a tensor, got list"):
        one_hot_lookup(torch.tensor([1]), [[1.0], [2.0]])
    with pytest.raises(ValueError, match=r"table of shape \(V, D\), got shape \(3,\)"):
        one_hot_lookup(torch.tensor([1]), torch.zeros(3))
    with pytest.raises(ValueError, match="token id 3 is not in the vocabulary, whose ids reach from 0 to 2"):
        one_hot_lookup(torch.tensor([3]), torch.zeros(3, 2))
    with pytest.raises(TypeError, match="integers, got torch.float32"):
        one_hot_lookup(torch.tensor([1.0]), torch.zeros(3, 2))


# ---- positions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("T", "D"), [(1, 2), (7, 4), (50, 10)])
def test_sinusoidal_positions_by_the_definition(T, D):
    table = sinusoidal_positions(T, D)
    assert table.shape == (T, D) and table.dtype == torch.float32
    for t in range(T):
        for i in range(D // 2):
            angle = t / 10_000 ** (2 * i / D)
            assert table[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_sinusoidal_positions_far_out_keep_their_precision():
    angle = 100_000 / 10_000 ** (2 / 4)
    assert sinusoidal_positions(100_001, 4)[-1, 2].item() == pytest.approx(math.sin(angle), abs=1e-6)


SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 6), st.sampled_from([2, 4, 8]))


@given(SHAPES, st.sampled_from([10_000.0, 100.0]), st.integers(0, 999))
def test_rope_is_a_multiplication_of_complex_numbers(shape, theta, seed):
    x = torch.randn(shape, generator=generator(seed), dtype=torch.float64)
    positions = torch.randint(0, 500, shape[:-1], generator=generator(seed + 1))
    numbers = torch.view_as_complex(x.reshape(*shape[:-1], shape[-1] // 2, 2))
    i = torch.arange(shape[-1] // 2)
    angles = positions[..., None].double() / theta ** (2 * i.double() / shape[-1])
    expected = torch.view_as_real(numbers * torch.polar(torch.ones_like(angles), angles)).flatten(-2)
    turned = apply_rope(x, positions, theta)
    assert turned.shape == x.shape and turned.dtype == x.dtype
    assert torch.allclose(turned, expected, atol=1e-12)
    assert torch.allclose(turned.norm(dim=-1), x.norm(dim=-1))


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 99))
def test_rope_sees_only_distances(p, q, shift, seed):
    query, key = torch.randn(2, 1, 8, generator=generator(seed), dtype=torch.float64)

    def score(p, q):
        return (apply_rope(query, torch.tensor([p])) * apply_rope(key, torch.tensor([q]))).sum().item()

    assert score(p + shift, q + shift) == pytest.approx(score(p, q), abs=1e-9)


def test_rope_depends_on_the_distance():
    query, key = torch.randn(2, 1, 8, generator=generator())
    scores = [(query * apply_rope(key, torch.tensor([distance]))).sum().item() for distance in range(6)]
    assert len({round(score, 3) for score in scores}) == 6


def test_rope_at_position_zero_and_with_shared_positions():
    x = torch.randn(2, 3, 5, 4, generator=generator())  # (B, H, T, d)
    assert torch.equal(apply_rope(x, torch.zeros(5, dtype=torch.int64)), x)
    shared = apply_rope(x, torch.arange(5))
    assert torch.equal(shared[1, 2], apply_rope(x[1, 2], torch.arange(5)))
    of_each = apply_rope(x, torch.arange(5).expand(2, 1, 5))
    assert torch.equal(of_each, shared)
    assert apply_rope(x.bfloat16(), torch.arange(5)).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply_rope(torch.zeros(3, 5), torch.arange(3)), "width must be even, got 5"),
        (lambda: apply_rope(torch.zeros(3, 4), torch.arange(2)), r"got shapes \(3, 4\) and \(2,\)"),
        (lambda: apply_rope(torch.zeros(4), torch.arange(4)), r"must be \(..., T, d\)"),
        (lambda: apply_rope(torch.zeros(3, 4), torch.arange(3), theta=0), "theta must be positive, got 0"),
        (lambda: apply_rope(torch.zeros(2, 3, 4), torch.zeros(5, 3)), r"got shapes \(2, 3, 4\) and \(5, 3\)"),
        (lambda: apply_rope(torch.zeros(3, 4), torch.zeros(5, 3)), r"got shapes \(3, 4\) and \(5, 3\)"),
        (lambda: sinusoidal_positions(3, 5), "width must be even, got 5"),
        (lambda: sinusoidal_positions(0, 4), "T must be at least 1, got 0"),
    ],
)
def test_positions_are_checked(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply_rope([[3.0, 4.0]], torch.tensor([1])), "x must be a tensor, got list"),
        (lambda: apply_rope(torch.zeros(1, 2), [1]), "positions must be a tensor, got list"),
        (lambda: apply_rope(torch.zeros(1, 2), torch.tensor([1]), theta="1"), "theta must be a number, got '1'"),
        (
            lambda: apply_rope(torch.tensor([[3, 4]]), torch.tensor([1])),
            r"got torch.int64: write x.float\(\)",
        ),
    ],
)
def test_rope_wants_tensors_of_floats(call, message):
    with pytest.raises(TypeError, match=message):
        call()


# ---- skip-gram -------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 20), max_size=6), min_size=1, max_size=4), st.integers(1, 4))
def test_pairs_stay_within_their_row(rows, window):
    expected = Counter(
        (row[i], row[j])
        for row in rows
        for i in range(len(row))
        for j in range(max(0, i - window), min(len(row), i + window + 1))
        if i != j
    )
    tensors = [torch.tensor(row, dtype=torch.int64) for row in rows]
    if not expected:
        with pytest.raises(ValueError, match="no id has a neighbour"):
            neighbour_pairs(tensors, window)
        return
    centres, contexts = neighbour_pairs(tensors, window)
    assert Counter(zip(centres.tolist(), contexts.tolist(), strict=True)) == expected


def test_a_huge_window_looks_no_further_than_the_longest_row(monkeypatch):
    asked = []
    monkeypatch.setattr(_skipgram, "range", lambda *args: asked.append(args) or range(*args), raising=False)
    centres, _ = neighbour_pairs([torch.tensor([0, 1, 2]), torch.tensor([3])] * 50, 10**9)
    assert len(centres) == 50 * 6
    assert asked == [(1, 3)], "distances 1 and 2, of 199 in the whole text"


def test_loss_is_binary_cross_entropy_on_every_question():
    model = SkipGram(9, 4)
    with torch.no_grad():
        model.contexts.copy_(torch.randn(9, 4, generator=generator()))
    centres, contexts = torch.tensor([1, 2]), torch.tensor([3, 8])
    noise = torch.tensor([[0, 4, 5], [6, 7, 1]])
    total = 0.0
    for b in range(2):
        for other, label in [(contexts[b], 1.0), *((other, 0.0) for other in noise[b])]:
            logit = model.words[centres[b]] @ model.contexts[other]
            total += F.binary_cross_entropy_with_logits(logit, torch.tensor(label)).item()
    assert model(centres, contexts, noise).item() == pytest.approx(total / 2, rel=1e-5)


def test_a_run_is_recorded_and_repeats_itself():
    rows = [[0, 1, 2, 3], [4, 1, 2, 5]] * 20
    sizes = {"window": 2, "negatives": 3, "steps": 25, "batch_size": 16, "record_every": 10, "progress": False}
    state = torch.get_rng_state()
    first, again, other = SkipGram(6, 4, seed=1), SkipGram(6, 4, seed=1), SkipGram(6, 4, seed=2)
    start = first.words.detach().clone()
    history = first.fit(rows, **sizes)
    assert torch.equal(torch.get_rng_state(), state), "the global generator is left alone"
    assert history.steps == (0, 10, 20, 25) and len(history.losses) == 3
    assert history.snapshots.shape == (4, 6, 4)
    assert torch.equal(history.snapshots[0], start) and torch.equal(history.snapshots[-1], first.words)
    assert history.losses == again.fit(rows, **sizes).losses != other.fit(rows, **sizes).losses
    assert history.losses[0] == pytest.approx(4 * math.log(2), rel=0.1), "1 + 3 questions, each 50 : 50 at first"


def test_training_uses_one_thread_and_gives_the_others_back(monkeypatch):
    before = torch.get_num_threads()
    used = []
    forward = SkipGram._loss
    monkeypatch.setattr(SkipGram, "_loss", lambda *args: used.append(torch.get_num_threads()) or forward(*args))
    try:
        torch.set_num_threads(3)
        SkipGram(4, 2).fit([0, 1, 2, 3] * 5, steps=2, progress=False)
        assert used == [1, 1] and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_progress_bar_can_be_shown(capsys):
    SkipGram(4, 2).fit([0, 1, 2, 3] * 5, window=1, negatives=1, steps=3, progress=True)
    assert "3 training steps" in capsys.readouterr().err
    SkipGram(4, 2).fit([0, 1, 2, 3] * 5, window=1, negatives=1, steps=3, progress=False)
    assert capsys.readouterr() == ("", "")


def test_neighbours_and_analogies_by_hand():
    model = SkipGram(5, 2)
    with torch.no_grad():
        model.words.copy_(torch.tensor([[1.0, 0.1], [2.0, 1.0], [0.0, 3.0], [-1.0, 0.0], [0.5, 0.5]]))
    assert [id for id, _ in model.most_similar(0, k=2)] == [1, 4]
    best, cosine = model.most_similar(4, k=1)[0]
    assert best == 1 and cosine == pytest.approx(3 / math.sqrt(10))
    assert model.most_similar(torch.tensor(4), k=1) == model.most_similar(4, k=1)
    assert len(model.most_similar(0, k=99)) == 4 and len(model.analogy(0, 1, 2, k=99)) == 2
    unit = F.normalize(model.words.detach(), dim=1)
    for start, minus, plus in permutations(range(5), 3):
        wanted = unit[start] - unit[minus] + unit[plus]
        others = {*range(5)} - {start, minus, plus}
        cosines = {id: F.cosine_similarity(unit[id], wanted, dim=0).item() for id in others}
        found = dict(model.analogy(start, minus, plus))
        assert list(found) == sorted(others, key=lambda id: -cosines[id])
        assert found == pytest.approx(cosines, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SkipGram(0, 4), ValueError, "vocab_size must be at least 1"),
        (lambda: SkipGram(9, 4.0), TypeError, "d_model must be an int"),
        (lambda: SkipGram(9, 4).fit([1, 2, 9]), ValueError, "token id 9 is not in the vocabulary"),
        (lambda: SkipGram(9, 4).fit([[1], [2]]), ValueError, "no id has a neighbour"),
        (lambda: SkipGram(9, 4).fit([]), ValueError, "no ids"),
        (lambda: SkipGram(9, 4).fit("1 2 3"), TypeError, "got str"),
        (lambda: SkipGram(9, 4).fit([0.5, 1.0]), TypeError, "encode the text first"),
        (lambda: SkipGram(9, 4).fit(["a", "b"]), TypeError, "integers"),
        (lambda: SkipGram(9, 4).fit([1, 2], window=0), ValueError, "window must be at least 1, got 0"),
        (lambda: SkipGram(9, 4).fit([1, 2], negatives=2.5), TypeError, "negatives must be an int"),
        (lambda: SkipGram(9, 4).fit([1, 2], learning_rate=0), ValueError, "learning_rate must be positive"),
        (lambda: SkipGram(9, 4).most_similar(9), ValueError, "token id 9"),
        (lambda: SkipGram(9, 4).analogy(1, 2, -1), ValueError, "token id -1"),
        (
            lambda: SkipGram(9, 4).fit([1, 2], learning_rate="0.1"),
            TypeError,
            "learning_rate must be a number, got '0.1'",
        ),
        (lambda: SkipGram(9, 4).fit({1, 2}), TypeError, "a list of rows, got set"),
        (lambda: SkipGram(9, 4)([1], [2], [[3]]), TypeError, "tensors of ids, got list, list, list"),
        (
            lambda: SkipGram(9, 4)(torch.tensor([1]), torch.tensor([2]), torch.tensor([3])),
            ValueError,
            r"noise \(B, K\), got shapes \(1,\), \(1,\), \(1,\)",
        ),
        (lambda: SkipGram(9, 4).most_similar(1, k=0), ValueError, "k must be at least 1"),
        (
            lambda: SkipGram(9, 4).most_similar("king"),
            TypeError,
            r"integers in one row, got list \['king'\]: encode the text first, or look",
        ),
    ],
)
def test_skip_gram_is_checked(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- skip-gram on the toy world --------------------------------------------------------------------------------------


def categories():
    """Every content word of the grammar -> its kind; the one of each kind ("night", "trees") has no fellow to find."""
    kinds = {}
    for singular, plural, _, tags in _toyworld._NOUNS:
        kinds |= dict.fromkeys((singular, plural), tags.split()[0])
    classes = _toyworld._CLASSES
    kinds |= dict.fromkeys(classes["FEELING"], "feeling") | dict.fromkeys(classes["GOOD"], "virtue")
    food = "FOOD", "DRINK", "MEAT", "GRAIN"
    kinds |= dict.fromkeys([word for name in food for word in classes[name]] + ["flies", "dinner"], "food")
    places = "palace cottage house barn cave pond mill school throne land"
    kinds |= dict.fromkeys([*classes["PLACE"], *places.split()], "place")
    kinds |= dict.fromkeys("book books crown crowns hat hats basket baskets toys".split(), "thing")
    family = "father mother son daughter brother sister"
    kinds |= {word + s: "family" for word in family.split() for s in ("", "s")} | {"children": "family"}
    for _, predicate in _toyworld._PREDICATES:
        verb = predicate.split()[0]
        if verb != "is|are":
            forms = classes.get(verb, [verb])
            kinds |= dict.fromkeys((form for word in forms for form in word.split("|")), "verb")
    return kinds


@pytest.fixture(scope="module")
def sentences():
    documents = toy_world(10_000).split(_toyworld.SEPARATOR)
    return [sentence.strip() for document in documents for sentence in document.split(".") if sentence.strip()]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_word_vectors_of_the_toy_world(sentences, seed, record_property):
    tokenizer = WordTokenizer.from_text(" ".join(sentences))
    model = SkipGram(len(tokenizer), 16, seed=seed)
    history = model.fit([tokenizer.encode(sentence) for sentence in sentences], progress=False)
    assert all(later < earlier for earlier, later in pairwise(history.losses[:3]))
    assert history.losses[-1] < 0.8 * history.losses[0] < 6 * math.log(2)

    kinds = categories()
    assert len(kinds) > 160 and set(kinds) <= set(tokenizer.vocabulary.values())
    id_of = {word: id for id, word in tokenizer.vocabulary.items()}

    def nearest(word):
        return tokenizer.vocabulary[model.most_similar(id_of[word], k=1)[0][0]]

    strays = {word: nearest(word) for word, kind in kinds.items() if kinds.get(nearest(word)) != kind}
    record_property("right", f"{len(kinds) - len(strays)} of {len(kinds)}")
    assert len(strays) <= 0.1 * len(kinds), strays
    for start, minus, plus, answer in (
        ("king", "man", "woman", "queen"),
        ("prince", "boy", "girl", "princess"),
    ):
        found = model.analogy(id_of[start], id_of[minus], id_of[plus], k=1)[0][0]
        assert tokenizer.vocabulary[found] == answer
