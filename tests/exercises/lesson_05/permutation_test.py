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
    "lets-too-much-through": _test(
        "if torch.allclose(after, before, atol=0.3): return 'invariant'\n"
        "    if before.shape == x.shape and torch.allclose(after, before[order], atol=0.3): return 'equivariant'\n"
        "    return 'neither'"
    ),
    "lets-too-much-through: in parts": _test(
        "close = lambda a, b: a.shape == b.shape and bool(((a - b).abs() < 0.1 * (a.abs() + b.abs() + 1)).all())\n"
        "    if close(after, before): return 'invariant'\n"
        "    return 'equivariant' if len(before) == len(x) and close(after, before[order]) else 'neither'"
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

NEAR_MISSES = {
    "names-swapped": WRONG["attention-called-invariant"],
    "attention-called-invariant": WRONG["names-swapped"],
    "mean-not-recognised": _test(
        "if len(before) != len(x): return 'neither'\n    if same(after, before): return 'invariant'\n"
        "    return 'equivariant' if same(after, before[order]) else 'neither'"
    ),
    "order-not-applied": WRONG["compares-too-little"],
    "compares-too-little": WRONG["lets-too-much-through"],
    "lets-too-much-through": WRONG["compares-too-little"],
    "always-the-same": _test("return 'equivariant' if same(after, before[order]) else 'neither'"),
    "other-verdict": WRONG["names-swapped"],
    "not-a-word": _test("return ' Neither ' if not same(after, before) else 'invariant'"),
    "tied-to-the-example": WRONG["order-not-applied"],
}

CRASHES = {
    "truth-of-many": _test("if after == before: return 'invariant'\n    return 'equivariant'"),
    "shapes-do-not-broadcast": _test("return 'equivariant' if torch.allclose(after.T, before[order]) else 'neither'"),
    "position-not-in-tensor": _test("return 'equivariant' if same(after, before[order + 1]) else 'neither'"),
    "unknown-name": _test("return 'invariant' if allclose(after, before) else 'neither'"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"attention called permutation invariant": ("attention-called-invariant", "names-swapped")}
