"""The cache of keys and values: what it holds, and that a call that fails, for whatever reason, changes nothing."""

from __future__ import annotations

import pytest
import torch

from llmlab.attention import CausalAttention, KVCache, MultiHeadAttention
from llmlab.gpt import TransformerBlock
from tests.core.gpts import ids_of, model_of, shaken


def state(cache):
    """All that can be asked of a cache, as values."""
    layers = cache.layers(2) if cache._layers else []
    held = [None if tensor is None else tensor.clone() for tensor in (cache.keys, cache.values)]
    return cache.length, len(cache), held, [state(layer) for layer in layers]


def same(one, other):
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_keys_values_and_length_are_those_of_the_tokens_seen():
    attention = MultiHeadAttention(d_in=5, d_out=6, context_length=9, n_heads=3, n_kv_heads=1)
    x, cache = torch.randn(2, 7, 5), KVCache()
    assert cache.keys is None and cache.values is None and cache.length == 0
    with torch.no_grad():
        for start, end in ((0, 4), (4, 5), (5, 7)):
            attention(x[:, start:end], cache=cache)
            _, keys, values = attention.qkv(x[:, :end]).split([6, 2, 2], dim=-1)
            torch.testing.assert_close(cache.keys, keys[:, None])  # (B, n_kv_heads, T, d_head)
            torch.testing.assert_close(cache.values, values[:, None])
            assert cache.length == len(cache) == end
    cache.clear()
    assert cache.keys is None and cache.length == 0


def test_those_of_a_model_lie_one_layer_above_the_other():
    model, cache = model_of(n_layers=2), KVCache()
    model(ids_of(4, 5), cache=cache)
    assert cache.keys.shape == cache.values.shape == (2, 4, 3, 5, 4)  # (n_layers, B, H, T, d_head)
    for layer, held in enumerate(cache.layers(2)):
        assert torch.equal(cache.keys[layer], held.keys) and torch.equal(cache.values[layer], held.values)


@pytest.mark.parametrize(
    ("keys", "values", "said"),
    [
        (torch.zeros(2, 1, 4).double(), torch.zeros(2, 1, 3), "keys of torch.float32 on cpu, and torch.float64 on cpu"),
        (torch.zeros(2, 1, 4), torch.zeros(2, 1, 3).half(), "values of torch.float32 on cpu, and torch.float16"),
        (
            torch.zeros(2, 1, 4, device="meta"),
            torch.zeros(2, 1, 3),
            "and torch.float32 on meta do not continue",
        ),
        (torch.zeros(3, 1, 4), torch.zeros(3, 1, 3), r"keys of shape \(2, 5, 4\), and \(3, 1, 4\) do not continue"),
        (torch.zeros(2, 1, 4), torch.zeros(2, 1, 9), r"values of shape \(2, 5, 3\), and \(2, 1, 9\) do not continue"),
        (torch.zeros(2, 1, 4), torch.zeros(2, 2, 3), r"of the same tokens, got \(2, 1, 4\) and \(2, 2, 3\)"),
        (torch.zeros(2), torch.zeros(2), r"of the same tokens, got \(2,\) and \(2,\)"),
    ],
)
def test_what_does_not_continue_is_refused_and_not_added(keys, values, said):
    cache = KVCache()
    cache.append(torch.ones(2, 5, 4), torch.ones(2, 5, 3))
    before = state(cache)
    with pytest.raises(ValueError, match=said):
        cache.append(keys, values)
    assert same(state(cache), before)
    cache.append(torch.zeros(2, 1, 4), torch.zeros(2, 1, 3))
    assert cache.length == 6


def failing(module):
    def fail(*_):
        raise KeyboardInterrupt

    return module.register_forward_pre_hook(fail)


@pytest.mark.parametrize("held", [0, 3])
@pytest.mark.parametrize(
    "part",
    [
        lambda model: model.blocks[0].attention.out_proj,
        lambda model: model.blocks[0].feed_forward,
        lambda model: model.blocks[1].norm_attention,
        lambda model: model.blocks[1].feed_forward,
        lambda model: model.norm,
        lambda model: model.head,
    ],
    ids=["after the first append", "first layer", "second layer", "after the last append", "norm", "head"],
)
def test_a_model_that_fails_anywhere_leaves_all_layers_as_they_were(part, held):
    model, cache, ids = shaken(model_of()), KVCache(), ids_of(2, 6)
    with torch.no_grad():
        if held:
            model(ids[:, :held], cache=cache)
        before = state(cache)
        hook = failing(part(model))
        with pytest.raises(KeyboardInterrupt):
            model(ids[:, held:], cache=cache)
        hook.remove()
        assert same(state(cache), before)
        torch.testing.assert_close(model(ids[:, held:], cache=cache), model(ids)[:, held:])


def test_a_block_or_a_layer_that_fails_leaves_its_cache_as_it_was():
    x = torch.randn(1, 2, 12)
    block = TransformerBlock(model_of().config)
    for module, part in (
        (block, block.feed_forward),
        (multi_head := MultiHeadAttention(12, 12, 9, 3), multi_head.out_proj),
    ):
        cache = KVCache()
        module(x, cache=cache)
        before, hook = state(cache), failing(part)
        with pytest.raises(KeyboardInterrupt):
            module(x, None, cache) if module is block else module(x, cache=cache)
        hook.remove()
        assert same(state(cache), before)


def test_inputs_that_do_not_fit_the_cache_are_refused_by_the_model_and_by_a_layer():
    model, cache = model_of(), KVCache()
    model(ids_of(2, 3), cache=cache)
    before = state(cache)
    calls = [
        lambda: model(ids_of(3, 1), cache=cache),
        lambda: model.double()(ids_of(2, 1), cache=cache),
        lambda: model.float()(ids_of(2, 7), cache=cache),
        lambda: model(ids_of(2, 1), torch.ones(2, 1, 9, dtype=torch.bool), cache=cache),
        lambda: model(ids_of(2, 1), torch.ones(2, 1, 4, dtype=torch.bool, device="meta"), cache=cache),
        lambda: model(ids_of(2, 1), cache=cache, positions=torch.tensor([9])),
        lambda: model(torch.full((2, 1), 99), cache=cache),
    ]
    for call in calls:
        with pytest.raises(ValueError):
            call()
        assert same(state(cache), before)


@pytest.mark.parametrize("module", [MultiHeadAttention(4, 4, 9, 2), CausalAttention(4, 4, 9)])
def test_a_layer_refuses_another_dtype_device_or_cache(module):
    cache = KVCache()
    module(torch.zeros(1, 2, 4), cache=cache)
    before = state(cache)
    with pytest.raises(ValueError, match=r"must have one dtype, got torch.float32 and torch.float64: write .to"):
        module(torch.zeros(1, 1, 4).double(), cache=cache)
    with pytest.raises(ValueError, match="must be on one device, got cpu and meta"):
        module(torch.zeros(1, 1, 4, device="meta"), cache=cache)
    with pytest.raises(TypeError, match="cache must be a KVCache, got list"):
        module(torch.zeros(1, 1, 4), cache=[])
    assert same(state(cache), before)


def test_autocast_chooses_the_dtype():
    model, cache, ids = model_of(), KVCache(), ids_of(2, 6)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        parts = [model(ids[:, :4], cache=cache), model(ids[:, 4:], cache=cache)]
        torch.testing.assert_close(torch.cat(parts, 1), model(ids), atol=0.02, rtol=0.02)
    assert cache.keys.dtype == torch.bfloat16
