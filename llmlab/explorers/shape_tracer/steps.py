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
        key: who the step is, in every model.
        part: one of PARTS, or "" for what neither trains nor multiplies.
        name: what is done.
        letters: the shape of the result in letters.
        shape: the same in numbers.
        weights: the shapes of the tensors that are trained here.
        trains: how many numbers these are, as a sum in letters.
        flops: operations of the matrix products, in one block.
        costs: the same as a product in letters.
        times: in how many blocks it is done.
    """

    key: str
    part: str
    name: str
    letters: str
    shape: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...] = ()
    trains: str = ""
    flops: int = 0
    costs: str = ""
    times: int = 1

    @property
    def parameters(self) -> int:
        """Trained numbers, in one block."""
        return sum(map(prod, self.weights))


def steps_of(config: GPTConfig, B: int, T: int) -> tuple[tuple[Step, ...], ...]:
    """The steps before the blocks, of each block, and after them, as `llmlab.gpt.GPT` takes them."""
    V, C, D, H, L = config.vocab_size, config.context_length, config.d_model, config.n_heads, config.n_layers
    d, tied = D // H, config.tie_weights
    stream = ("(B, T, D)", (B, T, D))
    sizes = {"D": D, "3D": 3 * D, "4D": 4 * D}

    def linear(key: str, part: str, name: str, a: str, b: str, bias: bool = True) -> Step:
        """From `a` to `b` numbers."""
        weights = ((sizes[b], sizes[a]), (sizes[b],))[: 1 + bias]
        trains = f"{b} · {a}" + (f" + {b}" if bias else "")
        flops = 2 * B * T * sizes[a] * sizes[b]
        shape = (B, T, sizes[b])
        return Step(key, part, name, f"(B, T, {b})", shape, weights, trains, flops, f"2 · B·T · {a} · {b}", L)

    def norm(key: str, name: str, times: int = L) -> Step:
        return Step(key, "norms", name, *stream, ((D,), (D,)), "D + D", times=times)

    def product(key: str, name: str, letters: str, shape: tuple[int, ...]) -> Step:
        """Of attention: its two products have the same size."""
        flops, costs = 2 * B * H * T * T * d, "2 · B·H · T·T · D/H"
        return Step(key, "attention: scores and sums", name, letters, shape, flops=flops, costs=costs, times=L)

    before = (
        Step("ids", "", "token ids", "(B, T)", (B, T)),
        Step("token", "token embedding", "rows of the token table", *stream, ((V, D),), "V · D"),
        Step("position", "position embedding", "rows of the position table", "(T, D)", (T, D), ((C, D),), "C · D"),
        Step("stream", "", "their sum: the stream begins", *stream),
    )
    block = (
        norm("norm 1", "norm"),
        linear("qkv", "attention: projections", "queries, keys, values", "D", "3D", config.qkv_bias),
        Step("split", "", "split: q, k and v, each", "(B, H, T, D/H)", (B, H, T, d), times=L),
        product("scores", "scores q kᵀ", "(B, H, T, T)", (B, H, T, T)),
        Step("weights", "", "weights: mask, softmax", "(B, H, T, T)", (B, H, T, T), times=L),
        product("sums", "weighted sums of v", "(B, H, T, D/H)", (B, H, T, d)),
        linear("merge", "attention: projections", "merge, output projection", "D", "D"),
        Step("add 1", "", "added to the stream", *stream, times=L),
        norm("norm 2", "norm"),
        linear("expand", "feed-forward", "expand, GELU", "D", "4D"),
        linear("contract", "feed-forward", "contract", "4D", "D"),
        Step("add 2", "", "added to the stream", *stream, times=L),
    )
    name = "head: logits" + (" (the token table again)" if tied else "")
    own, trains = ((), "") if tied else (((V, D),), "V · D")
    flops, costs = 2 * B * T * D * V, "2 · B·T · D · V"
    head = Step("logits", "head", name, "(B, T, V)", (B, T, V), own, trains, flops, costs)
    return before, block, (norm("final norm", "final norm", 1), head)
