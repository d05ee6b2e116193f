"""Softmax and attention block by block against the whole at once, and a cache's bytes against a real cache."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from llmlab.attention import KVCache, scaled_dot_product_attention
from llmlab.generation import cache_bytes, online_attention, online_softmax
from llmlab.gpt import GPT, GPTConfig


def normal(seed, *shape, spread=1.0):
    return spread * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    seed=st.integers(0, 999),
    shape=st.lists(st.integers(1, 3), max_size=2),
    length=st.integers(1, 13),
    block=st.integers(1, 15),
    spread=st.sampled_from([0.1, 1.0, 30.0, 1e4]),
    offset=st.sampled_from([0.0, 1e3, -1e5]),
)
def test_online_softmax_is_softmax(seed, shape, length, block, spread, offset):
    scores = normal(seed, *shape, length, spread=spread) + offset
    torch.testing.assert_close(online_softmax(scores, block), scores.softmax(dim=-1), rtol=1e-9, atol=1e-12)


@given(
    seed=st.integers(0, 999),
    batch=st.lists(st.integers(1, 3), max_size=2),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 6), st.integers(1, 4)),
    block=st.integers(1, 11),
    spread=st.sampled_from([0.1, 1.0, 40.0]),
)
def test_online_attention_is_attention(seed, batch, sizes, block, spread):
    t_query, t_key, d, d_value = sizes
    q, k = normal(seed, *batch, t_query, d, spread=spread), normal(seed + 1, *batch, t_key, d, spread=spread)
    v = normal(seed + 2, *batch, t_key, d_value)
    expected = scaled_dot_product_attention(q, k, v).context
    torch.testing.assert_close(online_attention(q, k, v, block), expected, rtol=1e-9, atol=1e-10)


def test_leading_dimensions_broadcast():
    q, k, v = normal(0, 5, 1, 2, 3), normal(1, 4, 7, 3), normal(2, 7, 6)
    expected = scaled_dot_product_attention(q, k, v).context
    torch.testing.assert_close(online_attention(q, k, v, 3), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_dtype_is_kept_and_large_scores_overflow_nothing(dtype):
    scores = torch.tensor([-60_000.0, 500.0, 60_000.0, 60_000.0, -1.0], dtype=dtype)
    for block in range(1, 6):
        weights = online_softmax(scores, block)
        assert weights.dtype == dtype and weights.tolist() == [0.0, 0.0, 0.5, 0.5, 0.0]


@pytest.mark.parametrize("block", [1, 2, 3])
def test_minus_infinity_gets_no_weight_wherever_it_stands(block):
    scores = torch.tensor([-torch.inf, -torch.inf, 1.0, -torch.inf, 1.0])
    assert online_softmax(scores, block).tolist() == [0.0, 0.0, 0.5, 0.0, 0.5]


def test_inputs_stay_as_they_are():
    tensors = [normal(i, 4, 4) for i in range(3)]
    copies = [tensor.clone() for tensor in tensors]
    online_attention(*tensors, block=3)
    online_softmax(tensors[0], block=3)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(tensors, copies, strict=True))


class LargestResult(TorchDispatchMode):
    """Watches how many numbers the largest tensor holds that any operation returns."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.numbers = max(self.numbers, result.numel())
        return result


def test_the_weights_are_never_held():
    q, k, v = normal(0, 64, 2), normal(1, 64, 2), normal(2, 64, 2)
    with LargestResult() as whole:
        scaled_dot_product_attention(q, k, v)
    with LargestResult() as tiled:
        online_attention(q, k, v, block=8)
    assert whole.numbers == 64 * 64 and tiled.numbers == 64 * 8


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: online_softmax([1.0, 2.0], 1), TypeError, "scores must be a float tensor, got list"),
        (lambda: online_softmax(torch.tensor([1, 2]), 1), TypeError, "got a tensor of torch.int64"),
        (lambda: online_softmax(torch.zeros(3), 0), ValueError, "block must be at least 1, got 0"),
        (lambda: online_softmax(torch.zeros(3), 1.5), TypeError, "block must be an int, got 1.5"),
        (lambda: online_softmax(torch.tensor(1.0), 1), ValueError, r"shape \(\.\.\., T\) .* got \(\)"),
        (lambda: online_softmax(torch.zeros(2, 0), 1), ValueError, r"at least one entry, got \(2, 0\)"),
        (
            lambda: online_attention(torch.zeros(2, 3), torch.zeros(2, 4), torch.zeros(2, 4), 1),
            ValueError,
            "equally wide",
        ),
        (
            lambda: online_attention(torch.zeros(2, 3), torch.zeros(2, 3), torch.zeros(4, 3), 1),
            ValueError,
            "each key needs one value",
        ),
        (lambda: online_attention(*[torch.zeros(3)] * 3, 1), ValueError, r"q must have the shape \(\.\.\., T, d\)"),
        (lambda: online_attention(*[torch.zeros(0, 3)] * 3, 1), ValueError, r"at least one entry, got \(0, 3\)"),
        (lambda: online_attention(*[torch.zeros(2, 3)] * 3, 0), ValueError, "block must be at least 1, got 0"),
        (lambda: cache_bytes(0, 1, 1, 1), ValueError, "n_layers must be at least 1, got 0"),
        (lambda: cache_bytes(1, 1, 1, -1), ValueError, "length must be at least 0, got -1"),
        (lambda: cache_bytes(1, 1, 64.0, 1), TypeError, "d_head must be an int, got 64.0"),
        (lambda: cache_bytes(1, 0, 1, 1), ValueError, "n_kv_heads must be"),
        (lambda: cache_bytes(1, 1, 1, 1, batch_size=0), ValueError, "batch_size must be"),
        (lambda: cache_bytes(1, 1, 1, 1, bytes_per_number=0), ValueError, "bytes_per_number must be"),
    ],
)
def test_errors_teach(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("n_kv_heads", [None, 2, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_cache_bytes_are_those_of_a_real_cache(n_kv_heads, dtype):
    config = GPTConfig(vocab_size=11, context_length=9, d_model=24, n_heads=4, n_layers=3, n_kv_heads=n_kv_heads)
    model, cache = GPT(config).to(dtype).eval(), KVCache()
    with torch.no_grad():
        model(torch.zeros(5, 7, dtype=torch.int64), cache=cache)
    one_more = torch.zeros(5, config.kv_heads, 0, 6, dtype=dtype)  # nothing new: what is held comes back
    held = [tensor for layer in cache.layers(3) for tensor in layer.append(one_more, one_more)]
    real = sum(tensor.numel() * tensor.element_size() for tensor in held)
    assert cache_bytes(3, config.kv_heads, 6, len(cache), 5, dtype.itemsize) == real
