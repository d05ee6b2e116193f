"""Answers to "One-hot times matrix": wrong ones by misconception, near misses, crashes, unusual right ones."""

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
    "one-hot-given": "import torch\n\ndef one_hot_and_rows(ids, weight):\n"
    "    one_hot = torch.nn.functional.one_hot(ids, len(weight)).float()\n    return one_hot, one_hot @ weight",
    "rows-looked-up": _one_hot(_RIGHT_ONES, "one_hot, weight[ids]"),
    "rows-looked-up: by embedding": _one_hot(_RIGHT_ONES, "one_hot, torch.nn.functional.embedding(ids, weight)"),
    "rows-looked-up: one by one": _one_hot(_RIGHT_ONES, "one_hot, torch.stack([weight[i] for i in ids.tolist()])"),
    "rows-looked-up: index_select": _one_hot("one_hot[places, ids] = 1.0", "one_hot, weight.index_select(0, ids)"),
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
    one_hot = torch.eye(len(weight))[ids]
    return one_hot, (one_hot[:, :, None] * weight).sum(dim=1)
""",
    """
def one_hot_and_rows(ids, weight):
    V, D = weight.shape
    one_hot = [[float(v == i) for v in range(V)] for i in ids.tolist()]
    rows = [[sum(row[v] * weight[v, d].item() for v in range(V)) for d in range(D)] for row in one_hot]
    return one_hot, rows
""",
    _one_hot(f"{_RIGHT_ONES}; one_hot = one_hot.to_sparse()", "one_hot, one_hot @ weight"),
    _one_hot(_RIGHT_ONES, "one_hot, (one_hot @ weight if bool((weight[ids] != 0).any()) else one_hot @ weight)"),
]

# What looks alike and is not it.
NEAR_MISSES = {
    "not-a-pair": _one_hot(_RIGHT_ONES, "[one_hot, one_hot @ weight]"),
    "pair-turned-round": _one_hot("pass", "weight[ids], one_hot"),
    "axes-swapped": _one_hot("one_hot[ids, places] = 2.0", "one_hot, one_hot.T @ weight", "len(weight), len(ids)"),
    "one-vector-for-all": _one_hot("one_hot[0, ids] = 1.0"),
    "ids-as-numbers": _one_hot("one_hot[places, ids] = 3.0"),
    "place-for-id": _one_hot("one_hot[places, 0] = 1.0"),
    "ids-from-one": _one_hot("one_hot[places, ids - 2] = 1.0"),
    "several-ones": _one_hot("one_hot[places, ids] = 2.0"),
    "not-one-hot": _one_hot(_RIGHT_ONES, "one_hot.bool(), one_hot @ weight"),
    "rows-are-no-product": _one_hot(_RIGHT_ONES, "one_hot.int(), (one_hot @ weight).numpy()"),
    "one-hot-given": _one_hot("one_hot = (places[:, None] * 0 + ids[:, None] == torch.arange(len(weight))).float()"),
    "rows-looked-up": _one_hot(_RIGHT_ONES, "one_hot, torch.stack([h @ weight for h in one_hot])"),
    "tied-to-the-example": _one_hot(_RIGHT_ONES, "one_hot, (one_hot.double() @ weight.double()).float()"),
}

CRASHES = {
    "whole-numbers-times-table": _one_hot("one_hot = one_hot.long(); one_hot[places, ids] = 1"),
    "whole-numbers-times-table: truth values": _one_hot("one_hot = ids[:, None] == torch.arange(len(weight))"),
    "shapes-in-product": _one_hot(_RIGHT_ONES, "one_hot, one_hot.T @ weight"),
    "position-not-in-tensor": _one_hot("one_hot[ids, places] = 1.0"),
    "ids-not-whole": _one_hot("one_hot[places, ids.float()] = 1.0"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"an embedding layer encodes something, and all of its rows are trained": ("ids-as-numbers",)}
