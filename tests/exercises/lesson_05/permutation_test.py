"""Answers to "The permutation test": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _test(body: str) -> str:
    return f"""
import torch

def permutation_test(f, x, order):
    before, after = f(x), f(x[order])
    same = lambda a, b: a.shape == b.shape and torch.allclose(a, b, atol=1e-5)
    {body}
"""


WRONG = {
    "names-swapped": _test(
        "if same(after, before): return 'equivariant'\n"
        "    return 'invariant' if same(after, before[order]) else 'neither'"
    ),
    "attention-called-invariant": _test(
        "if same(after, before) or same(after, before[order]): return 'invariant'\n    return 'neither'"
    ),
    "mean-not-recognised": _test(
        "if torch.allclose(after, before[order], atol=1e-5): return 'equivariant'\n"
        "    return 'invariant' if torch.allclose(after, before, atol=1e-5) else 'neither'"
    ),
    "order-not-applied": _test("return 'invariant' if same(after, before) else 'neither'"),
    "order-not-applied: the inverse": _test(
        "if same(after, before): return 'invariant'\n"
        "    return 'equivariant' if same(after[order], before) else 'neither'"
    ),
    "compares-too-little": _test(
        "if same(after, before): return 'invariant'\n"
        "    return 'equivariant' if after.shape == before.shape else 'neither'"
    ),
    "compares-too-little: sums": _test(
        "if same(after, before): return 'invariant'\n"
        "    return 'equivariant' if abs(after.sum() - before.sum()) < 1e-3 else 'neither'"
    ),
    "always-the-same": _test("return 'equivariant'"),
    "other-verdict": _test(
        "return 'equivariant' if len(before) == len(x) and same(after, before[order]) else 'neither'"
    ),
    "not-a-word": _test("return same(after, before)"),
    "not-a-word: another": _test("return 'same' if same(after, before) else 'other'"),
    "tied-to-the-example": _test(
        "order = torch.tensor([2, 0, 1, 4, 5, 3, 6])\n    after = f(x[order]) if len(x) == 7 and x.shape[1] == 3 "
        "else before\n"
        "    if same(after, before): return 'invariant'\n"
        "    return 'equivariant' if same(after, before[order]) else 'neither'"
    ),
    "mutates-input": _test("x.zero_()\n    return 'neither'"),
}

UNUSUAL = [
    _test(
        "if same(after, before): return 'INVARIANT'\n    inverse = torch.argsort(order)\n"
        "    return 'equivariant' if same(after[inverse], before) else 'neither'"
    ),
    _test(
        "if same(before, after): return 'invariant'\n"
        "    moved = torch.stack([before[i] for i in order.tolist()])\n"
        "    return 'equivariant' if same(after, moved) else 'neither'"
    ),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"attention called permutation invariant": ("attention-called-invariant", "names-swapped")}
