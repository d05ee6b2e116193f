"""A block that loses its residual stream, to be mended: tried with halves and norms that all differ."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.tensors import is_close, tensor
from llmlab.exercises.lesson_09.sections import BLOCK, STREAM

Half = Callable[[Tensor], Tensor]


def _block(x: Tensor, norm_1: Half, attention: Half, norm_2: Half, feed_forward: Half) -> Tensor:
    after_attention = x + attention(norm_1(x))
    return after_attention + feed_forward(norm_2(after_attention))


def _halves(seed: int, D: int, T: int) -> tuple[Half, Half, Half, Half]:
    """Two norms and two halves, all different, none of them linear or changing what it is given."""
    generator = torch.Generator().manual_seed(seed)
    scales = 1 + 0.5 * torch.rand(2, D, generator=generator)
    W_hear, W_think = torch.randn(2, D, D, generator=generator)
    mix = torch.ones(T, T).tril() / torch.arange(1.0, T + 1).unsqueeze(1)

    def norm(scale: Tensor) -> Half:
        return lambda x: (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 0.1).sqrt() * scale

    return norm(scales[0]), lambda x: mix @ (x @ W_hear), norm(scales[1]), lambda x: torch.tanh(x @ W_think)


def _wrong_blocks(x: Tensor, norm_1: Half, attention: Half, norm_2: Half, feed_forward: Half) -> dict[str, Tensor]:
    """What each known mistake gives: misconception -> result."""
    n = norm_1(x)
    first = x + attention(n)
    normed_stream = n + attention(n)
    m = norm_2(normed_stream)
    heard_only = attention(n)
    post = norm_1(x + attention(x))
    thought = x + feed_forward(norm_2(x))
    unnormed = x + attention(x)
    behind = x + norm_1(attention(x))
    return {
        "stream-normed": m + feed_forward(m),
        "first-half-norms-the-stream": normed_stream + feed_forward(norm_2(normed_stream)),
        "second-half-norms-the-stream": norm_2(first) + feed_forward(norm_2(first)),
        "no-residuals": feed_forward(norm_2(heard_only)),
        "first-residual-missing": heard_only + feed_forward(norm_2(heard_only)),
        "second-residual-missing": feed_forward(norm_2(first)),
        "post-norm": norm_2(post + feed_forward(post)),
        "no-norms": unnormed + feed_forward(unnormed),
        "first-norm-missing": unnormed + feed_forward(norm_2(unnormed)),
        "second-norm-missing": first + feed_forward(first),
        "norms-behind-the-halves": behind + norm_2(feed_forward(behind)),
        "norms-swapped": _block(x, norm_2, attention, norm_1, feed_forward),
        "one-norm-for-both": first + feed_forward(norm_1(first)),
        "halves-side-by-side": first + feed_forward(norm_2(x)),
        "feed-forward-first": thought + attention(norm_1(thought)),
        "input-added-twice": x + feed_forward(norm_2(first)),
    }


def _check_block(block: Probe) -> Iterator[str]:
    call = f"{block.name}(x, norm_1, attention, norm_2, feed_forward)"
    x = torch.tensor([[1.0, 5.0, 3.0], [2.0, -1.0, 8.0]])

    def nothing(x: Tensor) -> Tensor:
        return 0.0 * x

    halves = _halves(seed=1, D=3, T=2)
    value = block(x, *halves, shown=call)
    got = tensor(value)
    if got is None or got.shape != x.shape:
        raise Wrong("not-the-shape", f"For x of shape (2, 3) it gave `{show(value)}`.")
    if not is_close(got, _block(x, *halves)):
        idea = name_of(_wrong_blocks(x, *halves).items(), partial(is_close, got)) or "other-block"
        silent = block(x, halves[0], nothing, halves[2], nothing, shown=f"{call} with halves that give zeros")
        shown = f"With halves that give zeros, x = {show(x.tolist())} became `{show(silent)}`."
        if is_close(tensor(silent), x):
            shown = (
                f"With halves that give zeros x stays as it is, which is right; with others it became `{show(value)}`, "
                f"and should be {show(_block(x, *halves).tolist())}."
            )
        raise Wrong(idea, shown)
    yield "two halves and two norms, all different"

    silent = block(x, halves[0], nothing, halves[2], nothing, shown=f"{call} with halves that give zeros")
    if not is_close(tensor(silent), x):
        raise Wrong("other-block", f"With halves that give zeros, x = {show(x.tolist())} became `{show(silent)}`.")
    yield "halves that give zeros leave x as it is"

    fresh = random.Random()
    for _ in range(5):
        T, D = fresh.sample(range(3, 9), 2)
        seed = fresh.getrandbits(60)
        x = 2 * torch.randn(2, T, D, generator=torch.Generator().manual_seed(seed)) + 1
        halves = _halves(seed, D, T)
        if not is_close(tensor(block(x, *halves, shown=call, fresh=True)), _block(x, *halves)):
            raise Wrong("tied-to-the-example")
    yield "fresh random blocks"


EXERCISE = Exercise(
    kind="function",
    examine=_check_block,
    means="The norms make copies for the halves to read. The stream itself is only ever added to, so what the first "
    "block wrote can still be read by the last one, and gradients have an open way back.",
    hints=(
        "After the first line of the faulty block, where is the x that was handed in?",
        "It is overwritten by its normed copy, and the sum then adds to that copy. The half should read the norm, "
        "the sum should take x.",
        "`x = x + attention(norm_1(x))`, then `return x + feed_forward(norm_2(x))`.",
    ),
    variant="Stack the faulty block and the right one ten times, with halves that give zeros. What is left of x?",
    misconceptions={
        "stream-normed": Misconception(
            "Both norms still overwrite the stream: what is added to is the normed copy, and x is gone.", BLOCK
        ),
        "first-half-norms-the-stream": Misconception(
            "The second half is right. In the first one the norm still overwrites the stream.", BLOCK
        ),
        "second-half-norms-the-stream": Misconception(
            "The first half is right. In the second one the norm still overwrites the stream.", BLOCK
        ),
        "no-residuals": Misconception(
            "Nothing is added to the stream any more: each half replaces it. Then thirty layers let nothing through.",
            STREAM,
        ),
        "first-residual-missing": Misconception(
            "What attention gives replaces the stream. It must be added to it.", STREAM
        ),
        "second-residual-missing": Misconception(
            "What the feed-forward layer gives replaces the stream. It must be added to it.", STREAM
        ),
        "post-norm": Misconception(
            "The norms stand after the sums (post-norm), so the stream is still normed, twice a block. Each belongs "
            "before its half, on a copy.",
            BLOCK,
        ),
        "no-norms": Misconception(
            "The norms are gone. The halves should read a normed copy of the stream, or the signal grows from layer to "
            "layer.",
            STREAM,
        ),
        "first-norm-missing": Misconception(
            "Attention reads the stream itself. It should read a normed copy, `norm_1(x)`.", BLOCK
        ),
        "second-norm-missing": Misconception(
            "The feed-forward layer reads the stream itself. It should read a normed copy, `norm_2(x)`.", BLOCK
        ),
        "norms-behind-the-halves": Misconception(
            "The norms stand behind the halves: what they give is normed, and what they read is not. Each belongs "
            "before its half.",
            BLOCK,
        ),
        "norms-swapped": Misconception("norm_1 belongs to attention, norm_2 to feed-forward.", BLOCK),
        "one-norm-for-both": Misconception("norm_1 is used for both halves: the second one has norm_2.", BLOCK),
        "halves-side-by-side": Misconception(
            "The feed-forward layer reads the stream from before attention. It should read what attention has added.",
            BLOCK,
        ),
        "feed-forward-first": Misconception("The feed-forward half came before attention.", BLOCK),
        "input-added-twice": Misconception(
            "The second sum adds to the x that was handed in, so what attention added is lost from the stream.", STREAM
        ),
        "not-the-shape": Misconception("A block gives back the shape that it was given.", BLOCK),
        "other-block": Misconception(
            "This is not the pre-norm block: each half reads a normed copy, and its result is added to the stream.",
            BLOCK,
        ),
        "tied-to-the-example": Misconception("The example holds, and random blocks do not.", BLOCK),
    },
)
