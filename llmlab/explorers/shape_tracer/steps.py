"""The steps of a GPT's forward pass: each tensor, what is trained there, what it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        copies: how often each of `weights` is there: once, or once for each expert.
        used: how many of the copies a token is multiplied with.
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
    copies: int = 1
    used: int = 1

    @property
    def parameters(self) -> int:
        """Trained numbers, in one block."""
        return self.copies * sum(map(prod, self.weights))

    @property
    def resting(self) -> int:
        """Those of them that one token does not go through."""
        return (self.copies - self.used) * sum(map(prod, self.weights))


def steps_of(config: GPTConfig, B: int, T: int) -> tuple[tuple[Step, ...], ...]:
    """The steps before the blocks, of each block, and after them, as `llmlab.gpt.GPT` takes them."""
    V, C, D, H, L = config.vocab_size, config.context_length, config.d_model, config.n_heads, config.n_layers
    d, tied, rotary = D // H, config.tie_weights, config.positions == "rotary"
    stream = ("(B, T, D)", (B, T, D))
    qkv, inner = _width_of_qkv(config), _inner_width(config)
    sizes = {"D": D, qkv: D + 2 * config.kv_heads * d, inner: config.ff_width}

    def linear(key: str, part: str, name: str, a: str, b: str, bias: bool) -> Step:
        """From `a` to `b` numbers."""
        weights = ((sizes[b], sizes[a]), (sizes[b],))[: 1 + bias]
        trains = f"{_factor(b)} · {a}" + (f" + {b}" if bias else "")
        flops = 2 * B * T * sizes[a] * sizes[b]
        shape, costs = (B, T, sizes[b]), f"2 · B·T · {a} · {_factor(b)}"
        return Step(key, part, name, f"(B, T, {b})", shape, weights, trains, flops, costs, L)

    def norm(key: str, name: str, times: int = L) -> Step:
        """A scale, and with LayerNorm a shift."""
        if config.norm == "rms":
            name = name.replace("norm", "RMSNorm")
            return Step(key, "norms", name, *stream, ((D,),), "D", times=times)
        return Step(key, "norms", name, *stream, ((D,), (D,)), "D + D", times=times)

    def product(key: str, name: str, letters: str, shape: tuple[int, ...]) -> Step:
        """Of attention: its two products have the same size."""
        flops, costs = 2 * B * H * T * T * d, "2 · B·H · T·T · D/H"
        return Step(key, "attention: scores and sums", name, letters, shape, flops=flops, costs=costs, times=L)

    before = [
        Step("ids", "", "token ids", "(B, T)", (B, T)),
        Step("token", "token embedding", "rows of the token table", *stream, ((V, D),), "V · D"),
    ]
    if not rotary:
        before += [
            Step("position", "position embedding", "rows of the position table", "(T, D)", (T, D), ((C, D),), "C · D"),
            Step("stream", "", "their sum: the stream begins", *stream),
        ]
    each = "q, k and v, each" if config.kv_heads == H else "q (k, v have G heads)"
    block = [
        norm("norm 1", "norm"),
        linear("qkv", "attention: projections", "queries, keys, values", "D", qkv, config.qkv_bias),
        Step("split", "", f"split: {each}", "(B, H, T, D/H)", (B, H, T, d), times=L),
    ]
    if rotary:
        block.append(Step("turn", "", "q and k, turned", "(B, H, T, D/H)", (B, H, T, d), times=L))
    block += [
        product("scores", "scores q kᵀ", "(B, H, T, T)", (B, H, T, T)),
        Step("weights", "", "weights: mask, softmax", "(B, H, T, T)", (B, H, T, T), times=L),
        product("sums", "weighted sums of v", "(B, H, T, D/H)", (B, H, T, d)),
        linear("merge", "attention: projections", "merge, output projection", "D", "D", config.bias),
        Step("add 1", "", "added to the stream", *stream, times=L),
        norm("norm 2", "norm"),
    ]
    expand, contract = "expand, GELU", "contract"
    if config.mlp == "swiglu":
        block.append(linear("gate", "feed-forward", "gate, SiLU", "D", inner, config.bias))
        expand = "expand, times the gate"
    block += [
        linear("expand", "feed-forward", expand, "D", inner, config.bias),
        linear("contract", "feed-forward", contract, inner, "D", config.bias),
        Step("add 2", "", "added to the stream", *stream, times=L),
    ]
    if config.n_experts:
        block = _with_experts(block, config, config.n_experts, B, T)
    name = "head: logits" + (" (the token table again)" if tied else "")
    own, trains = ((), "") if tied else (((V, D),), "V · D")
    flops, costs = 2 * B * T * D * V, "2 · B·T · D · V"
    head = Step("logits", "head", name, "(B, T, V)", (B, T, V), own, trains, flops, costs)
    return tuple(before), tuple(block), (norm("final norm", "final norm", 1), head)


def _with_experts(block: list[Step], config: GPTConfig, E: int, B: int, T: int) -> list[Step]:
    """The block with E feed-forward parts, of which each token goes through k: their matrices, and a router."""
    D, k = config.d_model, config.experts_used
    flops, costs = 2 * B * T * D * E, "2 · B·T · D · E"
    shape = (B, T, E)
    router = Step("router", "feed-forward", "router: logits of experts", "(B, T, E)", shape, ((E, D),), "E · D")
    router = replace(router, flops=flops, costs=costs, times=config.n_layers)
    found = []
    for step in block:
        if step.part == "feed-forward":
            trains = " + ".join(f"E · {term}" for term in step.trains.split(" + "))
            costs = step.costs.replace("B·T", "B·T · k")
            step = replace(step, trains=trains, flops=k * step.flops, costs=costs, copies=E, used=k)
            if step.key == "contract":
                step = replace(step, name="contract; k added, in shares")
            else:
                letters = step.letters.replace("(B, T", "(B, T, k")
                step = replace(step, letters=letters, shape=(B, T, k, *step.shape[2:]))
        found += [step, router] if step.key == "norm 2" else [step]
    return found


def _width_of_qkv(config: GPTConfig) -> str:
    """Queries, keys and values of a token in letters; K is the width of the keys where heads share them."""
    return "3D" if config.kv_heads == config.n_heads else "D+2K"


def _inner_width(config: GPTConfig) -> str:
    """The inner width of the feed-forward part in letters."""
    return "4D" if config.mlp == "gelu" and config.ff_width == 4 * config.d_model else "F"


def _factor(letters: str) -> str:
    """A width as a factor of a product."""
    return f"({letters})" if "+" in letters else letters
