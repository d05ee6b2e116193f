"""Sampling over a whole vocabulary in every dtype: the largest logit, the smallest nucleus, nothing impossible."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.generation import generate, sampling_probabilities
from llmlab.generation.sampling import draw
from tests.core.gpts import model_of

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
V = 50_257


def logits_of(seed, dtype, rows=2, spread=1.5):
    """Of a whole vocabulary: in 16 bits many tokens share each value."""
    return (torch.randn(rows, V, generator=seeded(seed), dtype=torch.float64) * spread).to(dtype)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dtype", FLOATS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 9_999), spread=st.sampled_from([0.02, 1.0, 6.0]), temperature=st.sampled_from([0.3, 1, 3.0]))
def test_the_largest_logit_alone_the_first_of_several(dtype, seed, spread, temperature):
    logits = logits_of(seed, dtype, spread=spread)
    logits[:, [V // 3, V // 2]] = logits.amax(-1, keepdim=True)  # the largest is there twice at least
    first = (logits == logits.amax(-1, keepdim=True)).int().argmax(-1)
    for kept in (
        sampling_probabilities(logits, temperature=0),
        sampling_probabilities(logits, temperature=temperature, top_k=1),
    ):
        assert kept.sum().item() == len(logits) and (kept.gather(-1, first[:, None]) == 1).all()
        assert torch.equal(draw(kept, seeded(seed))[:, 0], first)


@pytest.mark.parametrize("dtype", FLOATS)
@settings(max_examples=6, deadline=None)
@given(
    seed=st.integers(0, 9_999),
    temperature=st.sampled_from([0.3, 1.0, 2.5]),
    top_k=st.none() | st.sampled_from([2, 40, 5_000]),
    top_p=st.floats(0.05, 0.995),
)
def test_the_nucleus_is_the_smallest_that_reaches_p(dtype, seed, temperature, top_k, top_p):
    logits = logits_of(seed, dtype)
    probabilities = sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)
    exact = logits.double() / temperature
    if top_k is not None:
        exact = exact.masked_fill(exact < exact.topk(top_k).values[:, -1:], -torch.inf)
    exact = exact.softmax(-1)
    kept = probabilities > 0
    shares = (exact * kept).sum(-1)  # of all, what the kept tokens have
    rounding = 1e-12 if dtype == torch.float64 else 2e-5  # 50,257 additions
    assert (shares >= top_p - rounding).all()
    least = exact.masked_fill(~kept, 2).amin(-1)
    assert (shares - least < top_p + rounding).all()  # without the least probable it would not do
    assert (exact.masked_fill(kept, 0).amax(-1) <= least).all()  # none that is left out is more probable
    torch.testing.assert_close(probabilities.double(), exact * kept / shares[:, None], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("dtype", [*FLOATS, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize("options", [{}, {"top_k": 2}, {"top_p": 0.6}, {"temperature": 0}, {"top_k": 1}])
def test_probabilities_come_in_32_bits_at_least(dtype, options):
    logits = torch.tensor([[1, 4, 2, 3], [5, 5, 0, 1]]).to(dtype)
    found = sampling_probabilities(logits, **options)
    assert found.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    torch.testing.assert_close(found.double(), sampling_probabilities(logits.double(), **options))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_token_of_probability_0_is_never_drawn(dtype):
    logits = logits_of(1, dtype, rows=40, spread=4.0)
    logits[:, ::3] = -torch.inf
    for options in ({}, {"top_k": 30}, {"top_p": 0.9}, {"temperature": 0.2}):
        probabilities = sampling_probabilities(logits, **options)
        for seed in range(3):
            assert (probabilities.gather(-1, draw(probabilities, seeded(seed))) > 0).all()


def test_not_even_where_pytorch_draws_it(monkeypatch):
    monkeypatch.setattr(torch, "multinomial", lambda p, n, generator: torch.tensor([[0], [0], [2]]))
    probabilities = torch.tensor([[0.0, 0.3, 0.7], [0.5, 0.5, 0.0], [0.9, 0.1, 0.0]])
    assert draw(probabilities).tolist() == [[2], [0], [0]]


def test_draws_are_pytorchs_own():
    probabilities = sampling_probabilities(torch.randn(60, 200, generator=seeded()))
    assert torch.equal(draw(probabilities, seeded(5)), torch.multinomial(probabilities, 1, generator=seeded(5)))


@pytest.mark.parametrize("temperature", [1e-30, 1e-3, 1e30, 1e39, 1e300])
def test_no_temperature_makes_an_impossible_token_possible(temperature):
    logits = torch.tensor([3e-9, 2e-9, -torch.inf, 1e-9])
    found = sampling_probabilities(logits, temperature=temperature)
    assert found[2] == 0 and found.sum() == pytest.approx(1)
    assert found.tolist() == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3] if temperature > 1 else found.tolist())


def test_top_p_of_1_keeps_all():
    logits = logits_of(0, torch.float32, spread=3.0)
    assert torch.equal(sampling_probabilities(logits, top_p=1), sampling_probabilities(logits))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_model_in_any_dtype_writes_its_most_probable_tokens(dtype):
    model = model_of(vocab_size=V, d_model=12).to(dtype)
    prompts = torch.randint(V, (4, 3), generator=seeded(1))
    for options in ({"temperature": 0}, {"top_k": 1}, {"top_k": 1, "temperature": 0.7}):
        written = generate(model, prompts, 4, generator=seeded(), **options, use_cache=False)
        for place in range(3, 7):
            with torch.no_grad():
                logits = model(written[:, :place])[:, -1]
            assert torch.equal(written[:, place], (logits == logits.amax(-1, keepdim=True)).int().argmax(-1))


@pytest.mark.parametrize(
    ("logits", "options", "error", "said"),
    [
        (torch.ones(3, dtype=torch.bool), {}, TypeError, "real numbers, got torch.bool"),
        (torch.ones(3, dtype=torch.complex64), {}, TypeError, "real numbers, got torch.complex64"),
        (torch.ones(3).numpy(), {}, TypeError, "must be a tensor, got ndarray"),
        (torch.ones(3), {"temperature": float("nan")}, ValueError, "at least 0, got nan"),
        (torch.ones(3), {"temperature": float("inf")}, ValueError, "must be finite, got inf"),
        (torch.ones(3), {"temperature": True}, TypeError, "must be a number, got True"),
        (torch.ones(3), {"top_p": float("nan")}, ValueError, "above 0 and at most 1, got nan"),
        (torch.ones(3), {"top_k": True}, TypeError, "top_k must be an int, got True"),
        (torch.ones(3), {"top_k": 2.0}, TypeError, "top_k must be an int, got 2.0"),
        (torch.tensor([1.0, torch.nan, 2.0]).half(), {"top_k": 1}, ValueError, "finite number, got nan"),
        (torch.full((3,), -torch.inf).bfloat16(), {"temperature": 0}, ValueError, "finite number, got -inf"),
    ],
)
def test_what_has_no_probabilities_is_named(logits, options, error, said):
    with pytest.raises(error, match=said):
        sampling_probabilities(logits, **options)
