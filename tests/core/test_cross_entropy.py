"""The training loop's own cross-entropy: value and gradient of PyTorch's, in every dtype, with ignored targets."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from llmlab.training._cross_entropy import cross_entropy
from llmlab.training.loss import IGNORED


def value_and_gradient(function, logits, targets):
    logits = logits.clone().requires_grad_()
    loss = function(logits, targets)
    (3.0 * loss).backward()  # a factor, as gradient accumulation has one
    return loss.detach(), logits.grad


def library(logits, targets):
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 9)),
    scale=st.sampled_from([0.0, 1.0, 30.0, 1e4]),
    ignored=st.floats(0, 0.9),
    seed=st.integers(0, 2**31),
)
def test_it_is_the_librarys_in_value_and_gradient(sizes, scale, ignored, seed):
    B, T, V = sizes
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(B, T, V, generator=generator, dtype=torch.float64)
    targets = torch.randint(V, (B, T), generator=generator)
    left_out = torch.rand(B, T, generator=generator) < ignored
    left_out[0, 0] = False
    targets = targets.masked_fill(left_out, IGNORED)
    ours, theirs = (value_and_gradient(one, logits, targets) for one in (cross_entropy, library))
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(ours[1], theirs[1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_sums_are_taken_in_float32_at_least(dtype):
    logits = torch.randn(2, 3, 5_000, generator=torch.Generator().manual_seed(0)).to(dtype)
    targets = torch.tensor([[0, 4_999, 7], [9, IGNORED, 2]])
    loss, gradient = value_and_gradient(cross_entropy, logits, targets)
    exact, exact_gradient = value_and_gradient(library, logits.double(), targets)
    assert loss.dtype == torch.float32 and gradient.dtype == dtype
    torch.testing.assert_close(loss, exact.float(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(gradient, exact_gradient.to(dtype))


def test_a_second_pass_is_refused_rather_than_wrong():
    logits = torch.zeros(1, 2, 3, requires_grad=True)
    loss = cross_entropy(logits, torch.tensor([[0, 2]]))
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
