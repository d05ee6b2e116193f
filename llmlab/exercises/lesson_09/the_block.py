"""The block as a module, to be written: its parts and what they train, then what it computes of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial

import torch

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import name_of
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.engine.tensors import is_close, tensor
from llmlab.exercises.lesson_08.ideas import super_forgotten
from llmlab.exercises.lesson_09.sections import BLOCK, FEED_FORWARD, STREAM
from llmlab.exercises.lesson_09.the_block_looks import Seen, look, rebuilt, trained_by_part
from llmlab.exercises.lesson_09.the_block_mistakes import right_block, wrong_blocks

_D, _HEADS, _LENGTH = 6, 2, 5


@torch.no_grad()
def _check_block(block: Probe) -> Iterator[str]:
    x = torch.tensor([[[1.0, 5, 3, 0, -2, 4], [2, -1, 8, 1, 0, 3], [0, 0, 1, 7, 2, -4]]])
    x = torch.cat([x, x.flip(1) + 1])  # (2, 3, 6)
    call = f"{block.name}(d_model={_D}, n_heads={_HEADS}, context_length={_LENGTH})"
    sizes = (_D, _HEADS, _LENGTH)
    seen = Seen(**block(*sizes, shown=call, read=partial(look, x=x, seed=1)))
    _require_parts(seen)
    yield "four parts, with all that they train"

    got = tensor(seen.output)
    if got is None or got.shape != x.shape:
        gave = "something that is no tensor" if got is None else f"shape {tuple(got.shape)}"
        raise Wrong("not-the-shape", f"For x of shape {tuple(x.shape)} it gave {gave}.")
    if seen.changed_x:
        raise Wrong("mutates-input", "After the call x was no longer what it had been.")
    first, silent = show(x[0, 0].tolist()), tensor(seen.silent)
    parts = rebuilt(seen.weights, sizes)
    if parts is None:
        raise Wrong("part-of-other-kind", "A part keeps its weights in other shapes.")
    right = right_block(x, *parts)
    if not is_close(got, right):
        by_its_parts = tensor(seen.right)
        if by_its_parts is not None and is_close(got, by_its_parts):
            shown = "With the exercise's own parts and the same weights, other numbers come out."
            raise Wrong("part-of-other-kind", shown)
        if silent is None:
            raise Wrong("not-the-shape", "With sub-layers that give zeros it gave something that is no tensor.")
        shown = f"With sub-layers that give zeros, the first token {first} became {show(silent[0, 0].tolist())}."
        if is_close(silent, x):
            shown = (
                "With sub-layers that give zeros x stays as it is, which is right; with others the first token "
                f"{first} became {show(got[0, 0].tolist())}, and should be {show(right[0, 0].tolist())}."
            )
        idea = name_of(wrong_blocks(x, *parts).items(), partial(is_close, got))
        raise Wrong(idea or "other-block", shown)
    yield "the pre-norm block of its parts"

    fresh = random.Random()
    for _ in range(4):
        # None of them as in the example: what is tied to it fails at the first.
        n_heads, T, batch = fresh.choice((1, 3, 4)), fresh.choice((2, 4, 6, 7)), fresh.choice((1, 3))
        D = n_heads * fresh.choice((2, 4, 5))
        seed = fresh.getrandbits(60)
        x = torch.randn(batch, T, D, generator=torch.Generator().manual_seed(seed)) + 1
        read = partial(look, x=x, seed=seed)
        sizes = (D, n_heads, T + fresh.randint(0, 2))
        seen = Seen(**block(*sizes, shown="random sizes", fresh=True, read=read))
        parts = rebuilt(seen.weights, sizes) if seen.weights else None
        if parts is None or not is_close(tensor(seen.output), right_block(x, *parts)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


def _require_parts(seen: Seen) -> None:
    missing = [name for name, count in seen.trained.items() if count is None]
    if missing:
        raise Wrong("part-missing", f"It does not keep a module under the name {', '.join(missing)}.")
    if seen.shared:
        raise Wrong("norm-shared", "`block.norm_1 is block.norm_2` is True.")
    wanted = trained_by_part(_D)
    if seen.trained["attention"] == wanted["attention"] - 3 * _D:
        raise Wrong("no-bias", f"Its attention trains {seen.trained['attention']}, wanted are {wanted['attention']}.")
    for name, count in wanted.items():
        if seen.trained[name] != count:
            raise Wrong("part-of-other-size", f"{name} trains {seen.trained[name]} numbers, wanted are {count}.")


EXERCISE = Exercise(
    kind="function",
    examine=_check_block,
    means="The norms make copies for the sub-layers to read. The stream itself is only ever added to, so what the "
    "first block wrote can still be read by the last one, and gradients have an open way back.",
    hints=(
        "Which four things does a block keep between two calls, and what does each sub-layer read: the stream, or a "
        "normed copy of it?",
        "`__init__`: `super().__init__()`, then the four parts. `forward`: twice the same step, x plus what the "
        "sub-layer gives for the norm of x.",
        "`x = x + self.attention(self.norm_1(x))`, then `return x + self.feed_forward(self.norm_2(x))`.",
    ),
    variant="Make it post-norm, and stack ten of both kinds with sub-layers that give zeros. What is left of x?",
    crashes=(
        super_forgotten(BLOCK),
        Crash(
            "attention-sizes",
            "Exception",
            r"heads share d_out equally|missing 1 required positional argument: 'n_heads'|at most context_length=",
            "The sizes of `MultiHeadAttention` come in this order: d_in, d_out, context_length, n_heads.",
            BLOCK,
        ),
        Crash(
            "class-not-called",
            "TypeError",
            r"MultiHeadAttention.__init__\(\)|FeedForward.__init__\(\)|LayerNorm.__init__\(\)",
            "A part is made in `__init__` with its sizes, and called in `forward` with x: the class was called where "
            "the module should be, or with other arguments than its sizes.",
            BLOCK,
        ),
    ),
    misconceptions={
        "not-a-module": Misconception("The class must be a kind of `nn.Module`: `class Block(nn.Module):`.", BLOCK),
        "part-missing": Misconception(
            "A part is missing. Each is made once, in `__init__`, and kept under its name: `self.norm_1 = ...`. What "
            "is made in `forward` is new and random at each call.",
            BLOCK,
        ),
        "norm-shared": Misconception(
            "Both names lead to one and the same norm. Each sub-layer has a norm of its own, with its own scale and "
            "shift.",
            BLOCK,
        ),
        "no-bias": Misconception("Queries, keys and values have a bias in GPT-2: `qkv_bias=True`.", BLOCK),
        "part-of-other-kind": Misconception(
            "`forward` fits, and each part trains as many numbers as it should, but a part computes something else "
            "than the one that the exercise names.",
            FEED_FORWARD,
        ),
        "part-of-other-size": Misconception("A part trains another number of weights than it should.", FEED_FORWARD),
        "stream-normed": Misconception(
            "Both norms overwrite the stream: what is added to is the normed copy, and x is gone.", BLOCK
        ),
        "first-sub-layer-norms-the-stream": Misconception(
            "The second sub-layer is right. In the first one the norm overwrites the stream.", BLOCK
        ),
        "second-sub-layer-norms-the-stream": Misconception(
            "The first sub-layer is right. In the second one the norm overwrites the stream.", BLOCK
        ),
        "second-norm-of-the-copy": Misconception(
            "The second norm reads the normed copy that was made for attention. It should read the stream, to which "
            "attention's part has been added.",
            BLOCK,
        ),
        "no-residuals": Misconception(
            "Nothing is added to a stream: each sub-layer replaces it. Then thirty layers let nothing through.", STREAM
        ),
        "first-residual-missing": Misconception(
            "What attention gives replaces the stream. It must be added to it.", STREAM
        ),
        "second-residual-missing": Misconception(
            "What the feed-forward layer gives replaces the stream. It must be added to it.", STREAM
        ),
        "post-norm": Misconception(
            "The norms stand after the sums (post-norm), so the stream itself is normed, twice a block. Each belongs "
            "before its sub-layer, on a copy.",
            BLOCK,
        ),
        "no-norms": Misconception(
            "The norms are not used. The sub-layers should read a normed copy of the stream, or the signal grows from "
            "layer to layer.",
            STREAM,
        ),
        "first-norm-missing": Misconception(
            "Attention reads the stream itself. It should read a normed copy, `self.norm_1(x)`.", BLOCK
        ),
        "second-norm-missing": Misconception(
            "The feed-forward layer reads the stream itself. It should read a normed copy, `self.norm_2(x)`.", BLOCK
        ),
        "norms-behind-the-sub-layers": Misconception(
            "The norms stand behind the sub-layers: what they give is normed, and what they read is not. Each belongs "
            "before its sub-layer.",
            BLOCK,
        ),
        "norms-swapped": Misconception("norm_1 belongs to attention, norm_2 to feed-forward.", BLOCK),
        "one-norm-for-both": Misconception("norm_1 is used for both sub-layers: the second one has norm_2.", BLOCK),
        "side-by-side": Misconception(
            "The feed-forward layer reads the stream from before attention. It should read what attention has added.",
            BLOCK,
        ),
        "feed-forward-first": Misconception("Feed-forward came before attention.", BLOCK),
        "input-added-twice": Misconception(
            "The second sum adds to the x that was handed in, so what attention added is lost from the stream.", STREAM
        ),
        "not-the-shape": Misconception("A block gives back the shape that it was given.", BLOCK),
        "other-block": Misconception(
            "This is not the pre-norm block: each sub-layer reads a normed copy, and its result is added to the "
            "stream.",
            BLOCK,
        ),
        "tied-to-the-example": Misconception("The example holds, and blocks of other sizes do not.", BLOCK),
    },
)
