"""Twelve ways to get causal multi-head attention wrong, each one line away from the right way (lesson 08).

The right function stands here as text, and a bug is a line of it with what a learner writes instead. So a bug can be
shown as well as run: the influence map prints the line, the check of exercise 08.4 compares results with it.

`Looks` are the four means of finding them. Eight bugs change which inputs reach which outputs; a mask that is built
from the scores shows around zero; the two scalings show as the width grows; keys and values swapped show in the values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from llmlab.attention._influence import influence_map

Attend = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, int], Tensor]

RIGHT = """\
import torch

def attend(x, W_query, W_key, W_value, W_out, n_heads):
    T, D = len(x), W_query.shape[1]
    d_head = D // n_heads
    queries, keys, values = x @ W_query, x @ W_key, x @ W_value  # (T, D)

    def split(t):
        return t.view(T, n_heads, d_head).transpose(0, 1)  # (H, T, d_head)

    scores = split(queries) @ split(keys).transpose(1, 2) / d_head**0.5  # (H, T, T)
    future = torch.ones(T, T, dtype=torch.bool).triu(diagonal=1)
    weights = scores.masked_fill(future, -torch.inf).softmax(dim=-1)
    context = weights @ split(values)  # (H, T, d_head)
    context = context.transpose(0, 1).reshape(T, D)
    return context @ W_out
"""

_WEIGHTS = "weights = scores.masked_fill(future, -torch.inf).softmax(dim=-1)"
_FUTURE = "future = torch.ones(T, T, dtype=torch.bool).triu(diagonal=1)"
_SCALE = "scores = split(queries) @ split(keys).transpose(1, 2) / d_head**0.5"

# name -> (the right line, what stands there instead)
BUGS: dict[str, tuple[str, str]] = {
    "softmax over the queries": (_WEIGHTS, _WEIGHTS.replace("dim=-1", "dim=-2")),
    "no scaling": (_SCALE, _SCALE.removesuffix(" / d_head**0.5")),
    "scaling by the model width": (_SCALE, _SCALE.replace("d_head**0.5", "D**0.5")),
    "no mask": (_WEIGHTS, "weights = scores.softmax(dim=-1)"),
    "mask after the softmax": (_WEIGHTS, "weights = scores.softmax(dim=-1).masked_fill(future, 0.0)"),
    "0/1 mask added": (_WEIGHTS, "weights = (scores + (~future).float()).softmax(dim=-1)"),
    "mask one too high": (_FUTURE, _FUTURE.replace("diagonal=1", "diagonal=2")),
    "mask one too low": (_FUTURE, _FUTURE.replace("diagonal=1", "diagonal=0")),
    "mask from the scores": (_FUTURE, "future = scores.triu(diagonal=1).bool()"),
    "view when splitting": (
        "return t.view(T, n_heads, d_head).transpose(0, 1)",
        "return t.view(n_heads, T, d_head)",
    ),
    "view when merging": ("context = context.transpose(0, 1).reshape(T, D)", "context = context.reshape(T, D)"),
    "keys and values swapped": (
        "queries, keys, values = x @ W_query, x @ W_key, x @ W_value",
        "queries, keys, values = x @ W_query, x @ W_value, x @ W_key",
    ),
}
# Looks like "mask after the softmax", and is right: each row is divided by what is left of it.
LATE_MASK = (
    _WEIGHTS,
    "weights = scores.softmax(dim=-1) * ~future; weights = weights / weights.sum(dim=-1, keepdim=True)",
)


def source(change: tuple[str, str] | None = None) -> str:
    """The right function as text, or the one with a line exchanged.

    >>> "softmax(dim=-2)" in source(BUGS["softmax over the queries"])
    True
    """
    return RIGHT if change is None else RIGHT.replace(*change)


@cache
def function(change: tuple[str, str] | None = None) -> Attend:
    """The function that `source(change)` defines.

    >>> function()(torch.ones(3, 4), *[torch.eye(4)] * 4, 2).shape
    torch.Size([3, 4])
    """
    namespace: dict[str, Attend] = {}
    exec(source(change), namespace)
    return namespace["attend"]


def weights(d_in: int, D: int, d_out: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Four random matrices that keep the variance: W_query, W_key, W_value (d_in, D) and W_out (D, d_out)."""
    generator = torch.Generator().manual_seed(seed)
    shapes = [(d_in, D)] * 3 + [(D, d_out)]
    return tuple(torch.randn(shape, generator=generator) / shape[0] ** 0.5 for shape in shapes)


@dataclass(frozen=True)
class Looks:
    """Four looks at one attention function.

    Attributes:
        at_random: whether its map at a random input is exactly lower-triangular.
        around_zero: the same for an input of zeros.
        sharpness: mean square of its outputs as heads and head width grow together, see `SIDES`.
        difference: largest difference from the right outputs on one small example; NaN counts as infinite.
    """

    at_random: bool
    around_zero: bool
    sharpness: tuple[float, ...]
    difference: float

    @property
    def steady(self) -> bool:
        """Whether the sharpness is, at every width, that of the right function within a quarter."""
        return all(abs(s - right) <= right / 4 for s, right in zip(self.sharpness, right_sharpness(), strict=True))

    @property
    def equal(self) -> bool:
        """Whether the values are the right ones, up to rounding."""
        return self.difference < 1e-4


SIDES = (4, 8, 16)  # so many heads, each so wide
_T, _D_IN, _D, _D_OUT, _HEADS = 5, 8, 12, 10, 3


@torch.no_grad()
def look(attend: Attend) -> Looks:
    """All four looks, on sizes that differ from each other."""
    matrices = weights(_D_IN, _D, _D_OUT)
    x = torch.randn(_T, _D_IN, generator=torch.Generator().manual_seed(1))

    def of(x: Tensor) -> Tensor:
        return attend(x.clone(), *matrices, _HEADS)

    causal = torch.ones(_T, _T, dtype=torch.bool).tril()
    at_random, around_zero = (torch.equal(influence_map(of, at), causal) for at in (x, torch.zeros_like(x)))
    error = (of(x) - function()(x, *matrices, _HEADS)).abs().nan_to_num(torch.inf).max().item()
    return Looks(at_random, around_zero, sharpness(attend), error)


@torch.no_grad()
def sharpness(attend: Attend) -> tuple[float, ...]:
    """Mean square of the outputs of late tokens, for 4 heads of width 4, 8 of width 8, 16 of width 16.

    Inputs and values have variance 1, so a head that copies one token gives about 1, one that averages n gives 1/n.
    """
    found = []
    for side in SIDES:
        # Copies: a learner's function may write into what it is given.
        x, W_query, W_key, W_value = (given.clone() for given in _stage(side))
        outputs = attend(x, W_query, W_key, W_value, torch.eye(side * side), side)
        found.append(outputs[len(outputs) // 2 :].square().mean().item())
    return tuple(found)


@cache
def _stage(side: int) -> tuple[Tensor, ...]:
    x = torch.randn(32, 64, generator=torch.Generator().manual_seed(side))
    return x, *weights(64, side * side, 1, seed=side)[:3]


@cache
def right_sharpness() -> tuple[float, ...]:
    """The sharpness of the right function."""
    return sharpness(function())
