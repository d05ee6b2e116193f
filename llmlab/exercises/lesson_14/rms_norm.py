"""RMSNorm, to be written: tried on three tokens with a large eps, then with one to four axes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_14.sections import RMS


def _norm(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    return x / torch.sqrt(x.square().mean(dim=-1, keepdim=True) + eps) * scale


def _wrong_norms(x: Tensor, scale: Tensor, eps: float) -> dict[str, list[Tensor]]:
    """What each known mistake makes of a matrix (T, D): misconception -> results."""
    squares = x.square().mean(-1, keepdim=True)
    root, centred = (squares + eps).sqrt(), x - x.mean(-1, keepdim=True)

    def over(dim: Any) -> Tensor:
        return x / (x.square().mean(dim, keepdim=True) + eps).sqrt() * scale

    return {
        "mean-subtracted": [
            centred / (x.var(-1, correction=0, keepdim=True) + eps).sqrt() * scale,
            centred / root * scale,
        ],
        "variance-not-squares": [
            x / (x.var(-1, correction=correction, keepdim=True) + eps).sqrt() * scale for correction in (0, 1)
        ],
        "square-of-the-mean": [
            x / (x.mean(dim, keepdim=True).square() + eps).sqrt() * scale for dim in (-1, 0, (0, 1))
        ],
        "over-the-tokens": [over(0)],
        "one-mean-for-all": [over((0, 1))],
        "sum-not-mean": [x / (x.shape[-1] * squares + eps).sqrt() * scale],
        "eps-outside-the-root": [
            x / (squares.sqrt() + eps) * scale,
            (x / squares.sqrt() + eps) * scale,
            x / squares.sqrt() * scale + eps,
        ],
        "eps-not-used": [x / squares.sqrt() * scale],
        "root-missing": [x / (squares + eps) * scale],
        "scale-missing": [x / root],
        "scale-added": [x / root + scale],
        "not-divided": [x * root * scale, root.expand_as(x), x * scale],
    }


def _check_rms_norm(rms_norm: Probe) -> Iterator[str]:
    x = torch.tensor([[2.0, 4.0, 9.0, 5.0], [1.0, -1.0, 0.0, 4.0], [10.0, 30.0, 20.0, 60.0]])
    scale = torch.tensor([1.0, 2.0, 0.5, -1.0])
    value = rms_norm(x, scale, 0.5, shown=f"{rms_norm.name}(x, scale, 0.5)")
    got, expected = tensor(value), _norm(x, scale, 0.5)
    call = f"For x = {show(x.tolist())}, scale = {show(scale.tolist())}, eps = 0.5 it gave `{show(value)}`"
    if got is None or got.shape != x.shape:
        raise Wrong("not-the-shape", f"{call}.")
    if not is_close(got, expected):
        idea = name_of(faces(_wrong_norms(x, scale, 0.5)), partial(is_close, got))
        if idea is None and is_close(got, _norm(x, scale, 1e-5)):
            idea = "eps-not-used"
        raise Wrong(idea or "other-values", f"{call}; the right first row is `{show(expected[0].tolist())}`.")
    yield "three tokens, with a scale and a large eps"

    got = tensor(rms_norm(torch.zeros(2, 4), scale, 1e-5, shown=f"{rms_norm.name}(zeros, scale, 1e-5)"))
    if got is None or not is_close(got, torch.zeros(2, 4)):
        raise Wrong("other-values", "For a token whose numbers are all 0 it did not give zeros.")
    yield "a vector of zeros"

    fresh = random.Random()
    generator = seeded(fresh)
    for shape in ((5, 6), (3, 4, 8), (7,), (2, 3, 1, 5), (6, 6), (1, 9)):
        x = 3 * torch.randn(shape, generator=generator) + 2
        scale = torch.randn(shape[-1], generator=generator)
        eps = fresh.choice((1e-5, 0.1, 1.0))
        call = f"{rms_norm.name}(x, scale, eps) for x of shape {shape}"
        if not is_close(tensor(rms_norm(x, scale, eps, shown=call, fresh=True)), _norm(x.double(), scale, eps)):
            raise Wrong("tied-to-the-example" if len(shape) == 2 else "not-for-any-shape", f"Seen at shape {shape}.")
    yield "fresh random vectors, with one to four axes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_rms_norm,
    means="Before the scale the length of each vector is brought to √D, and its direction stays. It is what PyTorch's "
    "`nn.RMSNorm` and `llmlab.gpt.RMSNorm` compute.",
    hints=(
        "Over which axis lie the numbers of one token, and what is the mean of their squares?",
        "Square, take the mean over the last axis with `keepdim=True`, add eps, take the root. Divide x by it, then "
        "multiply by scale.",
        "`scale * x / (x.square().mean(dim=-1, keepdim=True) + eps).sqrt()`",
    ),
    variant="Subtract the mean of x first. Which function of lesson 09 have you then, but for its shift?",
    crashes=(
        Crash(
            "keepdim-missing",
            "RuntimeError",
            r"The size of tensor [ab] \(4\) must match the size of tensor [ab] \(3\)",
            "The mean holds one number for each of the 3 tokens here, shape (3,), and x has shape (3, 4): with "
            "`keepdim=True` it has shape (3, 1), and each row gets its own.",
            RMS,
        ),
    ),
    misconceptions={
        "mean-subtracted": Misconception(
            "The mean was subtracted. RMSNorm leaves it where it is: only the size is brought to a fixed scale.", RMS
        ),
        "variance-not-squares": Misconception(
            "It was divided by the standard deviation, which is taken about the mean. RMSNorm takes the mean of the "
            "squares of the numbers themselves.",
            RMS,
        ),
        "square-of-the-mean": Misconception(
            "The mean was squared. It is the squares that the mean is taken of: square first, then average.", RMS
        ),
        "over-the-tokens": Misconception(
            "The mean was taken over the tokens. Each token is normed by itself, over the last axis.", RMS
        ),
        "one-mean-for-all": Misconception(
            "There was one mean for the whole tensor. Each token has its own: `dim=-1, keepdim=True`.", RMS
        ),
        "sum-not-mean": Misconception(
            "The squares were summed. It is their mean that counts, the sum divided by D.", RMS
        ),
        "eps-outside-the-root": Misconception(
            "eps was added outside the root. It belongs inside, added to the mean of the squares.", RMS
        ),
        "eps-not-used": Misconception(
            "eps has no part in the result: it is missing, or a number stands in its place. Without it a vector of "
            "zeros gives 0 / 0.",
            RMS,
        ),
        "root-missing": Misconception(
            "It was divided by the mean of the squares. Its root is what x is measured in.", RMS
        ),
        "scale-missing": Misconception("The normed vector was not multiplied by scale.", RMS),
        "scale-added": Misconception("The scale was added. It multiplies.", RMS),
        "not-divided": Misconception("Nothing was divided: vectors of every size keep their size, or grow.", RMS),
        "not-for-any-shape": Misconception(
            "For a matrix (T, D) it is right, for other numbers of axes it is not. Name the last axis as `-1`.", RMS
        ),
        "not-the-shape": Misconception("What comes out has the shape of what goes in."),
        "other-values": Misconception(
            "These are not the normed vectors: x divided by the root of (mean of its squares + eps), times scale.", RMS
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random ones do not: what in the code is right for the example alone?", RMS
        ),
    },
)
