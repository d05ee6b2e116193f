"""The merge of the heads, to be written: the way back from the split, each entry says where it comes from."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong
from llmlab.exercises.lesson_07.common import TIED, is_close, recognise, tensor
from llmlab.exercises.lesson_08.sections import FUSED, SPLIT


def _digits(B: int, H: int, T: int, d_head: int) -> Tensor:
    """Entry [b, h, t, c] is 1000·b + 100·t + 10·h + c + 1111: it says where it comes from."""
    b, h, t, c = (torch.arange(size) for size in (B, H, T, d_head))
    axes = 1000 * b[:, None, None, None] + 10 * h[:, None, None] + 100 * t[:, None] + c
    return (axes + 1111).float()


def _merge(heads: Tensor) -> Tensor:
    """Head after head, put side by side: by concatenation, not by any reshape."""
    return torch.cat(list(heads.unbind(1)), dim=-1)


def _wrong_merges(heads: Tensor) -> dict[str, list[Tensor]]:
    B, H, T, d = heads.shape
    return {
        "view-without-transpose": [heads.reshape(B, T, H * d)],
        "heads-interleaved": [heads.permute(0, 2, 3, 1).reshape(B, T, H * d)],
        "not-joined": [heads.transpose(1, 2)],
        "other-axes-joined": [heads.reshape(B, H * T, d), heads.transpose(1, 2).reshape(B, T * H, d)],
        "batch-lost": [heads.transpose(1, 2).reshape(B * T, H * d)],
        "summed": [heads.sum(1), heads.mean(1)],
    }


def _check_merge_heads(merge_heads: Probe) -> Iterator[str]:
    B, H, T, d_head = 2, 4, 3, 5
    heads = _digits(B, H, T, d_head)
    call = f"{merge_heads.name}(heads ({B}, {H}, {T}, {d_head}))"
    got, right = tensor(merge_heads(heads, shown=call)), _merge(heads)
    if got is None:
        raise Wrong("not-a-tensor", f"`{call}` did not give a tensor of numbers.")
    if not is_close(got, right):
        shape = tuple(right.shape)
        named = recognise(got, _wrong_merges(heads)) or ("wrong-shape" if got.shape != shape else "other-merge")
        shown = f"`{call}` gave shape {tuple(got.shape)}, wanted is {shape}."
        if got.shape == shape:
            b, t, _ = (got != right).nonzero()[0].tolist()
            row, wanted = got[b, t].int().tolist(), right[b, t].int().tolist()
            shown = f"In `{call}` text {b}, token {t} is {row}; it should be {wanted}."
        raise Wrong(named, shown)
    yield "2 texts, 4 heads, 3 tokens, width 5"

    for sizes in ((1, 1, 4, 6), (3, 2, 1, 4), (1, 3, 2, 1)):
        heads = _digits(*sizes)
        call = f"{merge_heads.name}(heads {sizes})"
        if (got := tensor(merge_heads(heads, shown=call))) is None or not is_close(got, _merge(heads)):
            raise Wrong("other-merge", f"`{call}` is not what it should be.")
    yield "one head, one token, one text"

    fresh = random.Random()
    for _ in range(10):
        heads = _digits(*fresh.sample(range(1, 8), 4)) + fresh.random()
        got = tensor(merge_heads(heads, shown="random sizes", fresh=True))
        if got is None or not is_close(got, _merge(heads)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_merge_heads,
    means="What each head found for a token stands side by side in that token's row again: (B, T, D), as it came in.",
    hints=(
        "In (B, H, T, d_head), where do the numbers of one token stand: side by side, or one piece in each head?",
        "First bring the axes of heads and d_head next to each other, which is the transpose of the split once more. "
        "Then join these two.",
        "`heads.transpose(1, 2).flatten(2)`; `reshape(B, T, H * d_head)` after the transpose does the same.",
    ),
    variant="Write it with `torch.cat` of the heads. Then split and merge at random sizes: is nothing changed?",
    misconceptions={
        "view-without-transpose": Misconception(
            "The shape is right and the tokens are mixed: without a `transpose`, `reshape` reads on through a head, "
            "and the pieces of several tokens come into one row.",
            SPLIT,
        ),
        "heads-interleaved": Misconception(
            "The heads' numbers are dealt out in turn: column 0 of every head, then column 1 of every head. A head's "
            "columns stay side by side.",
            FUSED,
        ),
        "not-joined": Misconception(
            "The axes are in the right order, (B, T, H, d_head). The last two still have to become one.", SPLIT
        ),
        "other-axes-joined": Misconception(
            "Heads and tokens became one axis. A token stays a row: the axes to join are those of heads and d_head.",
            SPLIT,
        ),
        "batch-lost": Misconception("Texts and tokens became one axis. The batch stays: (B, T, D).", SPLIT),
        "summed": Misconception(
            "The heads were added up, or averaged. They are put side by side, so that nothing of them is lost.", SPLIT
        ),
        "wrong-shape": Misconception("The result must have shape (B, T, D), with D = H · d_head.", SPLIT),
        "not-a-tensor": Misconception("The result must be one tensor of shape (B, T, D).", SPLIT),
        "other-merge": Misconception(
            "The right numbers do not stand in their places: the first d_head columns of a token are what head 0 has "
            "for it, the next what head 1 has, and so on.",
            SPLIT,
        ),
        "tied-to-the-example": TIED,
    },
)
