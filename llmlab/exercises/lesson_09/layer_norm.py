"""Layer normalisation, to be written: tried on three tokens with a large eps, then with one to four axes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import faces, name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_09.sections import NORM


def _norm(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> Tensor:
    mean = x.mean(dim=-1, keepdim=True)
    variance = (x - mean).square().mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * scale + shift


def _wrong_norms(x: Tensor, scale: Tensor, shift: Tensor, eps: float) -> dict[str, list[Tensor]]:
    """What each known mistake makes of a matrix (T, D): misconception -> results."""
    mean = x.mean(-1, keepdim=True)
    variance = x.var(-1, correction=0, keepdim=True)
    unbiased = x.var(-1, correction=1, keepdim=True)
    root = (variance + eps).sqrt()
    hat = (x - mean) / root

    def over(dim: Any) -> Tensor:
        centred = x - x.mean(dim, keepdim=True)
        return centred / (centred.square().mean(dim, keepdim=True) + eps).sqrt() * scale + shift

    bare = (x - mean) / variance.sqrt()
    return {
        "divided-by-n-minus-1": [(x - mean) / (unbiased + eps).sqrt() * scale + shift],
        "over-the-tokens": [over(0)],
        "one-mean-for-all": [over((0, 1))],
        "eps-outside-the-root": [
            (x - mean) / (variance.sqrt() + eps) * scale + shift,
            (x - mean) / (unbiased.sqrt() + eps) * scale + shift,
            (bare + eps) * scale + shift,
            bare * scale + eps + shift,
        ],
        "variance-about-zero": [(x - mean) / (x.square().mean(-1, keepdim=True) + eps).sqrt() * scale + shift],
        "sum-not-mean": [(x - mean) / (x.shape[-1] * variance + eps).sqrt() * scale + shift],
        "eps-not-used": [bare * scale + shift],
        "scale-and-shift-missing": [hat],
        "scale-missing": [hat + shift],
        "shift-missing": [hat * scale],
        "shift-before-scale": [(hat + shift) * scale],
        "scale-and-shift-swapped": [hat * shift + scale],
        "root-missing": [(x - mean) / (variance + eps) * scale + shift],
        "mean-not-subtracted": [
            x / root * scale + shift,
            x / (x.square().mean(-1, keepdim=True) + eps).sqrt() * scale + shift,
        ],
        "only-centred": [(x - mean) * scale + shift],
    }


def _check_layer_norm(layer_norm: Probe) -> Iterator[str]:
    x = torch.tensor([[2.0, 4.0, 9.0, 5.0], [1.0, -1.0, 0.0, 4.0], [10.0, 30.0, 20.0, 60.0]])
    scale, shift = torch.tensor([1.0, 2.0, 0.5, -1.0]), torch.tensor([0.5, 0.0, -2.0, 1.0])
    value = layer_norm(x, scale, shift, 0.5, shown=f"{layer_norm.name}(x, scale, shift, 0.5)")
    got, expected = tensor(value), _norm(x, scale, shift, 0.5)
    given = f"x = {show(x.tolist())}, scale = {show(scale.tolist())}, shift = {show(shift.tolist())}, eps = 0.5"
    call = f"For {given} it gave `{show(value)}`"
    if got is None or got.shape != x.shape:
        raise Wrong("not-the-shape", f"{call}.")
    if not is_close(got, expected):
        idea = name_of(faces(_wrong_norms(x, scale, shift, 0.5)), partial(is_close, got))
        if idea is None and is_close(got, _norm(x, scale, shift, 1e-5)):
            idea = "eps-not-used"
        raise Wrong(idea or "other-values", f"{call}; the right first row is `{show(expected[0].tolist())}`.")
    yield "three tokens, with scale, shift and a large eps"

    ones, zeros = torch.ones(4), torch.zeros(4)
    alike = torch.full((2, 4), 7.0)
    got = tensor(layer_norm(alike, ones, zeros, 1e-5, shown=f"{layer_norm.name}(x, scale, shift, 1e-5)"))
    if got is None or not is_close(got, torch.zeros(2, 4)):
        raise Wrong("other-values", "For a token whose numbers are all 7 it did not give zeros.")
    yield "a vector of equal numbers"

    fresh = random.Random()
    generator = seeded(fresh)
    for shape in ((5, 6), (3, 4, 8), (7,), (2, 3, 1, 5), (6, 6), (1, 9)):
        x = 3 * torch.randn(shape, generator=generator) + 2
        scale, shift = torch.randn(2, shape[-1], generator=generator)
        eps = fresh.choice((1e-5, 0.1, 1.0))
        call = f"{layer_norm.name}(x, scale, shift, eps) for x of shape {shape}"
        got = tensor(layer_norm(x, scale, shift, eps, shown=call, fresh=True))
        if not is_close(got, _norm(x.double(), scale, shift, eps)):
            raise Wrong("tied-to-the-example" if len(shape) == 2 else "not-for-any-shape", f"Seen at shape {shape}.")
    yield "fresh random vectors, with one to four axes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_layer_norm,
    means="Each token's vector has mean 0 and variance 1 before scale and shift, whatever the other tokens are. It is "
    "what PyTorch's `nn.LayerNorm` and `llmlab.gpt.LayerNorm` compute.",
    hints=(
        "x has shape (B, T, D): along which axis lie the numbers of one token, and how do you keep that axis, so that "
        "the mean can be subtracted?",
        "Mean and variance over the last axis, with `keepdim=True`. The variance is the mean of the squared distances "
        "from the mean, and eps is added to it before the root.",
        "`mean = x.mean(dim=-1, keepdim=True)`, `variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)`, then "
        "`scale * (x - mean) / (variance + eps).sqrt() + shift`.",
    ),
    variant="RMSNorm, used in many newer models, leaves out the mean and the shift: x / √(mean of x² + eps), times "
    "scale. Write it, and find a vector for which both give the same.",
    crashes=(
        Crash(
            "keepdim-missing",
            "RuntimeError",
            r"The size of tensor [ab] \(4\) must match the size of tensor [ab] \(3\)",
            "Mean and variance hold one number for each of the 3 tokens here, shape (3,), and x has shape (3, 4): with "
            "`keepdim=True` they have shape (3, 1), and each row gets its own.",
            NORM,
        ),
    ),
    misconceptions={
        "divided-by-n-minus-1": Misconception(
            "The variance was divided by D − 1. LayerNorm takes the mean of the squares, divided by D: "
            "`x.var(dim=-1, correction=0)` or the mean written out.",
            NORM,
        ),
        "over-the-tokens": Misconception(
            "Mean and variance were taken over the tokens. Each token is normed by itself, over the last axis; "
            "otherwise tokens learn of each other, the later ones too.",
            NORM,
        ),
        "one-mean-for-all": Misconception(
            "There was one mean and one variance for the whole tensor. Each token has its own: `dim=-1, keepdim=True`.",
            NORM,
        ),
        "eps-outside-the-root": Misconception(
            "eps was added outside the root. It belongs inside: it is added to the variance, before the root is taken.",
            NORM,
        ),
        "variance-about-zero": Misconception(
            "The variance was taken of the numbers themselves. It is the mean of the squared distances from the mean: "
            "subtract first, then square.",
            NORM,
        ),
        "sum-not-mean": Misconception(
            "The squared distances were summed. The variance is their mean: the sum divided by D.", NORM
        ),
        "eps-not-used": Misconception(
            "eps has no part in these numbers. It is added to every variance, `eps` itself and no number in its place: "
            "without it a vector of equal numbers gives 0 / 0.",
            NORM,
        ),
        "scale-and-shift-missing": Misconception(
            "These are the normed vectors. Scale and shift, the trained part, still have to be applied.", NORM
        ),
        "scale-missing": Misconception("The normed vector was not multiplied by scale.", NORM),
        "shift-missing": Misconception("The shift was not added.", NORM),
        "shift-before-scale": Misconception(
            "The shift was added before the scale and so was scaled too: scale first, then shift.", NORM
        ),
        "scale-and-shift-swapped": Misconception(
            "Scale and shift have changed places: scale multiplies, shift is added.", NORM
        ),
        "root-missing": Misconception(
            "It was divided by the variance. The standard deviation, its root, brings the variance to 1.", NORM
        ),
        "mean-not-subtracted": Misconception("The mean was not subtracted from what is divided.", NORM),
        "only-centred": Misconception(
            "The mean is subtracted, but nothing is divided: vectors of every size keep their size.", NORM
        ),
        "not-for-any-shape": Misconception(
            "For a matrix (T, D) it is right, for other numbers of axes it is not. Name the last axis as `-1`, "
            "and do not unpack the shape into two.",
            NORM,
        ),
        "not-the-shape": Misconception("What comes out has the shape of what goes in.", NORM),
        "other-values": Misconception(
            "These are not the normed vectors. Mean and variance over the last axis; subtract, divide by the root of "
            "variance + eps; then scale and shift.",
            NORM,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and random ones do not: what in the code is right for the example alone?", NORM
        ),
    },
)
