"""The steps of a GPT's forward pass: each tensor, what is trained there, what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from llmlab.gpt import GPTConfig

PARTS = (
    "token embedding",
    "position embedding",
    "attention: projections",
    "attention: scores and sums",
    "feed-forward",
    "norms",
    "head",
)


@dataclass(frozen=True)
class Step:
    """One tensor of the forward pass and what makes it.

    Attributes:
        part: one of PARTS, or "" for what neither trains nor multiplies.
        name: what is done.
        letters: the shape of the result in letters.
        shape: the same in numbers.
        weights: the shapes of the tensors that are trained here.
        flops: operations of the matrix products, in one block.
        times: in how many blocks it is done.
    """

    part: str
    name: str
    letters: str
    shape: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...] = ()
    flops: int = 0
    times: int = 1

    @property
    def parameters(self) -> int:
        """Trained numbers, in one block."""
        return sum(map(prod, self.weights))


def steps_of(config: GPTConfig, B: int, T: int) -> tuple[tuple[Step, ...], ...]:
    """The steps before the blocks, of each block, and after them, as `llmlab.gpt.GPT` takes them."""
    V, D, H, L = config.vocab_size, config.d_model, config.n_heads, config.n_layers
    d = D // H

    def linear(part: str, name: str, d_in: int, d_out: int, letters: str, bias: bool = True, times: int = L) -> Step:
        weights = ((d_out, d_in), (d_out,)) if bias else ((d_out, d_in),)
        return Step(part, name, f"(B, T, {letters})", (B, T, d_out), weights, 2 * B * T * d_in * d_out, times)

    def stream(part: str, name: str, weights: tuple[tuple[int, ...], ...] = (), times: int = L) -> Step:
        return Step(part, name, "(B, T, D)", (B, T, D), weights, 0, times)

    before = (
        Step("", "token ids", "(B, T)", (B, T)),
        stream("token embedding", "rows of the token table", ((V, D),), 1),
        Step("position embedding", "rows of the position table", "(T, D)", (T, D), ((config.context_length, D),)),
        stream("", "their sum: the stream begins", (), 1),
    )
    block = (
        stream("norms", "norm", ((D,), (D,))),
        linear("attention: projections", "queries, keys, values", D, 3 * D, "3D", config.qkv_bias),
        Step("", "split: q, k and v, each", "(B, H, T, D/H)", (B, H, T, d), times=L),
        Step("attention: scores and sums", "scores q kᵀ", "(B, H, T, T)", (B, H, T, T), (), 2 * B * H * T * T * d, L),
        Step("", "weights: mask, softmax", "(B, H, T, T)", (B, H, T, T), times=L),
        Step(
            "attention: scores and sums",
            "weighted sums of v",
            "(B, H, T, D/H)",
            (B, H, T, d),
            (),
            2 * B * H * T * T * d,
            L,
        ),
        linear("attention: projections", "merge, output projection", D, D, "D"),
        stream("", "added to the stream"),
        stream("norms", "norm", ((D,), (D,))),
        linear("feed-forward", "expand, GELU", D, 4 * D, "4D"),
        linear("feed-forward", "contract", 4 * D, D, "D"),
        stream("", "added to the stream"),
    )
    head = Step(
        "head",
        "head: logits" + (" (the token table again)" if config.tie_weights else ""),
        "(B, T, V)",
        (B, T, V),
        () if config.tie_weights else ((V, D),),
        2 * B * T * D * V,
    )
    return before, block, (stream("norms", "final norm", ((D,), (D,)), 1), head)
