"""Attention in which groups of query heads share keys and values, to be written: tried on heads that all differ."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_13.sections import CACHE, FEWER


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    return (q @ k.mT / math.sqrt(q.shape[-1])).softmax(dim=-1) @ v


def _grouped(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    size = len(q) // len(k)
    return torch.stack([_attend(q[head], k[head // size], v[head // size]) for head in range(len(q))])


def _wrong_contexts(q: Tensor, k: Tensor, v: Tensor) -> dict[str, Tensor]:
    """What each known mistake gives; H is larger than G, and G larger than 1."""
    size = len(q) // len(k)
    turns = torch.arange(len(q)) % len(k)
    own = torch.arange(len(q)) // size
    averaged = torch.stack([_attend(q[g * size : (g + 1) * size].mean(0), k[g], v[g]) for g in range(len(k))])
    scores = q @ k[own].mT
    scaled = scores / math.sqrt(q.shape[-1])
    return {
        "takes-turns": _attend(q, k[turns], v[turns]),
        "takes-turns: keys alone": _attend(q, k[turns], v[own]),
        "takes-turns: values alone": _attend(q, k[own], v[turns]),
        "all-share-the-first": _attend(q, k[:1].expand_as(q), v[:1].expand(len(q), -1, -1)),
        "all-share-the-mean": _attend(q, k.mean(0, keepdim=True), v.mean(0, keepdim=True)),
        "one-context-per-group": averaged,
        "first-of-each-group": _grouped(q, k, v)[::size],
        "not-scaled": scores.softmax(dim=-1) @ v[own],
        "scaled-by-the-heads": (scores / math.sqrt(len(q))).softmax(dim=-1) @ v[own],
        "softmax-over-queries": scaled.softmax(dim=-2) @ v[own],
        "keys-as-values": _attend(q, k[own], k[own]),
        "no-softmax": scaled @ v[own],
        "no-root": (scores / q.shape[-1]).softmax(dim=-1) @ v[own],
        "weights-not-context": scaled.softmax(dim=-1),
        "heads-merged": _grouped(q, k, v).transpose(0, 1).flatten(1),
        "groups-kept-apart": _grouped(q, k, v).unflatten(0, (len(k), size)),
        "causal": (scaled + torch.full(scaled.shape[-2:], -torch.inf).triu(1)).softmax(dim=-1) @ v[own],
    }


def _numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + math.prod(shape))
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


def _check_grouped(attention: Probe) -> Iterator[str]:
    q, k, v = _numbers(6, 4, 5), _numbers(2, 4, 5, shift=5), _numbers(2, 4, 5, shift=40)
    expected = _grouped(q, k, v)
    value = attention(q, k, v, shown=f"{attention.name}(q, k, v)")
    got = tensor(value)
    if not is_close(got, expected):
        if got is None:
            raise Wrong("not-a-tensor", f"It gave `{show(value)}`.")
        idea = name_of(_wrong_contexts(q, k, v).items(), partial(is_close, got))
        if idea is None and got.shape != expected.shape:
            raise Wrong("not-the-shape", f"For q (6, 4, 5) and k, v (2, 4, 5) it gave shape {tuple(got.shape)}.")
        shown = "With 6 query heads and 2 of keys and values"
        if got.shape == expected.shape:
            apart = ~torch.isclose(got, expected.double(), rtol=1e-4, atol=1e-4)
            head, token = apart.any(dim=-1).nonzero()[0].tolist()
            shown += f", query head {head} gave token {token} the context `{show(got[head, token].tolist())}`"
            shown += f"; right is `{show(expected[head, token].tolist())}`."
        else:
            shown += f" it gave shape {tuple(got.shape)}; right is {tuple(expected.shape)}."
        raise Wrong(idea or "other-context", shown)
    yield "six query heads, two of keys and values"

    fresh = random.Random()
    generator = seeded(fresh)
    for n_heads, n_groups in ((6, 3), (6, 6), (5, 1), (8, 2)):
        T, d = fresh.randint(2, 7), fresh.randint(2, 6)
        q = torch.randn(n_heads, T, d, generator=generator)
        k, v = torch.randn(2, n_groups, T, d, generator=generator)
        call = f"{attention.name}(q, k, v) with {n_heads} query heads and {n_groups} of keys and values"
        if not is_close(tensor(attention(q, k, v, shown=call, fresh=True)), _grouped(q, k, v)):
            raise Wrong("tied-to-the-example", f"Seen with {n_heads} query heads and {n_groups} of keys and values.")
    yield "fresh random heads: groups, one for each, one for all"


EXERCISE = Exercise(
    kind="function",
    examine=_check_grouped,
    means="One function is all three: G = H is multi-head attention, G = 1 multi-query, and what lies between is "
    "grouped. Only keys and values are cached, so the cache shrinks by H / G.",
    hints=(
        "With 6 query heads and 2 key heads: which key head does query head 2 use, and which query head 3?",
        "Give each query head its keys: repeat every key and value head H / G times, each next to its copies. Then it "
        "is attention as ever.",
        "`k.repeat_interleave(len(q) // len(k), dim=0)` repeats neighbours together; `k.repeat(…)` would take turns.",
    ),
    variant="Do it without a copy: reshape q to (G, H / G, T, d) and give k and v a dimension of size 1. What shape "
    "have the scores?",
    misconceptions={
        "takes-turns": Misconception(
            "The query heads take turns: 0, 1, 0, 1. Neighbours share: the first H / G query heads use the first key "
            "and value head. (`repeat` takes turns, `repeat_interleave` keeps copies together.)",
            FEWER,
        ),
        "all-share-the-first": Misconception(
            "All query heads use the first key and value head. Each group has one of its own.", FEWER
        ),
        "all-share-the-mean": Misconception(
            "Keys and values were averaged over the heads. Nothing is averaged: each group uses its own head.", FEWER
        ),
        "one-context-per-group": Misconception(
            "The queries of a group were averaged. What is shared are keys and values; every query head asks its own "
            "question and gets its own context.",
            FEWER,
        ),
        "first-of-each-group": Misconception(
            "One context came back for each group. Every query head has its own: (H, T, d).", FEWER
        ),
        "not-scaled": Misconception("The scores were not divided by √d.", CACHE),
        "scaled-by-the-heads": Misconception(
            "The scores were divided by the root of the number of heads. It is √d, the width of a query.", FEWER
        ),
        "softmax-over-queries": Misconception(
            "The softmax ran over the queries. Each query shares out its attention among the keys: `dim=-1`.", FEWER
        ),
        "keys-as-values": Misconception("Keys stand where the values belong.", FEWER),
        "no-root": Misconception("The scores were divided by d: the root is missing.", FEWER),
        "no-softmax": Misconception("The scores were used as they are: a softmax makes weights of them.", FEWER),
        "weights-not-context": Misconception(
            "These are the attention weights. The context is the sum of the values, weighted by them.", FEWER
        ),
        "heads-merged": Misconception(
            "The heads were merged side by side. Asked for are the contexts of each head, (H, T, d).", FEWER
        ),
        "groups-kept-apart": Misconception(
            "The numbers are right, in the shape (G, H / G, T, d). Flatten the first two: (H, T, d).", FEWER
        ),
        "causal": Misconception("The future was hidden. No mask is asked for here.", FEWER),
        "not-a-tensor": Misconception("The result is one tensor, the contexts of all query heads: (H, T, d)."),
        "not-the-shape": Misconception("The result must have the shape of q: (H, T, d).", FEWER),
        "other-context": Misconception(
            "This is not the context: for each query head softmax of q kᵀ / √d, times v, with the keys and values of "
            "its group.",
            FEWER,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other sizes do not: what in the code is right for the example alone?", FEWER
        ),
    },
    crashes=(
        Crash(
            "heads-do-not-match",
            "RuntimeError",
            r"tensor a \(6\) must match the size of tensor b \(2\) at non-singleton dimension 0",
            "The query heads are more than the key heads, and PyTorch does not know which belong together. Give every "
            "query head its keys first.",
            FEWER,
        ),
        Crash(
            "copies-not-whole",
            "TypeError",
            r"repeat_interleave\(\)[^\n]*\(float|non-int of type 'float'",
            "The number of copies is a whole number, and `/` always gives a float: `//` divides whole numbers.",
            FEWER,
        ),
        Crash(
            "all-dimensions-turned",
            "RuntimeError",
            r"tensor a \(6\) must match the size of tensor b \(5\) at non-singleton dimension 0",
            "With three dimensions `.T` turns all of them. `k.transpose(-2, -1)` turns the last two.",
            FEWER,
        ),
    ),
)
