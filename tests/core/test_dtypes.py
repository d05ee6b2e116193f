"""Which tensors attention, the GPT and generation take: floats keep their dtype; the others are refused in words."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from llmlab.attention import (
    CausalAttention,
    KVCache,
    MultiHeadAttention,
    SelfAttention,
    influence_map,
    padding_mask,
    scaled_dot_product_attention,
    simplified_attention,
)
from llmlab.generation import cache_bytes, online_attention, online_softmax
from llmlab.gpt import FeedForward, GPTConfig, LayerNorm, TransformerBlock, attention_maps, count_parameters
from tests.core.gpts import ids_of, model_of

FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
INTEGERS = [torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64]
NEITHER = [torch.bool, torch.complex64]
ARRAYS = [np.float32, np.float64, np.int64, np.bool_]


def tensor(dtype, *shape):
    values = torch.arange(1, 1 + int(np.prod(shape))).reshape(shape) % 5
    return values.to(dtype) if isinstance(dtype, torch.dtype) else values.numpy().astype(dtype)


MODULES = {
    "SelfAttention": SelfAttention(4, 4),
    "CausalAttention": CausalAttention(4, 4, 9),
    "MultiHeadAttention": MultiHeadAttention(4, 4, 9, 2),
    "LayerNorm": LayerNorm(4),
    "FeedForward": FeedForward(4),
    "TransformerBlock": TransformerBlock(GPTConfig(11, 9, 4, 2, 1)),
}
FUNCTIONS = {
    "simplified_attention": lambda x: simplified_attention(x).context,
    "scaled_dot_product_attention": lambda x: scaled_dot_product_attention(x, x, x).context,
    "online_softmax": lambda x: online_softmax(x, 2),
    "online_attention": lambda x: online_attention(x, x, x, 2),
}
MODEL = model_of()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", [*MODULES, *FUNCTIONS])
def test_floats_keep_their_dtype(name, dtype):
    x = tensor(dtype, 2, 3, 4)
    call = copy.deepcopy(MODULES[name]).to(dtype) if name in MODULES else FUNCTIONS[name]
    exact = copy.deepcopy(MODULES[name]).to(dtype).double() if name in MODULES else FUNCTIONS[name]
    found = call(x)
    assert found.dtype == dtype
    rounding = 8 * torch.finfo(dtype).eps
    torch.testing.assert_close(found.double(), exact(x.double()), atol=rounding, rtol=rounding)


@pytest.mark.parametrize("dtype", [*INTEGERS, *NEITHER, *ARRAYS])
@pytest.mark.parametrize("name", [*MODULES, *FUNCTIONS, "influence_map"])
def test_what_are_no_floats_is_refused(name, dtype):
    calls = {**MODULES, **FUNCTIONS, "influence_map": lambda x: influence_map(torch.relu, x[0])}
    with pytest.raises(TypeError, match="must be a float tensor"):
        calls[name](tensor(dtype, 2, 3, 4))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", MODULES)
def test_a_module_refuses_floats_of_another_dtype(name, dtype):
    with pytest.raises(ValueError, match=rf"one dtype, got torch.float32 and {dtype}: write .to\(torch.float32\)"):
        MODULES[name](tensor(dtype, 2, 3, 4))
    with torch.autocast("cpu", dtype=torch.bfloat16):  # casts by itself
        assert MODULES[name](tensor(torch.bfloat16, 2, 3, 4)).isfinite().all()


@pytest.mark.parametrize("attend", [scaled_dot_product_attention, lambda q, k, v: online_attention(q, k, v, 2)])
def test_queries_keys_and_values_are_of_one_dtype_on_one_device(attend):
    x = torch.ones(3, 4)
    with pytest.raises(ValueError, match="q and k must have one dtype, got torch.float32 and torch.float64"):
        attend(x, x.double(), x)
    with pytest.raises(ValueError, match="q and v must have one dtype, got torch.float32 and torch.float16"):
        attend(x, x, x.half())
    with pytest.raises(ValueError, match="q and k must be on one device, got cpu and meta"):
        attend(x, x.to("meta"), x)
    with pytest.raises(ValueError, match=r"must be equal or broadcast, got q \(2, 3, 4\)"):
        attend(x.expand(2, 3, 4), x.expand(5, 3, 4), x)
    with pytest.raises(ValueError, match="at least 1 wide"):
        attend(x[:, :0], x[:, :0], x)


@pytest.mark.parametrize("dtype", FLOATS)
def test_sixteen_bits_neither_overflow_nor_stop_counting(dtype):
    large = torch.full((3, 64), 60.0, dtype=dtype)  # a score of 64 · 3,600 is beyond float16
    for context in (
        simplified_attention(large).context,
        scaled_dot_product_attention(large, large, large, scale=1.0).context,
        online_attention(large, large, large, 2),
    ):
        assert (context == 60).all()
    many = torch.zeros(8_192, dtype=dtype)
    assert (online_softmax(many, 1) == 1 / 8_192).all()
    ones = torch.ones(8_192, 1, dtype=dtype)
    assert (online_attention(ones[:1], ones, ones, 1) == 1).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["CausalAttention", "MultiHeadAttention"])
def test_masks_leave_no_nan_in_sixteen_bits(name, dtype):
    module, x = copy.deepcopy(MODULES[name]).to(dtype), tensor(dtype, 2, 3, 4)
    mask = torch.tensor([[True, True, True], [False, False, False], [False, False, True]])
    for explicit in (False, True):
        found = module(x, mask, return_weights=explicit)
        assert (found[0] if explicit else found).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_influences_cannot_be_told_from_rounding_in_sixteen_bits(dtype):
    with pytest.raises(TypeError, match=f"x must be float32 or float64, got {dtype}, too coarse"):
        influence_map(torch.relu, torch.ones(3, 2, dtype=dtype))
    with pytest.raises(TypeError, match="what attend returns must be float32 or float64"):
        influence_map(lambda x: x.to(dtype), torch.ones(3, 2))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, *NEITHER, *ARRAYS])
def test_masks_are_bool(dtype):
    x, mask = torch.ones(1, 3, 4), tensor(dtype, 3, 3)
    calls = [
        lambda: scaled_dot_product_attention(x, x, x, mask),
        lambda: MODULES["CausalAttention"](x, mask),
        lambda: MODULES["MultiHeadAttention"](x, mask),
        lambda: MODEL(ids_of(1, 3), mask),
    ]
    for call in calls:
        if dtype == torch.bool:
            call()
        else:
            with pytest.raises(TypeError, match="mask must be a bool tensor"):
                call()


def test_a_mask_lies_where_the_inputs_are():
    x, mask = torch.ones(1, 3, 4), torch.ones(3, 3, dtype=torch.bool, device="meta")
    for call in (lambda: MODULES["MultiHeadAttention"](x, mask), lambda: scaled_dot_product_attention(x, x, x, mask)):
        with pytest.raises(ValueError, match=r"mask is on meta, the inputs are on cpu: write mask.to\('cpu'\)"):
            call()


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, *NEITHER, *ARRAYS])
def test_ids_are_integers(dtype):
    ids = tensor(dtype, 2, 3)
    for call in (MODEL, lambda ids: attention_maps(MODEL, ids)):
        if dtype in INTEGERS:
            assert torch.equal(call(ids), call(ids.long()))
        else:
            with pytest.raises(TypeError, match="ids must be"):
                call(ids)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_positions_are_integers(dtype):
    ids = ids_of(2, 3)
    assert torch.equal(
        MODEL(ids, positions=torch.tensor([4, 2, 0]).to(dtype)), MODEL(ids, positions=torch.tensor([4, 2, 0]))
    )


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, *NEITHER, *ARRAYS])
def test_lengths_are_integers(dtype):
    if dtype in (*INTEGERS, np.int64):
        assert torch.equal(padding_mask(tensor(dtype, 2), 300), padding_mask([1, 2], 300))
        assert padding_mask([np.int64(1), np.uint8(2)], np.int64(3)).sum().item() == 3
    else:
        with pytest.raises(TypeError, match="lengths must be integers"):
            padding_mask(tensor(dtype, 2), 300)


def test_eight_bits_hold_lengths_of_more_tokens():
    assert padding_mask(torch.tensor([255, 3], dtype=torch.uint8), 300).sum(-1).tolist() == [[255], [3]]


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_a_cache_holds_tensors(dtype):
    with pytest.raises(TypeError, match="keys must be a tensor, got ndarray"):
        KVCache().append(tensor(dtype, 2, 3, 4), tensor(dtype, 2, 3, 4))


def test_attention_maps_have_the_leading_axes_of_the_ids():
    ids = ids_of(4, 5)
    assert torch.equal(attention_maps(MODEL, ids[0]), attention_maps(MODEL, ids)[0])


# --- sizes ---


def test_a_config_of_numpys_numbers_is_pythons():
    config = GPTConfig(*np.array([11, 9, 12, 4, 2]), dropout=np.float32(0.5), n_kv_heads=np.int8(2))
    plain = GPTConfig(11, 9, 12, 4, 2, dropout=0.5, n_kv_heads=2)
    assert config == plain and json.loads(json.dumps(asdict(config))) == asdict(plain)
    assert {type(value) for value in asdict(config).values()} == {int, float, bool, str, type(None)}  # names, defaults


def test_counts_of_numpys_numbers_do_not_overflow():
    large = GPTConfig(*np.array([50_257, 1_024, 16_384, 64, 120], dtype=np.int32))
    assert count_parameters(large) == count_parameters(GPTConfig(50_257, 1_024, 16_384, 64, 120))
    assert cache_bytes(*np.array([96, 96, 128, 100_000], dtype=np.int32)) == cache_bytes(96, 96, 128, 100_000)


def test_modules_take_numpys_sizes():
    for module in (
        SelfAttention(*np.array([4, 6])),
        CausalAttention(*np.array([4, 6, 9])),
        MultiHeadAttention(*np.array([4, 6, 9, 2]), n_kv_heads=np.int64(1)),
    ):
        assert module(torch.ones(2, 3, 4)).shape == (2, 3, 6)
        assert "int64" not in repr(module)
    assert MultiHeadAttention(np.int64(4), 6, 9, np.int64(2)).n_heads.__class__ is int
