"""A linear layer with a LoRA, to be written: tried on matrices whose lengths all differ."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_15.sections import LORA


def _layer(x: Tensor, W: Tensor, A: Tensor, B: Tensor, alpha: float) -> Tensor:
    return x @ W.T + alpha / len(A) * x @ A.T @ B.T


def _wrong_layers(x: Tensor, W: Tensor, A: Tensor, B: Tensor, alpha: float) -> dict[str, Tensor]:
    base, addition = x @ W.T, x @ A.T @ B.T
    scale = alpha / len(A)
    return {
        "not-scaled": base + addition,
        "scaled-by-alpha": base + alpha * addition,
        "not-by-alpha": base + addition / len(A),
        "scaled-by-a-width": base + alpha / x.shape[1] * addition,
        "scaled-by-a-width: the other": base + alpha / len(W) * addition,
        "rank-of-the-lesson": base + alpha / 4 * addition,
        "whole-division": base + alpha // len(A) * addition,
        "scaled-upside-down": base + addition / scale,
        "scaled-twice": base + scale * scale * addition,
        "all-scaled": scale * (base + addition),
        "base-forgotten": scale * addition,
        "addition-forgotten": base,
        "subtracted": base - scale * addition,
        "weight-not-output": W + scale * B @ A,
        "transposed": _layer(x, W, A, B, alpha).T,
    }


def _numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + torch.Size(shape).numel())
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


def _example() -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """x, W, A, B and alpha. No length is 4, the rank in the lesson, and alpha / rank is no whole number."""
    return _numbers(3, 5), _numbers(6, 5, shift=5), _numbers(2, 5, shift=9), _numbers(6, 2, shift=40), 7.0


def _check_layer(layer: Probe) -> Iterator[str]:
    x, W, A, B, alpha = _example()
    shapes = "x (3, 5), W (6, 5), A (2, 5), B (6, 2), alpha = 7"
    value = layer(x, W, A, B, alpha, shown=f"{layer.name}(x, W, A, B, {alpha})")
    got, expected = tensor(value), _layer(x, W, A, B, alpha)
    if got is None:
        raise Wrong("not-a-tensor", f"It gave `{show(value)}`.")
    if not is_close(got, expected):
        idea = name_of(_wrong_layers(x, W, A, B, alpha).items(), partial(is_close, got))
        if got.shape != expected.shape:
            raise Wrong(idea or "not-the-shape", f"For {shapes} it gave shape {tuple(got.shape)}; right is (3, 6).")
        first, right = show(got[0].tolist()), show(expected[0].tolist())
        raise Wrong(idea or "other-values", f"For {shapes} the first row was `{first}`; right is `{right}`.")
    yield "three tokens, rank 2"
    fresh = random.Random()
    generator = seeded(fresh)
    for T, d_in, d_out, rank in ((2, 6, 3, 1), (5, 3, 7, 3), (4, 8, 5, 2)):
        sizes = ((T, d_in), (d_out, d_in), (rank, d_in), (d_out, rank))
        x, W, A, B = (torch.randn(*size, generator=generator) for size in sizes)
        alpha = fresh.uniform(0.5, 20)
        value = layer(x, W, A, B, alpha, shown=f"{layer.name}(x, W, A, B, alpha)", fresh=True)
        if not is_close(tensor(value), _layer(x, W, A, B, alpha), atol=1e-3):
            raise Wrong("tied-to-the-example", f"Seen with {T} tokens, d_in {d_in}, d_out {d_out} and rank {rank}.")
    yield "fresh random sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_layer,
    means="The layer does what it did, and A and B add something of their own. With B = 0, where they "
    "start, they add nothing.",
    hints=(
        "x W\u1d40 is (T, d_out). Which product of x, A and B has that shape, too?",
        "x A\u1d40 is (T, r), and that times B\u1d40 is (T, d_out). Scale it by alpha / rank, and add.",
        "`x @ W.T + alpha / A.shape[0] * (x @ A.T) @ B.T`",
    ),
    variant="Write it once more as one product of x with a merged matrix. How many multiplications does each form "
    "take for a single token?",
    misconceptions={
        "not-scaled": Misconception("The addition was not scaled: it is multiplied by alpha / rank.", LORA),
        "scaled-by-alpha": Misconception("The addition was multiplied by alpha. The factor is alpha / rank.", LORA),
        "not-by-alpha": Misconception("The addition was divided by the rank, but not multiplied by alpha.", LORA),
        "scaled-by-a-width": Misconception(
            "The addition was divided by a width of the layer. The rank is the short side of A and B.", LORA
        ),
        "rank-of-the-lesson": Misconception(
            "The addition was multiplied by alpha / 4. The model of the lesson has rank 4; here the rank is 2, the "
            "number of rows of A.",
            LORA,
        ),
        "whole-division": Misconception(
            "The factor was rounded down: `//` drops what is left over, `/` keeps it.", LORA
        ),
        "scaled-upside-down": Misconception("The factor is the wrong way up: alpha / rank, not rank / alpha.", LORA),
        "scaled-twice": Misconception("The addition was multiplied by alpha / rank twice. Once is enough.", LORA),
        "all-scaled": Misconception("The layer's own output was scaled, too. Only the addition is.", LORA),
        "base-forgotten": Misconception("The layer's own x W\u1d40 is missing: A and B only add to it.", LORA),
        "addition-forgotten": Misconception("This is the layer without the LoRA: nothing of A and B is in it.", LORA),
        "subtracted": Misconception("The addition was taken off instead of added.", LORA),
        "weight-not-output": Misconception(
            "This is the merged matrix. The function returns what the layer makes of x.", LORA
        ),
        "transposed": Misconception("Rows and columns have changed places: a row for each token, (T, d_out).", LORA),
        "not-a-tensor": Misconception("The function returns one tensor of shape (T, d_out)."),
        "not-the-shape": Misconception("The result must have the shape (T, d_out).", LORA),
        "other-values": Misconception("These are not x W\u1d40 plus alpha / rank times x A\u1d40 B\u1d40.", LORA),
        "tied-to-the-example": Misconception(
            "The example holds, and other sizes with another alpha do not: what in the code is right for the example "
            "alone?"
        ),
    },
)
