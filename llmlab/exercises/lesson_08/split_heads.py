"""The split into heads, to be written: each entry of the input says where it comes from."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong
from llmlab.exercises.lesson_07.common import TIED, is_close, recognise, tensor
from llmlab.exercises.lesson_08.sections import FUSED, SPLIT


def _digits(B: int, T: int, D: int) -> Tensor:
    """Entry [b, t, c] is 1000·b + 100·t + c + 1111: it says where it comes from."""
    axes = 1000 * torch.arange(B)[:, None, None] + 100 * torch.arange(T)[:, None] + torch.arange(D)
    return (axes + 1111).float()


def _split(x: Tensor, H: int) -> Tensor:
    """Head h takes columns h·d_head to (h + 1)·d_head of each token: by slices, not by any reshape."""
    d_head = x.shape[-1] // H
    return torch.stack([x[:, :, h * d_head : (h + 1) * d_head] for h in range(H)], dim=1)


def _wrong_splits(x: Tensor, H: int) -> dict[str, list[Tensor]]:
    B, T, D = x.shape
    d, right = D // H, _split(x, H)
    return {
        "view-without-transpose": [x.reshape(B, H, T, d)],
        "not-transposed": [x.view(B, T, H, d)],
        "heads-interleaved": [x.view(B, T, d, H).permute(0, 3, 1, 2)],
        "heads-before-the-batch": [right.transpose(0, 1)],
        "head-axis-last": [right.transpose(2, 3), x.view(B, T, H, d).permute(0, 1, 3, 2)],
        "batch-and-heads-joined": [right.flatten(0, 1)],
        "heads-and-width-swapped": [x.view(B, T, d, H).transpose(1, 2)],
    }


def _check_split_heads(split_heads: Probe) -> Iterator[str]:
    B, T, H, d_head = 2, 3, 4, 5
    x = _digits(B, T, H * d_head)
    call = f"{split_heads.name}(x ({B}, {T}, {H * d_head}), n_heads={H})"
    got = tensor(split_heads(x, H, shown=call))
    if got is None:
        raise Wrong("not-a-tensor", f"`{call}` did not give a tensor of numbers.")
    right = _split(x, H)
    if not is_close(got, right):
        shape = tuple(right.shape)
        named = recognise(got, _wrong_splits(x, H)) or ("wrong-shape" if got.shape != shape else "other-split")
        shown = f"`{call}` gave shape {tuple(got.shape)}, wanted is {shape}."
        if got.shape == shape:
            b, h, t, _ = (got != right).nonzero()[0].tolist()
            row, wanted = got[b, h, t].int().tolist(), right[b, h, t].int().tolist()
            shown = f"In `{call}` text {b}, head {h}, token {t} is {row}; it should be {wanted}."
        raise Wrong(named, shown)
    yield "2 texts, 3 tokens, 4 heads of width 5"

    for sizes in ((1, 4, 1, 6), (3, 1, 2, 4), (1, 2, 3, 1)):
        B, T, H, d_head = sizes
        x = _digits(B, T, H * d_head)
        call = f"{split_heads.name}(x ({B}, {T}, {H * d_head}), n_heads={H})"
        if (got := tensor(split_heads(x, H, shown=call))) is None or not is_close(got, _split(x, H)):
            raise Wrong("other-split", f"`{call}` is not what it should be.")
    yield "one head, one token, one text"

    fresh = random.Random()
    for _ in range(10):
        B, T, H, d_head = fresh.sample(range(1, 8), 4)
        x = _digits(B, T, H * d_head) + fresh.random()
        got = tensor(split_heads(x, H, shown="random sizes", fresh=True))
        if got is None or not is_close(got, _split(x, H)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_split_heads,
    means="Each head gets its own columns of every token, and tokens stay apart: the shape (B, H, T, d_head) is what "
    "`@` and the softmax then treat head by head.",
    hints=(
        "The entries of one token lie side by side in memory. Which axis does a `view` of (B, T, H·d_head) cut, if it "
        "must keep tokens whole?",
        "First cut the last axis into (H, d_head), which needs only a new shape. Then change the order of the axes, "
        "which `view` never does.",
        "`x.view(B, T, n_heads, D // n_heads).transpose(1, 2)`.",
    ),
    variant="Write it with a slice of the columns for each head and `torch.stack`. Along which new axis?",
    misconceptions={
        "view-without-transpose": Misconception(
            "The shape is right and the contents are not: a `view` cut straight to (B, H, T, d_head) deals out the "
            "numbers in the order of memory, so that a head gets pieces of different tokens. Cut the last axis first, "
            "then `transpose`.",
            SPLIT,
        ),
        "not-transposed": Misconception(
            "The heads are cut, but their axis stands behind the tokens: (B, T, H, d_head). The last two axes are what "
            "`@` multiplies, and they must be tokens and d_head.",
            SPLIT,
        ),
        "heads-interleaved": Misconception(
            "A head got every H-th column. Its columns lie side by side: cut into (H, d_head), not (d_head, H).", FUSED
        ),
        "heads-before-the-batch": Misconception("The axes are (H, B, T, d_head): the batch comes first.", SPLIT),
        "head-axis-last": Misconception("The last axis should be d_head, and the one before it the tokens.", SPLIT),
        "batch-and-heads-joined": Misconception(
            "Batch and heads became one axis. `@` and the softmax would do, but the exercise keeps them apart: four "
            "axes.",
            SPLIT,
        ),
        "heads-and-width-swapped": Misconception(
            "H and d_head changed places: `n_heads` is the number of heads, and each is D // n_heads wide.", SPLIT
        ),
        "wrong-shape": Misconception("The result must have shape (B, H, T, d_head).", SPLIT),
        "not-a-tensor": Misconception("The result must be one tensor of shape (B, H, T, d_head).", SPLIT),
        "other-split": Misconception(
            "The right numbers do not stand in their places: head 0 holds the first d_head columns of each token, head "
            "1 the next, and so on.",
            SPLIT,
        ),
        "tied-to-the-example": TIED,
    },
)
