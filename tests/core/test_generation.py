"""Generation: which token, with what probability, and the same with a cache, in a batch, and after a stop."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.generation import generate, sampling_probabilities
from llmlab.gpt import GPT, GPTConfig, attention_maps
from llmlab.training import evaluate, load_checkpoint, save_checkpoint


def model_of(seed=0, **options):
    """Weights large enough for clear preferences."""
    sizes = {"vocab_size": 17, "context_length": 14, "d_model": 12, "n_heads": 4, "n_layers": 2}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = GPT(GPTConfig(**sizes | options)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.2 * torch.randn(parameter.shape)
    return model


MODEL = model_of()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# --- probabilities ---


def by_hand(logits, temperature, top_k, top_p):
    """One token after the other, in order of probability."""
    logits = [logit / temperature for logit in logits]
    if top_k is not None:
        last = sorted(logits, reverse=True)[min(top_k, len(logits)) - 1]
        logits = [logit if logit >= last else -float("inf") for logit in logits]
    raised = torch.tensor(logits, dtype=torch.float64).exp().tolist()
    shares = [value / sum(raised) for value in raised]
    if top_p is not None:
        kept, total = set(), 0.0
        for place in sorted(range(len(shares)), key=lambda place: -shares[place]):
            kept.add(place)
            total += shares[place]
            if total >= top_p:
                break
        shares = [share if place in kept else 0.0 for place, share in enumerate(shares)]
    return [share / sum(shares) for share in shares]


@given(
    seed=st.integers(0, 999),
    size=st.integers(1, 9),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_k=st.none() | st.integers(1, 12),
    top_p=st.none() | st.floats(0.01, 0.99),
)
def test_probabilities_are_what_one_computes_by_hand(seed, size, temperature, top_k, top_p):
    logits = torch.randn(size, generator=seeded(seed), dtype=torch.float64) * 2
    expected = by_hand(logits.tolist(), temperature, top_k, top_p)
    chosen = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    assert sampling_probabilities(logits, **chosen).tolist() == pytest.approx(expected, abs=1e-12)
    both = sampling_probabilities(torch.stack([logits, logits.flip(0)]), **chosen)
    assert both[1].flip(0).tolist() == pytest.approx(expected, abs=1e-12)


def test_temperature_zero_is_the_largest_logit_and_top_p_keeps_at_least_one():
    logits = torch.tensor([[1.0, 3.0, 2.0], [5.0, 1.0, 1.0]])
    assert sampling_probabilities(logits, temperature=0).tolist() == [[0, 1, 0], [1, 0, 0]]
    assert sampling_probabilities(logits, top_p=1e-9).tolist() == [[0, 1, 0], [1, 0, 0]]
    torch.testing.assert_close(sampling_probabilities(logits, top_p=1.0), logits.softmax(-1))
    for temperature in (0, 1):  # whole numbers are logits too
        whole = sampling_probabilities(logits.long(), temperature=temperature)
        torch.testing.assert_close(whole, sampling_probabilities(logits, temperature=temperature))


def test_of_equal_logits_those_in_front_come_first():
    equal = torch.zeros(64)
    kept = sampling_probabilities(equal, top_p=0.5)  # exactly 32 of 64 reach it
    assert kept.tolist() == [1 / 32] * 32 + [0] * 32
    assert sampling_probabilities(torch.tensor([1.0, 3.0, 3.0]), temperature=0).tolist() == [0, 1, 0]
    assert sampling_probabilities(torch.tensor([3.0, 1.0, 3.0, 3.0]), top_k=2).tolist() == pytest.approx(
        [1 / 3, 0, 1 / 3, 1 / 3]  # the last place is shared
    )


# --- generation ---


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    sampling=st.sampled_from([{"temperature": 0}, {"top_k": 3}, {"top_p": 0.8, "temperature": 1.3}]),
    groups=st.sampled_from([None, 2, 1]),
    seed=st.integers(0, 99),
)
def test_the_cache_and_the_batch_change_nothing(lengths, sampling, groups, seed):
    model = MODEL if groups is None else model_of(n_kv_heads=groups)
    prompts = [torch.randint(17, (length,), generator=seeded(seed + i)).tolist() for i, length in enumerate(lengths)]
    cached, uncached = (
        generate(model, prompts, 6, generator=seeded(seed), use_cache=use_cache, **sampling)
        for use_cache in (True, False)
    )
    assert cached == uncached
    assert [row[: len(prompt)] for row, prompt in zip(cached, prompts, strict=True)] == prompts
    assert [len(row) for row in cached] == [length + 6 for length in lengths]
    if sampling == {"temperature": 0}:
        assert cached == [generate(model, [prompt], 6, temperature=0)[0] for prompt in prompts]


def test_greedy_generation_takes_the_largest_logit_each_time():
    ids = torch.tensor([[1, 2, 3], [9, 8, 7]])
    expected = ids
    with torch.no_grad():
        for _ in range(5):
            expected = torch.cat([expected, MODEL(expected)[:, -1:].argmax(-1)], dim=1)
    assert torch.equal(generate(MODEL, ids, 5, temperature=0), expected)


@pytest.mark.parametrize("chosen", [{"temperature": 1.5, "top_k": 5}, {"top_p": 0.8}])
def test_tokens_are_drawn_as_often_as_their_probability_says(chosen):
    ids = torch.tensor([[4, 2]]).expand(4000, 2)
    with torch.no_grad():
        expected = sampling_probabilities(MODEL(ids[:1])[0, -1], **chosen)
    drawn = generate(MODEL, ids, 1, generator=seeded(), **chosen)[:, -1]
    assert 1 < (expected > 0).sum() < 17
    shares = torch.bincount(drawn, minlength=17) / 4000
    assert (shares - expected).abs().max() < 0.03  # standard deviation below 0.008
    assert not shares[expected == 0].any()


def test_the_seed_decides():
    ids = torch.tensor([[1, 2, 3]])
    before = torch.random.get_rng_state()
    texts = [generate(MODEL, ids, 8, generator=seeded(seed), temperature=2.0).tolist() for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_stop_ends_its_row_alone():
    prompts = [[1, 2, 3], [5, 6], [7]]
    free = generate(MODEL, prompts, 7, temperature=0)
    stop = free[0][4]  # the second token that the first row writes
    stopped = generate(MODEL, prompts, 7, temperature=0, stop=stop)
    for row, free_row, prompt in zip(stopped, free, prompts, strict=True):
        places = [place for place in range(len(prompt), len(free_row)) if free_row[place] == stop]
        assert row == (free_row[: places[0] + 1] if places else free_row)
    assert len(stopped[0]) <= 5 and max(map(len, stopped)) > 5
    as_tensor = generate(MODEL, torch.tensor([prompts[0]] * 2), 7, temperature=0, stop=[stop])
    assert as_tensor.tolist() == [stopped[0]] * 2  # all rows have stopped: nothing more is computed


def test_rows_of_a_tensor_that_stopped_are_filled_with_the_stop_id():
    ids = torch.tensor([[1, 2, 3], [9, 8, 7]])
    free = generate(MODEL, ids, 7, temperature=0).tolist()
    stop = next(id for id in free[0][3:] if id not in free[1][3:])
    rows = generate(MODEL, ids, 7, temperature=0, stop=stop).tolist()
    place = free[0].index(stop, 3)
    assert rows[0] == free[0][: place + 1] + [stop] * (len(free[0]) - place - 1) and rows[1] == free[1]


def test_a_stop_in_the_prompt_stops_nothing():
    free = generate(MODEL, [[1, 2, 3]], 4, temperature=0)
    for stop in {1, 2, 3} - set(free[0][3:]):
        assert generate(MODEL, [[1, 2, 3]], 4, temperature=0, stop=stop) == free
    assert len({1, 2, 3} - set(free[0][3:])) >= 2


def test_no_gradients_are_recorded():
    recorded = []
    hook = MODEL.register_forward_hook(lambda *_: recorded.append(torch.is_grad_enabled()))
    generate(MODEL, [[1, 2]], 3)
    hook.remove()
    assert recorded == [False] * 3


def test_the_mode_of_the_model_is_put_back_and_dropout_is_off():
    model = model_of(dropout=0.5)
    expected = generate(model, [[1, 2]], 5, temperature=0)
    assert not model.training
    model.train()
    assert generate(model, [[1, 2]], 5, temperature=0) == expected and model.training
    with pytest.raises(ValueError, match="not in the vocabulary"):
        generate(model, [[1, 99]], 5)
    assert model.training


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (
            lambda: generate(MODEL, [[1] * 10], 5),
            ValueError,
            "10 tokens and 5 new ones .* context of 14: .* most 4 new",
        ),
        (lambda: generate(MODEL, [[1] * 20], 5), ValueError, "at most 0 new ones, or give slide=True"),
        (lambda: generate(MODEL, [[]], 5), ValueError, "at least one token"),
        (lambda: generate(MODEL, [], 5), ValueError, "at least one token"),
        (lambda: generate(MODEL, torch.zeros(1, 2), 5), TypeError, r"got torch.float32 of shape \(1, 2\)"),
        (lambda: generate(MODEL, torch.tensor([1, 2]), 5), TypeError, r"shape \(2,\)"),
        (lambda: generate(MODEL, [1, 2], 5), TypeError, "a list of prompts"),
        (lambda: generate(MODEL, "text", 5), TypeError, "a list of prompts"),
        (lambda: generate(MODEL, [["a"]], 5), TypeError, "each a list of int"),
        (lambda: generate(MODEL, [[1]], -1), ValueError, "max_new_tokens must be at least 0"),
        (lambda: generate(MODEL, [[1]], 5, temperature=-1), ValueError, "temperature must be at least 0"),
        (lambda: generate(MODEL, [[1]], 5, top_k=0), ValueError, "top_k must be at least 1"),
        (lambda: generate(MODEL, [[1]], 5, top_p=0), ValueError, "top_p must be above 0 and at most 1"),
        (lambda: generate(MODEL, [[1]], 5, top_p=1.2), ValueError, "got 1.2"),
        (lambda: generate(MODEL, [[1]], 5, stop="."), TypeError, "stop must be a token id"),
        (lambda: generate(MODEL, [[1]], 5, stop=1.5), TypeError, "stop must be a token id or several, got 1.5"),
        (lambda: generate(MODEL, None, 5), TypeError, "a list of prompts"),
        (lambda: generate("gpt2", [[1]], 5), TypeError, "model must be a GPT, got str"),
        (lambda: generate(MODEL, [[1]], 5, generator=0), TypeError, r"got 0: write torch.Generator\(\).manual_seed"),
        (
            lambda: generate(MODEL, [[1]], 5, temperature="1"),
            TypeError,
            r"temperature must be a number, got '1' \(str\)",
        ),
        (lambda: generate(MODEL, [[1]], 5, top_p=None, temperature=None), TypeError, "temperature must be a number"),
        (lambda: generate(MODEL, [[1]], 5, top_p="0.9"), TypeError, "top_p must be a number"),
        (lambda: sampling_probabilities([1.0, 2.0]), TypeError, "logits must be a tensor, got list"),
        (lambda: sampling_probabilities(torch.tensor(1.0)), ValueError, r"at least one token, got \(\)"),
        (lambda: sampling_probabilities(torch.zeros(2, 0)), ValueError, r"at least one token, got \(2, 0\)"),
        (
            lambda: sampling_probabilities(torch.tensor([1, torch.nan])),
            ValueError,
            "finite number, got nan: has the model",
        ),
        (lambda: sampling_probabilities(torch.tensor([1, torch.inf]), temperature=0), ValueError, "got inf"),
        (lambda: sampling_probabilities(torch.full((2, 3), -torch.inf)), ValueError, "got -inf"),
        (
            lambda: sampling_probabilities(torch.ones(3), temperature=1e-45),
            ValueError,
            "is the temperature too close to 0",
        ),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()


# --- past the context length ---


def one_by_one(model, prompt, n, choose):
    """The model asked anew for every token, with the newest tokens that fit."""
    row = list(prompt)
    for _ in range(n):
        with torch.no_grad():
            row.append(choose(model(torch.tensor([row[-model.config.context_length :]]))[0, -1]))
    return row


@settings(max_examples=10, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 19), min_size=1, max_size=3),
    n=st.integers(0, 20),
    groups=st.sampled_from([None, 2]),
    use_cache=st.booleans(),
    seed=st.integers(0, 99),
)
def test_sliding_is_the_model_on_its_newest_tokens(lengths, n, groups, use_cache, seed):
    model = MODEL if groups is None else model_of(n_kv_heads=groups)
    prompts = [torch.randint(17, (length,), generator=seeded(seed + i)).tolist() for i, length in enumerate(lengths)]
    written = generate(model, prompts, n, temperature=0, use_cache=use_cache, slide=True)
    assert written == [one_by_one(model, prompt, n, lambda logits: int(logits.argmax())) for prompt in prompts]


@pytest.mark.parametrize("use_cache", [True, False])
def test_sliding_draws_from_the_newest_tokens(use_cache):
    generator = seeded(3)
    expected = one_by_one(
        MODEL,
        [1, 2, 3],
        40,
        lambda logits: int(torch.multinomial(sampling_probabilities(logits[None]), 1, generator=generator)),
    )
    ids = torch.tensor([[1, 2, 3]])
    assert generate(MODEL, ids, 40, generator=seeded(3), use_cache=use_cache, slide=True).tolist() == [expected]


def test_sliding_changes_nothing_within_the_context():
    prompts = [[1, 2, 3], [4, 5]]
    for options in ({"temperature": 0}, {"generator": seeded(1)}, {"stop": 3, "temperature": 0}):
        expected = generate(MODEL, prompts, 11, **options)
        if "generator" in options:
            options["generator"].manual_seed(1)
        assert generate(MODEL, prompts, 11, **options, slide=True) == expected


@pytest.mark.parametrize("use_cache", [True, False])
def test_a_stop_ends_its_row_alone_past_the_context_too(use_cache):
    prompts = [[1, 2, 3], [5, 6], [7] * 16]
    free = generate(MODEL, prompts, 30, temperature=0, use_cache=use_cache, slide=True)
    for stop in {free[0][16], free[1][25], free[2][17]}:
        stopped = generate(MODEL, prompts, 30, temperature=0, use_cache=use_cache, slide=True, stop=stop)
        for row, free_row, prompt in zip(stopped, free, prompts, strict=True):
            written = free_row[len(prompt) :]
            assert row == free_row[: len(prompt) + (written.index(stop) + 1 if stop in written else 30)]


# --- what counts as a prompt, a stop, a model ---


def as_tokenizers_give(ids):
    return [
        torch.tensor(ids),
        torch.tensor(ids, dtype=torch.int32),
        torch.tensor(ids, dtype=torch.uint8),
        torch.tensor(ids, dtype=torch.int8),
        np.array(ids),
        np.array(ids, dtype=np.uint16),
        [np.array(row, dtype=np.int32) for row in ids],
        [torch.tensor(row) for row in ids],
        [[np.int64(id) for id in row] for row in ids],
        tuple(map(tuple, ids)),
    ]


def test_ids_of_every_kind_of_integer():
    ids = [[1, 2, 3], [9, 8, 7]]
    expected = generate(MODEL, ids, 4, temperature=0)
    for prompts in as_tokenizers_give(ids):
        written = generate(MODEL, prompts, np.int64(4), temperature=0)
        if isinstance(prompts, torch.Tensor):
            assert written.dtype == torch.int64 and written.tolist() == expected
        else:
            assert written == expected and {type(id) for row in written for id in row} == {int}


def test_stops_of_every_kind_of_integer():
    free = generate(MODEL, [[1, 2, 3]], 6, temperature=0)
    stop = free[0][5]
    expected = generate(MODEL, [[1, 2, 3]], 6, temperature=0, stop=stop)
    assert len(expected[0]) < len(free[0])
    unused = [id for id in range(17) if id not in free[0]]
    assert generate(MODEL, [[1, 2, 3]], 6, temperature=0, stop=unused) == free
    for one_or_several in (
        np.int64(stop),
        torch.tensor(stop),
        [np.uint8(stop)],
        {stop, *unused},
        np.array([stop, unused[0]]),
        torch.tensor([stop]),
        iter([stop]),
    ):
        assert generate(MODEL, [[1, 2, 3]], 6, temperature=0, stop=one_or_several) == expected
    assert generate(MODEL, [[1, 2, 3]], 6, temperature=0, stop=[]) == free


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: generate(MODEL, [[1, 17]], 2), ValueError, "token id 17 is not in the vocabulary, .* 0 to 16"),
        (lambda: generate(MODEL, [[-1]], 2), ValueError, "token id -1 is not in the vocabulary"),
        (lambda: generate(MODEL, [[2**70]], 2), ValueError, "is not in the vocabulary"),
        (lambda: generate(MODEL, torch.tensor([[99]]), 0), ValueError, "token id 99 is not in the vocabulary"),
        (lambda: generate(MODEL, [[1] * 30 + [2, 99] + [1] * 30], 2, slide=True), ValueError, "token id 99"),
        (lambda: generate(MODEL, [[1.0]], 2), TypeError, "each a list of int .*got 1.0"),
        (lambda: generate(MODEL, [[True]], 2), TypeError, "each a list of int .*got True"),
        (lambda: generate(MODEL, [[np.True_]], 2), TypeError, "each a list of int"),
        (lambda: generate(MODEL, np.ones((1, 2)), 2), TypeError, "each a list of int"),
        (lambda: generate(MODEL, [torch.ones(2)], 2), TypeError, "each a list of int"),
        (lambda: generate(MODEL, np.array([1, 2]), 2), TypeError, "a list of prompts"),
        (lambda: generate(MODEL, np.array(5), 2), TypeError, "a list of prompts"),
        (lambda: generate(MODEL, [torch.tensor(1)], 2), TypeError, "a list of prompts"),
        (lambda: generate(MODEL, torch.tensor(1), 2), TypeError, r"of shape \(\)"),
        (lambda: generate(MODEL, torch.ones(1, 2, dtype=torch.bool), 2), TypeError, "got torch.bool"),
        (lambda: generate(MODEL, torch.zeros(0, 3).long(), 2), ValueError, "at least one token"),
        (lambda: generate(MODEL, torch.zeros(3, 0).long(), 2), ValueError, "at least one token"),
        (lambda: generate(MODEL, [[1]], 2.0), TypeError, "max_new_tokens must be an int, got 2.0"),
        (lambda: generate(MODEL, [[1]], True), TypeError, "max_new_tokens must be an int, got True"),
        (lambda: generate(MODEL, [[1]], 2, stop=True), TypeError, "stop must be a token id or several, got True"),
        (lambda: generate(MODEL, [[1]], 2, stop="<|endoftext|>"), TypeError, "endoftext.*encode the text first"),
        (lambda: generate(MODEL, [[1]], 2, stop=[1.0]), TypeError, "stop must be a token id or several"),
        (lambda: generate(MODEL, [[1]], 2, stop=17), ValueError, "stop id 17 is not in the vocabulary"),
        (lambda: generate(MODEL, [[1]], 2, stop=[3, -1]), ValueError, "stop id -1 is not in the vocabulary"),
        (lambda: generate(MODEL, [[1]], 2, slide="yes"), TypeError, "slide must be True or False, got str"),
        (lambda: generate(MODEL, [[1]], 2, use_cache=None), TypeError, "use_cache must be True or False"),
    ],
)
def test_what_is_no_id_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_a_generator_of_another_device_is_named():
    with pytest.raises(ValueError, match=r"draws on cpu, the numbers are needed on meta: write torch.Generator\('meta"):
        generate(model_of().to("meta"), [[1]], 2, generator=seeded())


@pytest.fixture(scope="module")
def compiled():
    model = model_of(dropout=0.5)
    return model, torch.compile(model, backend="eager")


def test_a_compiled_model_writes_the_same(compiled):
    model, wrapped = compiled
    assert generate(wrapped, [[1, 2], [3]], 9, temperature=0) == generate(model, [[1, 2], [3]], 9, temperature=0)
    ids = torch.tensor([[1, 2, 3]])
    assert torch.equal(attention_maps(wrapped, ids), attention_maps(model, ids))
    loader = [(ids, ids)]
    assert evaluate(wrapped, loader) == pytest.approx(evaluate(model, loader), rel=1e-5)


def test_a_compiled_model_is_saved_under_the_names_of_its_own(compiled, tmp_path):
    model, wrapped = compiled
    save_checkpoint(tmp_path, wrapped)
    saved, _ = load_checkpoint(tmp_path)
    assert saved.config == model.config
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in saved.state_dict().items())


def modes_of(model):
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("frozen", [[], ["embedding"], ["blocks.1", "head"]])
def test_every_part_keeps_its_mode(frozen):
    model, ids = model_of(dropout=0.5).train(), torch.tensor([[1, 2, 3]])
    for name in frozen:
        model.get_submodule(name).eval()
    before = modes_of(model)
    seen = []
    hook = model.register_forward_pre_hook(lambda *_: seen.append(modes_of(model)))
    generate(model, ids, 2)
    evaluate(model, [(ids, ids)])
    assert modes_of(model) == before
    hook.remove()
    assert not any(map(any, seen)) and len(seen) == 3
    hook = model.head.register_forward_hook(lambda *_: 1 / 0)
    for call in (lambda: generate(model, ids, 2), lambda: evaluate(model, [(ids, ids)])):
        with pytest.raises(ZeroDivisionError):
            call()
        assert modes_of(model) == before
    hook.remove()


def test_parts_in_evaluation_mode_stay_so_inside_a_compiled_model(compiled):
    model, wrapped = compiled
    model.train()
    model.embedding.eval()
    before, ids = modes_of(model), torch.tensor([[1, 2]])
    generate(wrapped, ids, 2)
    evaluate(wrapped, [(ids, ids)])
    assert modes_of(model) == before and wrapped.training
    model.eval()


def test_there_must_be_something_to_evaluate_on():
    ids = torch.tensor([[1, 2, 3]])
    with pytest.raises(ValueError, match="no batch to evaluate on"):
        evaluate(MODEL, [])
    with pytest.raises(ValueError, match="every target is -100, which counts for nothing"):
        evaluate(MODEL, [(ids, torch.full_like(ids, -100))])
    with pytest.raises(TypeError, match="targets must be a tensor of ids, got ndarray"):
        evaluate(MODEL, [(ids, ids.numpy())])
