"""A feed-forward layer with a gate, to be written: tried on matrices whose sizes all differ."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensors import is_close, seeded, tensor
from llmlab.exercises.lesson_14.sections import GATE


def _silu(z: Tensor) -> Tensor:
    return z * z.sigmoid()


def _swiglu(x: Tensor, gate: Tensor, expand: Tensor, contract: Tensor) -> Tensor:
    return (_silu(x @ gate) * (x @ expand)) @ contract


def _wrong_layers(x: Tensor, gate: Tensor, expand: Tensor, contract: Tensor) -> dict[str, Tensor]:
    """What each known mistake gives."""
    g, e = x @ gate, x @ expand
    inner = {
        "gate-not-bent": g * e,
        "sigmoid-alone": g.sigmoid() * e,
        "another-bend": F.gelu(g) * e,
        "another-bend: tanh form": F.gelu(g, approximate="tanh") * e,
        "another-bend: ReLU": g.relu() * e,
        "other-half-bent": g * _silu(e),
        "both-bent": _silu(g) * _silu(e),
        "added-not-multiplied": _silu(g) + e,
        "no-gate": _silu(e),
        "gate-alone": _silu(g),
        "bent-after-the-product": _silu(g * e),
        "softmax-not-silu": g.softmax(dim=-1) * e,
    }
    return {name: hidden @ contract for name, hidden in inner.items()} | {"not-contracted": _silu(g) * e}


def _numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + math.prod(shape))
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


def _check_swiglu(swiglu: Probe) -> Iterator[str]:
    x, gate, expand, contract = _numbers(4, 3), _numbers(3, 5, shift=7), _numbers(3, 5, shift=30), _numbers(5, 3)
    expected = _swiglu(x, gate, expand, contract)
    value = swiglu(x, gate, expand, contract, shown=f"{swiglu.name}(x, W_gate, W_expand, W_contract)")
    got = tensor(value)
    if not is_close(got, expected):
        idea = (
            None if got is None else name_of(_wrong_layers(x, gate, expand, contract).items(), partial(is_close, got))
        )
        if got is None or (idea is None and got.shape != x.shape):
            seen = f"`{show(value)}`" if got is None else f"shape {tuple(got.shape)}"
            raise Wrong("not-the-shape", f"For x of shape (4, 3) it gave {seen}.")
        last = show(got.flatten(0, -2)[-1].tolist())
        shown = f"For x of shape (4, 3) and an inner width of 5, the last row became `{last}`"
        raise Wrong(idea or "other-values", f"{shown}; right is `{show(expected[-1].tolist())}`.")
    yield "four tokens of width 3, inner width 5"

    fresh = random.Random()
    generator = seeded(fresh)
    for shape, width in (((6, 4), 9), ((2, 5, 7), 3), ((8,), 8), ((2, 3, 1, 6), 4)):
        D = shape[-1]
        x, gate = torch.randn(shape, generator=generator), torch.randn(D, width, generator=generator)
        expand, contract = torch.randn(D, width, generator=generator), torch.randn(width, D, generator=generator)
        call = f"{swiglu.name}(x, W_gate, W_expand, W_contract) for x of shape {shape}"
        got = tensor(swiglu(x, gate, expand, contract, shown=call, fresh=True))
        if not is_close(got, _swiglu(x, gate, expand, contract), atol=1e-3):
            raise Wrong("tied-to-the-example", f"Seen at x of shape {shape}, with an inner width of {width}.")
    yield "fresh random layers, with one to four axes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_swiglu,
    means="Number by number the gate decides how much of what `W_expand` found goes through. The gate is bent by SiLU, "
    "the other half is not.",
    hints=(
        "Two of the three matrices read x. What is done with one result, before both are multiplied?",
        "The gate is x @ W_gate, bent by SiLU, z · sigmoid(z). Multiply it number by number with x @ W_expand, then go "
        "back with W_contract.",
        "`(F.silu(x @ W_gate) * (x @ W_expand)) @ W_contract`, or `z * z.sigmoid()` for `F.silu(z)`.",
    ),
    variant="Set W_gate to zeros. What comes out, and why would a model never learn out of that?",
    crashes=(
        Crash(
            "matrix-called",
            "TypeError",
            r"'Tensor' object is not callable",
            "A matrix is no function: what a layer would do with x is `x @ W` here.",
            GATE,
        ),
    ),
    misconceptions={
        "gate-not-bent": Misconception(
            "The gate was not bent: without SiLU it is a product of two linear parts. Bend x @ W_gate first.", GATE
        ),
        "sigmoid-alone": Misconception(
            "The gate was put through a sigmoid alone. SiLU is z · sigmoid(z): the number itself stays as a factor.",
            GATE,
        ),
        "another-bend": Misconception(
            "Another bend was used, GELU or ReLU. The “Swi” in SwiGLU is SiLU, z · sigmoid(z).", GATE
        ),
        "other-half-bent": Misconception(
            "The bend is on the other half. It belongs to the gate, x @ W_gate; x @ W_expand stays straight.", GATE
        ),
        "both-bent": Misconception("Both halves were bent. Only the gate is.", GATE),
        "added-not-multiplied": Misconception(
            "The two halves were added. A gate multiplies: at 0 nothing goes through.", GATE
        ),
        "no-gate": Misconception("W_gate has no part in the result: this is a layer without a gate.", GATE),
        "gate-alone": Misconception(
            "W_expand has no part in the result: there is a gate, and nothing behind it.", GATE
        ),
        "bent-after-the-product": Misconception(
            "The product was bent. The gate is bent by itself, before it multiplies.", GATE
        ),
        "softmax-not-silu": Misconception(
            "The gate was put through a softmax, so its numbers share a total of 1. Each number of the gate is bent by "
            "itself, with SiLU.",
            GATE,
        ),
        "not-contracted": Misconception("This still has the inner width: W_contract brings it back to D.", GATE),
        "not-the-shape": Misconception("One tensor comes out, of the shape of x.", GATE),
        "other-values": Misconception(
            "This is not the layer: SiLU of x @ W_gate, times x @ W_expand, the product @ W_contract.", GATE
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and other layers do not: what in the code is right for the example alone, its sizes or "
            "its two axes?",
            GATE,
        ),
    },
)
