"""Answers to "Prove it: one-hot times matrix": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _one_hot(fill: str, result: str = "one_hot, one_hot @ weight", start: str = "len(ids), len(weight)") -> str:
    return f"""
import torch

def one_hot_and_rows(ids, weight):
    one_hot = torch.zeros({start})
    places = torch.arange(len(ids))
    {fill}
    return {result}
"""


_RIGHT_ONES = "one_hot[places, ids] = 1.0"

WRONG = {
    "not-a-pair": _one_hot(_RIGHT_ONES, "one_hot @ weight"),
    "pair-turned-round": _one_hot(_RIGHT_ONES, "one_hot @ weight, one_hot"),
    "axes-swapped": _one_hot("one_hot[ids, places] = 1.0", "one_hot, one_hot.T @ weight", "len(weight), len(ids)"),
    "one-vector-for-all": _one_hot("one_hot[ids] = 1.0", start="len(weight)"),
    "ids-as-numbers": _one_hot("one_hot[places, ids] = ids.float()"),
    "place-for-id": _one_hot("one_hot[places, places % len(weight)] = 1.0"),
    "ids-from-one": _one_hot("one_hot[places, ids - 1] = 1.0"),
    "several-ones": _one_hot("one_hot[:, ids] = 1.0"),
    "several-ones: everywhere": _one_hot("one_hot += 1.0"),
    "not-one-hot": _one_hot("pass"),
    "rows-are-no-product": _one_hot(_RIGHT_ONES, "one_hot, weight[: len(ids)]"),
    "rows-are-no-product: all summed": _one_hot(_RIGHT_ONES, "one_hot, (one_hot @ weight).sum(0)"),
    "tied-to-the-example": _one_hot(_RIGHT_ONES, "one_hot, (one_hot @ weight)[:3]"),
    "mutates-input": _one_hot(f"{_RIGHT_ONES}; weight *= 2", "one_hot, one_hot @ weight / 2"),
    "returns-none": _one_hot(_RIGHT_ONES, "None"),
}

UNUSUAL = [
    """
def one_hot_and_rows(ids, weight):
    V = len(weight)
    one_hot = [[1 if v == i else 0 for v in range(V)] for i in ids.tolist()]
    return one_hot, [[sum(h * w for h, w in zip(row, column)) for column in weight.T.tolist()] for row in one_hot]
""",
    """
import torch

def one_hot_and_rows(ids, weight):
    one_hot = (ids[:, None] == torch.arange(len(weight))).double()
    return one_hot, torch.einsum("tv,vd->td", one_hot, weight.double())
""",
    """
import torch

def one_hot_and_rows(ids, weight):
    return torch.eye(len(weight))[ids], weight[ids]
""",
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"an embedding layer encodes something, and all of its rows are trained": ("ids-as-numbers",)}
