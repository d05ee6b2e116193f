"""Attention: by loops, by PyTorch, by its own other paths; masks, caches, errors."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from llmlab.attention import (
    CausalAttention,
    KVCache,
    MultiHeadAttention,
    SelfAttention,
    causal_mask,
    influence_map,
    padding_mask,
    prefix_mask,
    scaled_dot_product_attention,
    simplified_attention,
)


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def seeded(module, seed=0):
    """The same weights on every run, whatever the global generator's state; the widths stay those of PyTorch."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / math.sqrt(parameter.shape[-1]))
    return module


def by_loops(q, k, v, mask=None, scale=1.0):
    """Attention as a textbook would say it aloud: one query, one key, one number at a time."""
    context = torch.zeros(q.shape[0], v.shape[1], dtype=q.dtype)
    weights = torch.zeros(q.shape[0], k.shape[0], dtype=q.dtype)
    for i in range(q.shape[0]):
        seen = [j for j in range(k.shape[0]) if mask is None or mask[i, j]]
        raised = {j: math.exp(sum(float(a) * float(b) for a, b in zip(q[i], k[j], strict=True)) * scale) for j in seen}
        for j in seen:
            weights[i, j] = raised[j] / sum(raised.values())
            context[i] += weights[i, j] * v[j]
    return context, weights


# --- the functions ---


@given(T=st.integers(1, 5), d=st.integers(1, 6), leading=st.sampled_from([(), (2,), (3, 2)]), seed=st.integers(0, 99))
def test_simplified_attention_is_what_the_loops_compute(T, d, leading, seed):
    x = normal(*leading, T, d, seed=seed, dtype=torch.float64)
    context, weights, scores = simplified_attention(x)
    for one, its_context, its_weights, its_scores in zip(
        x.reshape(-1, T, d), context.reshape(-1, T, d), weights.reshape(-1, T, T), scores.reshape(-1, T, T), strict=True
    ):
        expected_context, expected_weights = by_loops(one, one, one)
        torch.testing.assert_close(its_context, expected_context)
        torch.testing.assert_close(its_weights, expected_weights)
        torch.testing.assert_close(its_scores, one @ one.T)


@given(
    T_query=st.integers(1, 4),
    T_key=st.integers(1, 5),
    d=st.integers(1, 6),
    scale=st.sampled_from([None, 1.0, 0.3]),
    masked=st.booleans(),
    seed=st.integers(0, 99),
)
def test_scaled_dot_product_attention_is_what_the_loops_compute(T_query, T_key, d, scale, masked, seed):
    q, k, v = (normal(T, w, seed=seed + T, dtype=torch.float64) for T, w in ((T_query, d), (T_key, d), (T_key, d + 1)))
    mask = normal(T_query, T_key, seed=seed) > 0 if masked else None
    context, weights, scores = scaled_dot_product_attention(q, k, v, mask, scale=scale)
    factor = 1 / math.sqrt(d) if scale is None else scale
    expected_context, expected_weights = by_loops(q, k, v, mask, factor)
    torch.testing.assert_close(context, expected_context)
    torch.testing.assert_close(weights, expected_weights)
    torch.testing.assert_close(scores, q @ k.T * factor)


def test_a_row_that_sees_nothing_is_zeros_and_so_is_its_gradient():
    q, k, v = (normal(3, 4, seed=seed).requires_grad_() for seed in range(3))
    mask = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])
    context, weights, _ = scaled_dot_product_attention(q, k, v, mask)
    assert weights[1].tolist() == [0, 0, 0] and context[1].tolist() == [0, 0, 0, 0]
    torch.testing.assert_close(weights[[0, 2]].sum(-1), torch.ones(2))
    context.square().sum().backward()
    assert q.grad[1].tolist() == [0, 0, 0, 0]
    assert all(tensor.grad.isfinite().all() and tensor.grad.any() for tensor in (q, k, v))


def test_dropout_takes_its_share_from_the_given_generator_and_keeps_the_mean():
    q, k, v = normal(200, 8), normal(300, 8, seed=1), normal(300, 2, seed=2)
    plain = scaled_dot_product_attention(q, k, v).weights
    before = torch.random.get_rng_state()
    dropped, again = (
        scaled_dot_product_attention(q, k, v, dropout=0.25, generator=torch.Generator().manual_seed(5)) for _ in "12"
    )
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(dropped.weights, again.weights)
    gone = dropped.weights == 0
    assert gone.float().mean().item() == pytest.approx(0.25, abs=0.01)  # 60,000 draws: standard deviation 0.002
    torch.testing.assert_close(dropped.weights[~gone], plain[~gone] / 0.75)
    torch.testing.assert_close(dropped.context, dropped.weights @ v)


def test_scores_of_random_vectors_have_variance_one_whatever_the_width():
    for d in (4, 64, 1024):
        scores = scaled_dot_product_attention(normal(150, d), normal(170, d, seed=1), normal(170, 3)).scores
        assert scores.var().item() == pytest.approx(1, abs=0.15)


# --- masks ---


def test_masks_say_who_may_attend_to_whom():
    T = 5
    for i in range(T):
        for j in range(T):
            assert causal_mask(T)[i, j] == (j <= i)
            for prefix in range(T + 1):
                assert prefix_mask(T, prefix)[i, j] == (j <= i or j < prefix)
    mask = padding_mask(torch.tensor([2, 5, 0]), T)
    assert mask.shape == (3, 1, T) and mask.dtype == torch.bool
    assert mask.sum(-1).flatten().tolist() == [2, 5, 0]
    assert mask[0, 0].tolist() == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: causal_mask(0), ValueError, "T must be at least 1, got 0"),
        (lambda: causal_mask(2.0), TypeError, "T must be an int"),
        (lambda: prefix_mask(3, 4), ValueError, "prefix must be at most T=3, got 4"),
        (lambda: prefix_mask(3, -1), ValueError, "prefix must be at least 0"),
        (lambda: padding_mask([4], 3), ValueError, r"between 0 and T=3, got \[4\]"),
        (lambda: padding_mask([0.5], 3), TypeError, "lengths must be integers"),
        (lambda: padding_mask([[1, 2]], 3), TypeError, r"shape \(1, 2\)"),
        (lambda: padding_mask([], 3), TypeError, "lengths must be integers in one row, .* got none"),
        (lambda: padding_mask("abc", 3), TypeError, "lengths must be integers in one row, .* got 'abc'"),
        (lambda: padding_mask([[1, 2], [3]], 3), TypeError, r"lengths must be .* got \[\[1, 2\], \[3\]\]"),
        (lambda: padding_mask(None, 3), TypeError, "lengths must be integers in one row, .* got None"),
    ],
)
def test_masks_refuse(make, error, said):
    with pytest.raises(error, match=said):
        make()


# --- the modules ---


def test_self_attention_is_three_projections_and_attention():
    module, x = seeded(SelfAttention(5, 3, qkv_bias=True)), normal(2, 4, 5)
    context, weights = module(x, return_weights=True)
    q, k, v = module.W_query(x), module.W_key(x), module.W_value(x)
    torch.testing.assert_close(context, F.scaled_dot_product_attention(q, k, v))
    assert context.shape == (2, 4, 3) and weights.shape == (2, 4, 4)
    assert torch.equal(module(x), context)
    assert influence_map(module, x[0]).all()
    assert [name for name, _ in SelfAttention(5, 3).named_parameters()] == [
        "W_query.weight",
        "W_key.weight",
        "W_value.weight",
    ]


def test_causal_attention_agrees_with_pytorch_and_sees_only_the_past():
    module, x = seeded(CausalAttention(5, 3, context_length=7)), normal(2, 4, 5)
    context, weights = module(x, return_weights=True)
    q, k, v = module.W_query(x), module.W_key(x), module.W_value(x)
    torch.testing.assert_close(context, F.scaled_dot_product_attention(q, k, v, is_causal=True))
    assert not weights.triu(1).any()
    assert torch.equal(influence_map(module, x[0]), causal_mask(4))
    assert influence_map(lambda x: module(x, causal=False), x[0]).all()


def as_one_head(single):
    """A MultiHeadAttention of one head with the weights of a CausalAttention, and nothing done after it."""
    d_in, d_out = single.W_query.in_features, single.W_query.out_features
    fused = MultiHeadAttention(d_in, d_out, single.context_length, n_heads=1)
    with torch.no_grad():
        fused.qkv.weight.copy_(torch.cat([single.W_query.weight, single.W_key.weight, single.W_value.weight]))
        fused.out_proj.weight.copy_(torch.eye(d_out))
        fused.out_proj.bias.zero_()
    return fused


def test_one_head_of_multi_head_attention_is_causal_attention():
    single, x = seeded(CausalAttention(5, 3, context_length=7)), normal(2, 6, 5)
    torch.testing.assert_close(as_one_head(single)(x), single(x))


def test_stacked_single_heads_are_one_fused_module():
    d_in, n_heads, d_head, T = 10, 3, 4, 6
    singles = [seeded(CausalAttention(d_in, d_head, T), seed) for seed in range(n_heads)]
    fused = seeded(MultiHeadAttention(d_in, n_heads * d_head, T, n_heads), 9)
    with torch.no_grad():
        rows = [getattr(head, name).weight for name in ("W_query", "W_key", "W_value") for head in singles]
        fused.qkv.weight.copy_(torch.cat(rows))
    x = normal(2, T, d_in)
    stacked = fused.out_proj(torch.cat([head(x) for head in singles], dim=-1))
    torch.testing.assert_close(fused(x), stacked)
    torch.testing.assert_close(
        fused(x, return_weights=True)[1], torch.stack([h(x, return_weights=True)[1] for h in singles], dim=1)
    )


def test_multi_head_attention_is_pytorchs():
    d, n_heads, T = 12, 3, 5
    ours = seeded(MultiHeadAttention(d, d, T, n_heads, qkv_bias=True))
    theirs = nn.MultiheadAttention(d, n_heads, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.qkv.weight,
            "in_proj_bias": ours.qkv.bias,
            "out_proj.weight": ours.out_proj.weight,
            "out_proj.bias": ours.out_proj.bias,
        }
    )
    x = normal(2, T, d)
    context, weights = theirs(x, x, x, attn_mask=~causal_mask(T), average_attn_weights=False)
    torch.testing.assert_close(ours(x), context)
    torch.testing.assert_close(ours(x, return_weights=True)[1], weights)


TOLERANCE = {torch.float32: 2e-6, torch.float64: 1e-12, torch.bfloat16: 3e-2}


@settings(max_examples=60)
@given(
    leading=st.sampled_from([(), (1,), (3,), (2, 2)]),
    T=st.integers(1, 7),
    d_in=st.integers(1, 9),
    heads=st.sampled_from([(1, 1), (2, 1), (2, 2), (6, 3), (4, 2), (3, 1)]),
    d_head=st.integers(1, 5),
    bias=st.booleans(),
    causal=st.booleans(),
    masked=st.sampled_from([None, "square", "batch", "padding"]),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    seed=st.integers(0, 999),
)
def test_the_fast_path_and_the_explicit_one_agree(leading, T, d_in, heads, d_head, bias, causal, masked, dtype, seed):
    n_heads, n_kv_heads = heads
    module = MultiHeadAttention(d_in, n_heads * d_head, T + 1, n_heads, qkv_bias=bias, n_kv_heads=n_kv_heads)
    module = seeded(module, seed).to(dtype)
    mask = {
        None: None,
        "square": normal(T, T, seed=seed) > 0.3,
        "batch": normal(*leading, T, T, seed=seed) > 0.3,
        "padding": normal(*leading, 1, T, seed=seed) > 0.3,
    }[masked]
    x, pull = normal(*leading, T, d_in, seed=seed + 1, dtype=dtype), normal(n_heads * d_head, seed=seed).to(dtype)

    def outputs_and_gradients(explicit):
        inputs = x.clone().requires_grad_()
        module.zero_grad()
        outputs = module(inputs, mask, causal=causal, return_weights=explicit)
        outputs = outputs[0] if explicit else outputs
        (outputs * pull).sum().backward()
        return [outputs, inputs.grad, *(parameter.grad for parameter in module.parameters())]

    fast, explicit = outputs_and_gradients(False), outputs_and_gradients(True)
    for ours, theirs in zip(fast, explicit, strict=True):
        assert theirs.isfinite().all()
        size = max(1.0, theirs.abs().max().item())
        torch.testing.assert_close(ours, theirs, atol=TOLERANCE[dtype] * size, rtol=0)


def test_rows_that_see_nothing_are_zeros_whatever_pytorchs_fused_attention_makes_of_them(monkeypatch):
    """Some versions and devices return NaN there; this stand-in does."""

    def fused(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False):
        scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).masked_fill(~attn_mask, -math.inf)
        return scores.softmax(-1) @ v

    module, x = seeded(MultiHeadAttention(5, 8, 4, n_heads=2)), normal(2, 4, 5)
    mask = torch.arange(4) >= 2  # padding in front: the first two queries see nothing
    expected = module(x, mask, return_weights=True)[0]
    assert torch.equal(expected[:, :2], module.out_proj.bias.expand(2, 2, 8))
    torch.testing.assert_close(module(x, mask), expected)
    monkeypatch.setattr(F, "scaled_dot_product_attention", fused)
    torch.testing.assert_close(module(x, mask), expected)


def test_leading_dimensions_are_free():
    module, x = seeded(MultiHeadAttention(6, 8, 5, n_heads=2)), normal(3, 2, 5, 6)
    context, weights = module(x, return_weights=True)
    assert context.shape == (3, 2, 5, 8) and weights.shape == (3, 2, 2, 5, 5)
    torch.testing.assert_close(module(x[1, 1]), context[1, 1])
    torch.testing.assert_close(module(x[1]), context[1])


def test_a_mask_is_combined_with_the_causal_one():
    module, x = seeded(MultiHeadAttention(6, 8, 5, n_heads=2)), normal(2, 5, 6)
    mask = padding_mask([5, 3], 5)
    weights = module(x, mask, return_weights=True)[1]
    assert torch.equal(weights[0, 0] > 0, causal_mask(5))
    assert torch.equal(weights[1, 1] > 0, causal_mask(5) & mask[1])
    torch.testing.assert_close(module(x, mask)[1, :3], module(x[1:, :3])[0])  # the real tokens never see the padding


@pytest.mark.parametrize("make", [CausalAttention, lambda *sizes, **options: MultiHeadAttention(*sizes, 2, **options)])
def test_dropout_works_in_training_only(make):
    module, x = seeded(make(6, 8, 40, dropout=0.5)), normal(2, 40, 6)
    torch.manual_seed(0)  # the test's own process state: no caller is surprised
    context, weights = module(x, return_weights=True)
    assert ((weights == 0) & causal_mask(40)).sum() > 0.4 * causal_mask(40).sum()
    assert not torch.equal(module(x), module(x))
    module.eval()
    torch.testing.assert_close(module(x, return_weights=True)[1].sum(-1), torch.ones(weights.shape[:-1]))
    assert torch.equal(module(x), module(x)) and not torch.equal(module(x), context)


def test_grouped_heads_share_keys_and_values():
    module = seeded(MultiHeadAttention(6, 12, 5, n_heads=6, n_kv_heads=2))
    assert module.qkv.out_features == 12 + 2 * 2 * 2
    full = MultiHeadAttention(6, 12, 5, n_heads=6)
    with torch.no_grad():
        q, k, v = module.qkv.weight.split([12, 4, 4])
        k, v = (w.unflatten(0, (2, 2)).repeat_interleave(3, dim=0).flatten(0, 1) for w in (k, v))
        full.qkv.weight.copy_(torch.cat([q, k, v]))
        full.out_proj.load_state_dict(module.out_proj.state_dict())
    x = normal(2, 5, 6)
    torch.testing.assert_close(module(x), full(x))


# --- the cache ---


@given(
    cuts=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    heads=st.sampled_from([(2, 2), (4, 2), (3, 1)]),
    padded=st.booleans(),
    explicit=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_cache_changes_nothing(cuts, heads, padded, explicit, seed):
    T = sum(cuts)
    module = seeded(MultiHeadAttention(5, heads[0] * 3, T, heads[0], n_kv_heads=heads[1]), seed)
    x = normal(2, T, 5, seed=seed)
    mask = (torch.arange(T) >= torch.tensor([[0], [min(2, T - 1)]]))[:, None, :] if padded else None  # padded in front
    cache, parts, start = KVCache(), [], 0
    with torch.no_grad():
        for size in cuts:
            end = start + size
            part = module(
                x[:, start:end], None if mask is None else mask[..., :end], cache=cache, return_weights=explicit
            )
            parts.append(part[0] if explicit else part)
            start = end
            assert len(cache) == end
        torch.testing.assert_close(torch.cat(parts, dim=1), module(x, mask), atol=1e-5, rtol=0)


def test_single_head_with_a_cache():
    module, x, cache = seeded(CausalAttention(5, 3, 6)), normal(2, 6, 5), KVCache()
    with torch.no_grad():
        parts = [module(x[:, i : i + 2], cache=cache) for i in (0, 2, 4)]
        torch.testing.assert_close(torch.cat(parts, dim=1), module(x))


def test_a_refused_call_leaves_the_cache_as_it_was():
    module, cache = seeded(MultiHeadAttention(5, 4, 4, n_heads=2)), KVCache()
    x = normal(1, 3, 5)
    module(x, cache=cache)
    with pytest.raises(ValueError, match="at most context_length=4 tokens fit, got 2 after 3 in the cache"):
        module(x[:, :2], cache=cache)
    with pytest.raises(ValueError, match="does not fit"):
        module(x[:, :1], torch.ones(1, 9, dtype=torch.bool), cache=cache)
    with pytest.raises(ValueError, match="use a new KVCache"):
        module(normal(2, 1, 5), cache=cache)
    assert len(cache) == 3
    cache.clear()
    assert len(cache) == 0
    torch.testing.assert_close(module(normal(2, 2, 5), cache=cache), module(normal(2, 2, 5)))


# --- the influence map ---


def test_influence_map_of_known_dependencies():
    x = normal(4, 3)
    assert torch.equal(influence_map(lambda x: x * 2, x), torch.eye(4, dtype=torch.bool))
    assert torch.equal(influence_map(lambda x: x.flip(0)[:2], x), torch.eye(4, dtype=torch.bool).flip(0)[:2])
    assert not influence_map(lambda x: torch.ones(5, 2), x).any()
    assert influence_map(lambda x: (x.mean(0, keepdim=True), "weights"), x).shape == (1, 4)
    assert influence_map(lambda x: x[:, :1] * math.nan, x).sum() == 0


def test_influence_map_tries_more_than_one_change():
    """A step function moves for about half of all changes; that one of three moves it is near certain for most."""
    steps = influence_map(lambda x: (x.sum(-1, keepdim=True) > 1e-6).float(), torch.zeros(40, 3))
    assert steps.diagonal().sum() > 30 and steps.sum() == steps.diagonal().sum()


def test_influence_map_finds_a_mask_built_from_the_scores_only_around_zero():
    def attend(x):
        scores = x @ x.T
        return scores.masked_fill(scores.triu(1) != 0, -math.inf).softmax(-1) @ x

    assert torch.equal(influence_map(attend, normal(5, 4)), causal_mask(5))
    assert influence_map(attend, torch.zeros(5, 4)).triu(1).any()


def test_influence_map_gives_copies_and_takes_no_chance():
    def writes(x):
        return x.mul_(2)

    x = normal(3, 2)
    kept = x.clone()
    assert torch.equal(influence_map(writes, x), torch.eye(3, dtype=torch.bool)) and torch.equal(x, kept)
    before = torch.random.get_rng_state()
    influence_map(writes, x)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("attend", "x", "error", "said"),
    [
        (lambda x: x, torch.zeros(3), ValueError, r"shape \(T, D\)"),
        (5, torch.zeros(3, 2), TypeError, "attend must be a function or a module, got int"),
        (lambda x: x, torch.zeros(0, 3), ValueError, "at least one row"),
        (lambda x: x, torch.zeros(3, 2, dtype=torch.int64), TypeError, "float tensor, got torch.int64"),
        (lambda x: x[None], torch.zeros(3, 2), ValueError, r"what attend returns must have shape"),
        (lambda x: None, torch.zeros(3, 2), TypeError, "got NoneType"),
        (lambda x: F.dropout(x + 1, 0.5), torch.zeros(30, 20), ValueError, r"\.eval\(\)"),
        (lambda x: x[: 1 + int(x.any())], torch.zeros(3, 2), ValueError, "after a change"),
    ],
)
def test_influence_map_refuses(attend, x, error, said):
    with pytest.raises(error, match=said):
        influence_map(attend, x)


# --- errors ---


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: simplified_attention([[1.0]]), TypeError, r"x must be a float tensor, got list: torch.tensor\(...\)"),
        (lambda: simplified_attention(torch.ones(2, 2, dtype=torch.int64)), TypeError, "token ids are embedded first"),
        (lambda: simplified_attention(torch.ones(3)), ValueError, r"shape \(\.\.\., T, D\), got \(3,\)"),
        (
            lambda: scaled_dot_product_attention(torch.ones(2, 3), torch.ones(2, 4), torch.ones(2, 3)),
            ValueError,
            r"equally wide, got q \(2, 3\) and k \(2, 4\)",
        ),
        (
            lambda: scaled_dot_product_attention(torch.ones(2, 4, 3), torch.ones(2, 4, 3), torch.ones(5, 4, 3)),
            ValueError,
            r"must be equal or broadcast, got q \(2, 4, 3\), k \(2, 4, 3\), v \(5, 4, 3\)",
        ),
        (
            lambda: scaled_dot_product_attention(torch.ones(2, 0), torch.ones(2, 0), torch.ones(2, 3)),
            ValueError,
            r"at least 1 wide, got q \(2, 0\) and k \(2, 0\)",
        ),
        (
            lambda: scaled_dot_product_attention(torch.ones(2, 3), torch.ones(5, 3), torch.ones(4, 3)),
            ValueError,
            r"each key needs one value, got k \(5, 3\) and v \(4, 3\)",
        ),
        (
            lambda: scaled_dot_product_attention(*[torch.ones(2, 3)] * 3, mask=torch.ones(2, 2)),
            TypeError,
            r"mask must be a bool tensor, True = may attend, got torch.float32",
        ),
        (
            lambda: scaled_dot_product_attention(*[torch.ones(2, 3)] * 3, mask=causal_mask(3)),
            ValueError,
            r"mask of shape \(3, 3\) does not fit scores of shape \(2, 2\)",
        ),
        (lambda: scaled_dot_product_attention(*[torch.ones(2, 3)] * 3, dropout=1.0), ValueError, "below 1, got 1.0"),
        (lambda: SelfAttention(0, 3), ValueError, "d_in must be at least 1"),
        (lambda: SelfAttention(4, 3)(torch.ones(2, 5)), ValueError, r"x must be d_in=4 wide, got shape \(2, 5\)"),
        (lambda: CausalAttention(4, 3, 2)(torch.ones(3, 4)), ValueError, "context_length=2 tokens fit, got 3: shorten"),
        (lambda: CausalAttention(4, 3, 2, dropout=-0.1), ValueError, "dropout must be at least 0"),
        (lambda: CausalAttention(4, 3, 2, dropout="no"), TypeError, "dropout must be a number, got 'no'"),
        (lambda: MultiHeadAttention(4, 6, 2, n_heads=4), ValueError, "n_heads=4 does not divide d_out=6"),
        (
            lambda: MultiHeadAttention(4, 6, 2, n_heads=3, n_kv_heads=2),
            ValueError,
            "n_kv_heads=2 does not divide n_heads=3",
        ),
        (lambda: MultiHeadAttention(4, 6, 2, n_heads=0), ValueError, "n_heads must be at least 1"),
        (lambda: MultiHeadAttention(4, 6, 2, 3)(torch.ones(3, 4)), ValueError, "context_length=2 tokens fit"),
        (
            lambda: MultiHeadAttention(4, 6, 3, 3)(torch.ones(2, 3, 4), torch.ones(3, 3, 3, dtype=torch.bool)),
            ValueError,
            r"mask of shape \(3, 3, 3\) does not fit scores of shape \(2, 3, 3\)",
        ),
    ],
)
def test_bad_input_is_named(call, error, said):
    with pytest.raises(error, match=said):
        call()
