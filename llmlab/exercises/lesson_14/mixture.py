"""Tokens to the experts that a router chooses, to be written: tried on four tokens and five experts, then at random."""

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
from llmlab.exercises.lesson_14.sections import EXPERTS


def _outputs(x: Tensor, experts: Tensor) -> Tensor:
    """What every expert makes of every token: (N, E, D)."""
    return torch.einsum("nd,edo->neo", x, experts)


def _weigh(shares: Tensor, outputs: Tensor, chosen: Tensor) -> Tensor:
    """The outputs of the chosen experts, in shares: (N, k), (N, E, D), (N, k) -> (N, D)."""
    return torch.einsum("nk,nkd->nd", shares, outputs.gather(1, chosen[..., None].expand(-1, -1, outputs.shape[-1])))


def _mixture(x: Tensor, router: Tensor, experts: Tensor, k: int) -> Tensor:
    largest, chosen = (x @ router).topk(k, dim=-1)
    return _weigh(largest.softmax(dim=-1), _outputs(x, experts), chosen)


def _wrong_mixtures(x: Tensor, router: Tensor, experts: Tensor, k: int) -> dict[str, Tensor]:
    """What each known mistake gives, where k is above 1."""
    logits, outputs = x @ router, _outputs(x, experts)
    largest, chosen = logits.topk(k, dim=-1)
    shares = largest.softmax(dim=-1)
    smallest, unlikely = logits.topk(k, dim=-1, largest=False)
    places = torch.arange(k).expand_as(chosen)
    of_all = logits.mean(dim=0).topk(k).indices.expand_as(chosen)
    every = logits.softmax(dim=-1)
    return {
        "softmax-over-all": _weigh(every.gather(1, chosen), outputs, chosen),
        "all-experts-used": torch.einsum("ne,ned->nd", every, outputs),
        "not-weighted": _weigh(torch.ones_like(shares), outputs, chosen),
        "equal-shares": _weigh(torch.full_like(shares, 1 / k), outputs, chosen),
        "only-the-best": _weigh(torch.ones_like(shares[:, :1]), outputs, chosen[:, :1]),
        "only-the-best: in its share": _weigh(shares[:, :1], outputs, chosen[:, :1]),
        "only-the-last": _weigh(shares[:, -1:], outputs, chosen[:, -1:]),
        "smallest-chosen": _weigh(smallest.softmax(dim=-1), outputs, unlikely),
        "logits-as-shares": _weigh(largest, outputs, chosen),
        "softmax-over-tokens": _weigh(largest.softmax(dim=0), outputs, chosen),
        "shares-turned-round": _weigh(shares.flip(-1), outputs, chosen),
        "chosen-for-all": _weigh(logits.gather(1, of_all).softmax(dim=-1), outputs, of_all),
        "place-not-number": _weigh(shares, outputs, places),
        "expert-turned": _weigh(shares, _outputs(x, experts.mT), chosen),
    }


def _numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + math.prod(shape))
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


def _example() -> tuple[Tensor, Tensor, Tensor]:
    """Four tokens of width 3, a router for five experts, and these: no two logits of a token are alike."""
    x = torch.tensor([[1.0, 0.2, -0.4], [-0.6, 0.8, 0.4], [0.4, -1.0, 0.6], [0.2, 0.6, 1.0]])
    router = torch.tensor([[0.9, -0.7, 0.3, 1.6, -1.2], [-0.4, 1.1, 0.8, -0.9, 0.5], [0.6, 0.5, -1.3, 0.2, 1.4]])
    return x, router, _numbers(5, 3, 3, shift=3)


def _check_mixture(mixture: Probe) -> Iterator[str]:
    x, router, experts = _example()
    expected = _mixture(x, router, experts, 2)
    value = mixture(x, router, experts, 2, shown=f"{mixture.name}(x, router, experts, 2)")
    got = tensor(value)
    if not is_close(got, expected):
        if got is None or got.shape != x.shape:
            seen = f"`{show(value)}`" if got is None else f"shape {tuple(got.shape)}"
            raise Wrong("not-the-shape", f"For x of shape (4, 3), five experts and k = 2 it gave {seen}.")
        idea = name_of(_wrong_mixtures(x, router, experts, 2).items(), partial(is_close, got))
        shown = f"With five experts and k = 2 the first token became `{show(got[0].tolist())}`"
        raise Wrong(idea or "other-values", f"{shown}; right is `{show(expected[0].tolist())}`.")
    yield "four tokens, five experts, two for each token"

    fresh = random.Random()
    generator = seeded(fresh)
    for N, D, E, k in ((7, 4, 6, 3), (5, 3, 4, 1), (2, 5, 3, 3), (1, 6, 8, 2)):
        x, router = torch.randn(N, D, generator=generator), torch.randn(D, E, generator=generator)
        experts = torch.randn(E, D, D, generator=generator)
        call = f"{mixture.name}(x, router, experts, {k}) with {N} tokens and {E} experts"
        got = tensor(mixture(x, router, experts, k, shown=call, fresh=True))
        if not is_close(got, _mixture(x, router, experts, k), atol=1e-3):
            raise Wrong("tied-to-the-example", f"Seen with {N} tokens, {E} experts and k = {k}.")
    yield "fresh random routers: one expert, several, all"


EXERCISE = Exercise(
    kind="function",
    examine=_check_mixture,
    means="Each token goes its own way. What the other experts would make of it need not be computed, so with more of "
    "them a token becomes hardly dearer: only the router grows.",
    hints=(
        "Which numbers say how well each expert suits each token, and how do you get the k largest of a row, with the "
        "places where they stand?",
        "`largest, chosen = (x @ router).topk(k, dim=-1)`. The shares are a softmax over the k largest alone. Then go "
        "through tokens and places: add share times what that expert makes of the token.",
        "`for n in range(len(x)): total[n] = sum(shares[n, j] * (x[n] @ experts[chosen[n, j]]) for j in range(k))`",
    ),
    variant="Go through the experts instead of the tokens: `token, place = torch.where(chosen == e)` are those that "
    "expert e gets. That is how `llmlab.gpt.Experts` does it, one product for each expert.",
    crashes=(
        Crash(
            "pair-of-topk",
            "AttributeError",
            r"topk' object has no attribute",
            "`topk` gives two things, the values and the places where they stand: "
            "`largest, chosen = logits.topk(k, dim=-1)`.",
            EXPERTS,
        ),
        Crash(
            "all-tokens-in-one-row",
            "RuntimeError",
            r"output with shape \[3\] doesn't match the broadcast shape \[4, 3\]",
            "The row of one token cannot take (4, 3) numbers, what an expert makes of all tokens: `x[n]` is the one "
            "token.",
            EXPERTS,
        ),
    ),
    misconceptions={
        "softmax-over-all": Misconception(
            "The softmax ran over all experts, and the shares of the chosen ones do not sum to 1. It runs over the k "
            "largest logits alone.",
            EXPERTS,
        ),
        "all-experts-used": Misconception(
            "Every token went through every expert. Only the k with the largest logits count, the others do nothing.",
            EXPERTS,
        ),
        "not-weighted": Misconception(
            "The outputs of the chosen experts were added as they are. Each counts by its share.", EXPERTS
        ),
        "equal-shares": Misconception(
            "The chosen experts share equally. Their shares are a softmax over their logits.", EXPERTS
        ),
        "only-the-best": Misconception("Only the best expert was used. A token goes through k of them.", EXPERTS),
        "only-the-last": Misconception(
            "Only what the last of the k experts gave was kept. What all k give is added up: `+=`, not `=`.", EXPERTS
        ),
        "smallest-chosen": Misconception("The experts with the smallest logits were chosen.", EXPERTS),
        "logits-as-shares": Misconception(
            "The logits were used as they are: a softmax over the k largest makes shares of them.", EXPERTS
        ),
        "softmax-over-tokens": Misconception(
            "The softmax ran over the tokens. Each token has shares of its own: `dim=-1`.", EXPERTS
        ),
        "shares-turned-round": Misconception(
            "The shares are in the opposite order: the largest one belongs to the expert with the largest logit.",
            EXPERTS,
        ),
        "chosen-for-all": Misconception(
            "All tokens went through the same experts. The router chooses for each token by itself.", EXPERTS
        ),
        "place-not-number": Misconception(
            "The shares are right, the experts are not: the first k were used. `topk` also says *where* the largest "
            "logits stand, and that is the number of the expert.",
            EXPERTS,
        ),
        "expert-turned": Misconception(
            "The experts' matrices were turned around. What expert e makes of a token is x[n] @ experts[e].", EXPERTS
        ),
        "not-the-shape": Misconception("One tensor comes out, of the shape of x, (N, D).", EXPERTS),
        "other-values": Misconception(
            "This is not the mixture: for each token the k largest logits, a softmax over them, and the outputs of "
            "these experts added up in these shares.",
            EXPERTS,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other sizes do not: what in the code is right for the example alone?", EXPERTS
        ),
    },
)
