"""Layers of which it is known what reaches what, each hard to see through in a way of its own, for exercise 07.2."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

Layer = Callable[[Tensor], Tensor]
T, D = 4, 3


def looks_at_the_next(x: Tensor) -> Tensor:
    """(T, D) -> (T, D): each output is the token after it; the last one is nothing."""
    return torch.cat([x[1:], torch.zeros_like(x[:1])])


def sums_the_past(x: Tensor) -> Tensor:
    """(T, D) -> (T, D): each output is the sum of its token and all before it, exactly."""
    return x.cumsum(0)


def rounds(x: Tensor) -> Tensor:
    """The past, quietly, with the future added and taken away again: what is left of that is rounding, below 1e-6."""
    past, future = 0.05 * x.cumsum(0), 0.05 * (x.sum(0) - x.cumsum(0))
    return (past + 1.1 * future) - 1.1 * future


def opposes(x: Tensor) -> Tensor:
    """(T, D) -> (T, 2): one number of the past, and the same with the other sign."""
    past = x.cumsum(0) @ torch.arange(1, x.shape[1] + 1).to(x.dtype)[:, None]
    return torch.cat([past, -past], dim=1)


def takes_the_mean_away(x: Tensor) -> Tensor:
    """(T, D) -> (T, D): the past, of each token only how its components differ from their mean."""
    return (x - x.mean(dim=1, keepdim=True)).cumsum(0)


def reads_one_component(component: int, x: Tensor) -> Tensor:
    """The past, of each token a single component, told three times."""
    return x[:, component : component + 1].cumsum(0).expand(-1, 3)


def tells_in_one_component(component: int, x: Tensor) -> Tensor:
    """The past, told in one component of three; the others stay 0."""
    return x.cumsum(0).sum(1, keepdim=True) * torch.eye(3)[component]


def mixes_what_it_reads(reads: Tensor, mixes: Tensor, x: Tensor) -> Tensor:
    """(T, D) -> (T, D'): the sum of the tokens that each row of `reads` (T, T) marks, mixed by `mixes` (D, D')."""
    return reads.to(x.dtype) @ (x @ mixes.to(x.dtype))


def whispers(x: Tensor) -> Tensor:
    """The past, a thousand times as quiet."""
    return 1e-3 * x.cumsum(0)


def two_outputs(x: Tensor) -> Tensor:
    """(T, D) -> (2, D): one output of all tokens, one of the first."""
    return torch.stack([x.sum(0), x[0]])


def wrong_tables() -> dict[str, list[Tensor]]:
    """What each known mistake finds in `looks_at_the_next`, of four tokens."""
    right = torch.ones(T - 1).diag(1).bool()
    return {
        "nothing-moves": [torch.zeros_like(right)],
        "transposed": [right.T],
        "inverted": [~right],
        "steps-pile-up": [torch.ones_like(right).triu(1)],
        "all-at-once": [right.any(1, keepdim=True).expand_as(right)],
        "one-verdict-for-all": [right.any(0).expand_as(right)],
        "own-output-only": [torch.eye(T, dtype=torch.bool)],
    }


def hard_layers(x: Tensor) -> list[tuple[str, Layer, Tensor, str]]:
    """(in words, layer, input, the misconception of whoever does not see it): all of them sum the past."""
    return [
        ("a layer that sums the past", sums_the_past, x, "other-table"),
        ("a layer with outputs of a thousandth", whispers, x, "too-coarse"),
        ("a layer in which the future cancels, but for rounding", rounds, x, "rounding-counts"),
        ("two outputs of opposite sign", opposes, x, "signs-cancel"),
        *(
            (f"a layer that reads component {c} alone", partial(reads_one_component, c), x, "one-component")
            for c in range(D)
        ),
        *(
            (f"a layer that answers in component {c}", partial(tells_in_one_component, c), x, "one-answer")
            for c in range(3)
        ),
        ("a layer that takes each token's mean away", takes_the_mean_away, x, "constant-step"),
        ("the same past around an input of zeros", sums_the_past, 0 * x, "nothing-at-zero"),
    ]
