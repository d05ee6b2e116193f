"""What a block of the learner's shows: its parts, what they train, and what it computes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.attention import MultiHeadAttention
from llmlab.exercises.engine import Wrong
from llmlab.exercises.engine.values import plain
from llmlab.exercises.engine.verdicts import Blank
from llmlab.exercises.lesson_09.the_block_mistakes import right_block
from llmlab.gpt import FeedForward

_PARTS = ("norm_1", "attention", "norm_2", "feed_forward")


def trained_by_part(D: int) -> dict[str, int]:
    """How many numbers each part trains."""
    return {"norm_1": 2 * D, "attention": 4 * D * D + 4 * D, "norm_2": 2 * D, "feed_forward": 8 * D * D + 5 * D}


@dataclass(frozen=True)
class Seen:
    """What a block of the learner's showed, in plain values.

    Attributes:
        trained: how many numbers each of the four parts trains; None for a part that it does not keep.
        shared: whether both norms are one module.
        changed_x: whether what it was given is no longer the same.
        output: what it gave for x.
        right: what the pre-norm block of its own parts gives.
        silent: what it gave for x when attention and feed-forward give zeros.
        weights: those of each part, in the order in which the part keeps them.
    """

    trained: dict[str, int | None]
    shared: bool = False
    changed_x: bool = False
    output: Any = None
    right: Any = None
    silent: Any = None
    weights: list[list[Tensor]] = field(default_factory=list)


@torch.no_grad()
def look(module: Any, _: tuple, *, x: Tensor, seed: int) -> dict[str, Any]:
    """What a module shows for x, with weights drawn from `seed`: the attributes of `Seen`."""
    if not isinstance(module, nn.Module):
        raise Wrong("not-a-module", f"Called with three sizes it gave a value of type `{type(module).__name__}`.")
    if not type(module).forward.__code__.co_names:
        given = module.forward(x.clone())
        if given is None or given is ...:
            raise Blank
    parts: dict[str, Any] = {name: getattr(module, name, None) for name in _PARTS}
    trained = {
        name: sum(weight.numel() for weight in part.parameters()) if isinstance(part, nn.Module) else None
        for name, part in parts.items()
    }
    if trained != trained_by_part(x.shape[-1]) or parts["norm_1"] is parts["norm_2"]:
        return vars(Seen(trained, shared=parts["norm_1"] is parts["norm_2"]))
    module.eval()
    generator = torch.Generator().manual_seed(seed)
    for weight in module.parameters():  # so that no part resembles another, and norms do more than norm
        weight.copy_(0.6 * torch.randn(weight.shape, generator=generator) + (weight.dim() == 1))
    given = x.clone()
    output = module(given)
    if output is None:
        raise Wrong("returns-none", "`forward` gave `None`.")
    right = right_block(x, *parts.values())
    weights = [[weight.clone() for weight in part.parameters()] for part in parts.values()]
    for weight in (*parts["attention"].parameters(), *parts["feed_forward"].parameters()):
        weight.zero_()
    silent = plain(module(x.clone()))
    return vars(Seen(trained, False, not given.equal(x), plain(output), plain(right), silent, weights))


@torch.no_grad()
def rebuilt(weights: list[list[Tensor]], sizes: tuple[int, int, int]) -> list[nn.Module] | None:
    """The four parts that the exercise names, with these weights; None where the weights are not theirs.

    Args:
        weights: as in `Seen`.
        sizes: (d_model, n_heads, context_length).
    """
    D, n_heads, length = sizes
    with torch.random.fork_rng(devices=[]):
        attention = MultiHeadAttention(D, D, length, n_heads, qkv_bias=True)
        parts = [nn.LayerNorm(D), attention, nn.LayerNorm(D), FeedForward(D)]
    for part, held in zip(parts, weights, strict=True):
        wanted = list(part.parameters())
        if [weight.shape for weight in held] != [weight.shape for weight in wanted]:
            return None
        for weight, value in zip(wanted, held, strict=True):
            weight.copy_(value)
    return parts
