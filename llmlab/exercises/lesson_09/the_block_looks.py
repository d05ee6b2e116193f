"""What a block of the learner's shows: its parts, what they train, and what it computes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.exercises.engine import Wrong
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import is_close, tensor
from llmlab.exercises.engine.values import plain
from llmlab.exercises.engine.verdicts import Blank
from llmlab.exercises.lesson_09.the_block_mistakes import right_block, wrong_blocks

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
        right: what the pre-norm block of its parts gives.
        idea: the known mistake that gives the same as its output.
        silent: what it gave for x when attention and feed-forward give zeros.
    """

    trained: dict[str, int | None]
    shared: bool = False
    changed_x: bool = False
    output: Any = None
    right: Any = None
    idea: str | None = None
    silent: Any = None


@torch.no_grad()
def look(module: Any, _: tuple, *, x: Tensor, seed: int) -> Seen:
    """What a module shows for x, with weights drawn from `seed`."""
    if not isinstance(module, nn.Module):
        raise Wrong("not-a-module", f"Called with three sizes it gave a value of type `{type(module).__name__}`.")
    if not type(module).forward.__code__.co_names:
        given = module.forward(x.clone())
        if given is None or given is ...:
            raise Blank
    parts = {name: getattr(module, name, None) for name in _PARTS}
    trained = {
        name: sum(weight.numel() for weight in part.parameters()) if isinstance(part, nn.Module) else None
        for name, part in parts.items()
    }
    if trained != trained_by_part(x.shape[-1]) or parts["norm_1"] is parts["norm_2"]:
        return Seen(trained, shared=parts["norm_1"] is parts["norm_2"])
    module.eval()
    generator = torch.Generator().manual_seed(seed)
    for weight in module.parameters():  # so that no part resembles another, and norms do more than norm
        weight.copy_(0.6 * torch.randn(weight.shape, generator=generator) + (weight.dim() == 1))
    given = x.clone()
    output = module(given)
    if output is None:
        raise Wrong("returns-none", "`forward` gave `None`.")
    agrees = partial(is_close, tensor(plain(output)))
    right, idea = right_block(x, *parts.values()), name_of(wrong_blocks(x, *parts.values()).items(), agrees)
    for weight in (*parts["attention"].parameters(), *parts["feed_forward"].parameters()):
        weight.zero_()
    silent = plain(module(x.clone()))
    return Seen(trained, False, not given.equal(x), plain(output), plain(right), idea, silent)
