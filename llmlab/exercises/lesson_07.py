"""The six exercises of lesson 07, the GPT block: what each check tries, what it recognises, what it says.

Expected values come from the definitions, written out here, not from the solutions. Small cases in fixed numbers come
first, so that a message shows the same numbers every time; fresh random ones follow and decide.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Wrong, show

NORM = "LayerNorm: every vector at the same scale"
STREAM = "The residual stream"
BLOCK = "The pre-norm block"
LOGITS = "Logits, softmax, probabilities"
LOSS = "The first loss: ln V"
TYING = "Weight tying"
COUNT = "Counting parameters"
FLOPS = "Counting operations"
LENGTH = "What a longer text costs"


def _tensor(value: Any) -> Tensor | None:
    """Nested lists of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        return None


def _close(got: Tensor | None, expected: Tensor) -> bool:
    expected = expected.double()
    return got is not None and got.shape == expected.shape and torch.allclose(got, expected, rtol=1e-4, atol=1e-4)


def _numbers(value: Any, count: int) -> list[float] | None:
    """`count` finite numbers, or None."""
    if not isinstance(value, list) or len(value) != count:
        return None
    right = all(isinstance(n, int | float) and not isinstance(n, bool) and math.isfinite(n) for n in value)
    return value if right else None


# 07.1 ------------------------------------------------------------------------------------------------------------


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
    got, expected = _tensor(value), _norm(x, scale, shift, 0.5)
    given = f"x = {show(x.tolist())}, scale = {show(scale.tolist())}, shift = {show(shift.tolist())}, eps = 0.5"
    call = f"For {given} it gave `{show(value)}`"
    if got is None or got.shape != x.shape:
        raise Wrong("not-the-shape", f"{call}.")
    if not _close(got, expected):
        models = _wrong_norms(x, scale, shift, 0.5)
        named = next((name for name, values in models.items() if any(_close(got, one) for one in values)), None)
        if named is None and _close(got, _norm(x, scale, shift, 1e-5)):
            named = "eps-not-used"
        raise Wrong(named or "other-values", f"{call}; the right first row is `{show(expected[0].tolist())}`.")
    yield "three tokens, with scale, shift and a large eps"

    ones, zeros = torch.ones(4), torch.zeros(4)
    alike = torch.full((2, 4), 7.0)
    got = _tensor(layer_norm(alike, ones, zeros, 1e-5, shown=f"{layer_norm.name}(x, scale, shift, 1e-5)"))
    if got is None or not _close(got, torch.zeros(2, 4)):
        raise Wrong("other-values", "For a token whose numbers are all 7 it did not give zeros.")
    yield "a vector of equal numbers"

    fresh = random.Random()
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for shape in ((5, 6), (3, 4, 8), (7,), (2, 3, 1, 5), (6, 6), (1, 9)):
        x = 3 * torch.randn(shape, generator=generator) + 2
        scale, shift = torch.randn(2, shape[-1], generator=generator)
        eps = fresh.choice((1e-5, 0.1, 1.0))
        call = f"{layer_norm.name}(x, scale, shift, eps) for x of shape {shape}"
        got = _tensor(layer_norm(x, scale, shift, eps, shown=call, fresh=True))
        if not _close(got, _norm(x.double(), scale, shift, eps)):
            raise Wrong("tied-to-the-example" if len(shape) == 2 else "not-for-any-shape", f"Seen at shape {shape}.")
    yield "fresh random vectors, with one to four axes"


LAYER_NORM = Exercise(
    id="07.1",
    title="LayerNorm",
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
            "eps has no part in the result: it is missing, or a number stands in its place. Without it a vector of "
            "equal numbers gives 0 / 0.",
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
            "The example holds, and random ones do not. Does a number from the example stand in the code?", NORM
        ),
    },
)


# 07.2 ------------------------------------------------------------------------------------------------------------

_LINES = {
    "a": "x = x + thought",
    "b": "heard = attention(normed)",
    "c": "return x",
    "d": "normed = norm_1(x)",
    "e": "thought = feed_forward(normed)",
    "f": "x = x + heard",
    "g": "normed = norm_2(x)",
}
_ORDER = "dbfgeac"


def _check_block_order(answer: Any) -> Iterator[str]:
    letters = "".join(map(str, answer)) if isinstance(answer, list) else answer
    if not isinstance(letters, str):
        raise Wrong("not-all-lines", f"You answered `{show(answer)}`.")
    letters = "".join(letter for letter in letters.lower() if letter.isalnum())
    if letters != _ORDER:
        raise Wrong(_order_misconception(letters), f"You answered `{show(letters)}`.")
    yield "d b f g e a c"


def _order_misconception(letters: str) -> str:
    """Which rule an order breaks: all lines, names made before they are used, then what each half reads and adds to."""
    if sorted(letters) != sorted(_LINES):
        return "not-all-lines"
    at = {letter: place for place, letter in enumerate(letters)}
    if at["c"] != len(letters) - 1:
        return "returns-too-early"
    norms_before = {half: [n for n in "dg" if at[n] < at[half]] for half in "be"}
    if at["f"] < at["b"] or at["a"] < at["e"] or not norms_before["b"] or not norms_before["e"]:
        return "used-before-made"
    read = {half: max(norms, key=at.get) for half, norms in norms_before.items()}
    if read["b"] == read["e"]:
        return "one-norm-for-both"
    if read != {"b": "d", "e": "g"}:
        return "norms-swapped"
    if at["e"] < at["b"]:
        return "feed-forward-first"
    return "halves-side-by-side"  # the second norm reads the stream before attention's part is added


BLOCK_ORDER = Exercise(
    id="07.2",
    title="Order the block",
    kind="value",
    examine=_check_block_order,
    means="Twice the same three steps: norm a copy of the stream, let the half read it, add what it gives to the "
    "stream. Attention comes first, so that the feed-forward layer thinks about what was heard.",
    hints=(
        "Which line can come first, if `normed` has to be made before anything reads it, and attention is the first "
        "half?",
        "Each half takes three lines: norm, the half itself, the sum. The second norm must read a stream to which "
        "attention's part has been added.",
        "d, b, f for attention, then g, e, a for feed-forward, and c.",
    ),
    variant="Some models let both halves read the same normed stream and add both sums at once (a parallel block). "
    "Which lines does that need, and what can be computed at the same time?",
    misconceptions={
        "feed-forward-first": Misconception(
            "The feed-forward half comes before attention. First hear what the other tokens have, then think about it.",
            BLOCK,
        ),
        "halves-side-by-side": Misconception(
            "The second norm reads the stream before attention's part was added, so the feed-forward layer never hears "
            "of it in this block. Add first, then norm for the next half.",
            BLOCK,
        ),
        "one-norm-for-both": Misconception(
            "Both halves read the output of the same norm. Each half has a norm of its own, directly before it.", BLOCK
        ),
        "norms-swapped": Misconception(
            "The norms have changed places: norm_1 stands before attention, norm_2 before feed-forward.", BLOCK
        ),
        "used-before-made": Misconception(
            "A line uses a name that no line before it has made. `normed` must be there before a half reads it, and "
            "`heard` and `thought` before they are added. (A norm *after* the half would be post-norm.)",
            BLOCK,
        ),
        "returns-too-early": Misconception("What stands after `return x` is never reached: that line is last.", BLOCK),
        "not-all-lines": Misconception(
            "The answer is one text with each of the seven letters a to g exactly once, such as `'abcdefg'`.", BLOCK
        ),
    },
)


# 07.3 ------------------------------------------------------------------------------------------------------------

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
    got = _tensor(value)
    if got is None or got.shape != x.shape:
        raise Wrong("not-the-shape", f"For x of shape (2, 3) it gave `{show(value)}`.")
    if not _close(got, _block(x, *halves)):
        models = _wrong_blocks(x, *halves)
        named = next((name for name, wrong in models.items() if _close(got, wrong)), "other-block")
        silent = block(x, halves[0], nothing, halves[2], nothing, shown=f"{call} with halves that give zeros")
        shown = f"With halves that give zeros, x = {show(x.tolist())} became `{show(silent)}`."
        if _close(_tensor(silent), x):
            shown = (
                f"With halves that give zeros x stays as it is, which is right; with others it became `{show(value)}`, "
                f"and should be {show(_block(x, *halves).tolist())}."
            )
        raise Wrong(named, shown)
    yield "two halves and two norms, all different"

    silent = block(x, halves[0], nothing, halves[2], nothing, shown=f"{call} with halves that give zeros")
    if not _close(_tensor(silent), x):
        raise Wrong("other-block", f"With halves that give zeros, x = {show(x.tolist())} became `{show(silent)}`.")
    yield "halves that give zeros leave x as it is"

    fresh = random.Random()
    for _ in range(5):
        T, D = fresh.sample(range(3, 9), 2)
        seed = fresh.getrandbits(60)
        x = 2 * torch.randn(2, T, D, generator=torch.Generator().manual_seed(seed)) + 1
        halves = _halves(seed, D, T)
        if not _close(_tensor(block(x, *halves, shown=call, fresh=True)), _block(x, *halves)):
            raise Wrong("tied-to-the-example")
    yield "fresh random blocks"


FIND_THE_STREAM = Exercise(
    id="07.3",
    title="Find the bug: the stream that is lost",
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


# 07.4 ------------------------------------------------------------------------------------------------------------

_LN = math.log(1000)


def _check_first_loss(answer: Any) -> Iterator[str]:
    numbers = _numbers(answer, 2)
    if numbers is None:
        raise Wrong("not-two-numbers", f"You answered `{show(answer)}`.")
    zeros, sevens = numbers
    shown = f"You answered {show(zeros)} with zeros and {show(sevens)} with sevens."
    if not _near(zeros, _LN):
        wrong = {
            "logarithm-to-another-base": (math.log2(1000), 3.0),
            "another-vocabulary": (math.log(50_257),),
            "a-probability": (0.001, 0.1),
            "no-loss-at-all": (0.0,),
            "one-in-the-vocabulary": (1000.0, 999.0),
            "rounded-too-far": (7.0,),
            "sign": (-_LN,),
        }
        close = (name for name, values in wrong.items() if any(abs(zeros - value) < 0.06 for value in values))
        exact = (name for name, values in wrong.items() if zeros in values)
        raise Wrong(next(exact, None) or next(close, "work-it-out"), shown)
    yield "ln 1000 with zeros"
    if not _near(sevens, _LN):
        raise Wrong("sevens-are-not-probabilities", shown)
    yield "the same with sevens"


def _near(given: float, expected: float) -> bool:
    return abs(given - expected) < 0.06


FIRST_LOSS = Exercise(
    id="07.4",
    title="The first loss",
    kind="value",
    examine=_check_first_loss,
    means="Equal logits, whatever their size, are equal probabilities of 1/1000, and −ln(1/1000) = ln 1000 = 6.91. A "
    "model that starts far above it is sure of something wrong.",
    hints=(
        "What does the softmax make of a thousand equal logits?",
        "Each token gets the probability 1/1000. The loss is minus the natural logarithm of the right token's "
        "probability.",
        "`math.log(1000)`, for both: adding 7 to every logit changes no probability.",
    ),
    variant="A third model gives 7 to the right token and 0 to the other 999. What is its loss? (Then ask "
    "`cross_entropy`.)",
    misconceptions={
        "sevens-are-not-probabilities": Misconception(
            "The first is right. But a softmax looks only at differences between logits: when all of them grow by 7, "
            "no probability changes, and so the loss does not either.",
            LOGITS,
        ),
        "logarithm-to-another-base": Misconception(
            "The logarithm was taken to base 2 or 10. Cross-entropy uses the natural one, `math.log`.", LOSS
        ),
        "another-vocabulary": Misconception("That is ln 50,257, GPT-2's vocabulary. This one has 1,000 tokens.", LOSS),
        "a-probability": Misconception(
            "That is the probability of a token. The loss is minus its natural logarithm.", LOSS
        ),
        "no-loss-at-all": Misconception(
            "A logit of 0 is not a loss of 0. Loss 0 would mean that the right token has probability 1; here it has "
            "1/1000.",
            LOGITS,
        ),
        "one-in-the-vocabulary": Misconception(
            "That is how many tokens the model wavers between. The loss is its natural logarithm.", LOSS
        ),
        "sign": Misconception("A loss is not negative: it is *minus* the logarithm of a number below 1.", LOSS),
        "rounded-too-far": Misconception("Rounded? Then give one decimal. If not: 7 is a logit, not a loss.", LOSS),
        "not-two-numbers": Misconception("The answer is two numbers, without quotes, one for each model.", LOSS),
        "work-it-out": Misconception(
            "Not that. Make probabilities of a thousand equal logits, then take minus the natural logarithm of one.",
            LOSS,
        ),
    },
)


# 07.5 ------------------------------------------------------------------------------------------------------------


def _parts(V: int, T: int, D: int, qkv_bias: bool) -> dict[str, int]:
    """Trained numbers by kind; those of a block for one block."""
    return {
        "tokens": V * D,
        "positions": T * D,
        "qkv": 3 * D * D,
        "qkv_bias": 3 * D * qkv_bias,
        "out": D * D,
        "out_bias": D,
        "expand": 4 * D * D,
        "expand_bias": 4 * D,
        "contract": 4 * D * D,
        "contract_bias": D,
        "norms": 4 * D,
        "final_norm": 2 * D,
    }


_OUTSIDE = ("tokens", "positions", "final_norm")


def _budget(V: int, T: int, D: int, L: int, bias: bool, tied: bool, /, **changed: int) -> int:
    """The count, with some parts changed; `head` is the head's."""
    parts = {**_parts(V, T, D, bias), "head": 0 if tied else V * D, **changed}
    return sum(number if name in (*_OUTSIDE, "head") else L * number for name, number in parts.items())


def _wrong_budgets(V: int, T: int, D: int, L: int, qkv_bias: bool, tied: bool) -> dict[str, list[int]]:
    """What each known mistake counts: misconception -> numbers."""

    def count(**changed: int) -> int:
        return _budget(V, T, D, L, qkv_bias, tied, **changed)

    biases = {"qkv_bias": 0, "out_bias": 0, "expand_bias": 0, "contract_bias": 0}
    return {
        "biases-forgotten": [count(**biases), count(out_bias=0, expand_bias=0, contract_bias=0)],
        "output-bias-forgotten": [count(out_bias=0)],
        "feed-forward-biases-forgotten": [count(expand_bias=0, contract_bias=0)],
        "feed-forward-biases-alike": [count(expand_bias=D), count(contract_bias=4 * D)],
        "positions-forgotten": [count(positions=0)],
        "tables-forgotten": [count(tokens=0, positions=0)],
        "tables-swapped": [count(positions=T * V), count(positions=V * T, tokens=0)],
        "tied-head-counted": [count(head=V * D)],
        "head-forgotten": [count(head=0)],
        "tying-turned-round": [count(head=V * D if tied else 0)],
        "head-bias-counted": [count(head=V if tied else V * D + V), count(head=0 if tied else V * D + V)],
        "final-norm-forgotten": [count(final_norm=0)],
        "norms-forgotten": [count(norms=0), count(norms=0, final_norm=0)],
        "one-norm-a-block": [count(norms=2 * D)],
        "norms-without-shift": [count(norms=2 * D, final_norm=D)],
        "qkv-bias-always": [count(qkv_bias=3 * D)],
        "qkv-bias-never": [count(qkv_bias=0)],
        "qkv-bias-too-short": [count(qkv_bias=D * qkv_bias)],
        "qkv-bias-for-all": [
            count(out_bias=D * qkv_bias, expand_bias=4 * D * qkv_bias, contract_bias=D * qkv_bias),
            count(out_bias=D * qkv_bias),
        ],
        "output-projection-forgotten": [count(out=0, out_bias=0), count(out=0)],
        "one-projection-for-three": [count(qkv=D * D), count(qkv=D * D, qkv_bias=D * qkv_bias)],
        "feed-forward-too-small": [
            count(expand=D * D, contract=D * D, expand_bias=D),
            count(contract=0),
            count(contract=0, contract_bias=0),
            count(expand=0, expand_bias=0),
        ],
        "feed-forward-forgotten": [count(expand=0, contract=0, expand_bias=0, contract_bias=0)],
        "one-block-only": [_budget(V, T, D, 1, qkv_bias, tied)],
        "everything-in-each-block": [L * _budget(V, T, D, 1, qkv_bias, tied), count(final_norm=L * 2 * D)],
        "attention-weights-counted": [count(out=D * D + T * T)],
    }


# Sizes at which one mistake does not look like another, nor two of them like a third.
_BUDGETS = tuple((97, 41, 16, 7, bias, tied) for bias, tied in product((False, True), repeat=2))


def _check_parameter_budget(parameter_budget: Probe) -> Iterator[str]:
    got = [parameter_budget(*case) for case in _BUDGETS]
    expected = [_budget(*case) for case in _BUDGETS]
    different = [number for number, (yours, right) in enumerate(zip(got, expected, strict=True)) if yours != right]
    if different or not all(isinstance(number, int) and not isinstance(number, bool) for number in got):
        worst = different[0] if different else 0
        shown = f"`{parameter_budget.spell(*_BUDGETS[worst])}` gave `{show(got[worst])}`, it is {expected[worst]}."
        raise Wrong(_budget_misconception(got), shown)
    yield "four small models, with and without bias and tying"

    fresh = random.Random()
    for _ in range(20):
        sizes = (fresh.randint(50, 60_000), fresh.randint(8, 4096), fresh.randint(2, 2000), fresh.randint(1, 60))
        case = (*sizes, fresh.random() < 0.5, fresh.random() < 0.5)
        if parameter_budget(*case, shown="a random model", fresh=True) != _budget(*case):
            raise Wrong("tied-to-the-example")
    yield "fresh random models"


def _budget_misconception(got: list[Any]) -> str:
    """The first misconception that gives these very numbers for all four small models."""
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in got):
        return "not-a-number"
    models = [_wrong_budgets(*case) for case in _BUDGETS]
    for name, variants in models[0].items():
        for number in range(len(variants)):
            if all(yours == model[name][number] for yours, model in zip(got, models, strict=True)):
                return name
    return "not-a-whole-number" if any(isinstance(number, float) for number in got) else "other-count"


PARAMETER_BUDGET = Exercise(
    id="07.5",
    title="A parameter budget",
    kind="function",
    examine=_check_parameter_budget,
    means="Count by parts, and a model's size holds no secret: with GPT-2's sizes your function gives 124,439,808.",
    hints=(
        "Which parts has one block? For each, is it a matrix with a bias, a matrix without, or a norm?",
        "A block: two norms of 2D; D × 3D to queries, keys and values; D × D back; D × 4D and 4D × D. A bias has as "
        "many numbers as its layer gives out. Around the blocks: two tables, one norm, and the head unless it is tied.",
        "`block = 4 * D + (3 * D * D + 3 * D * qkv_bias) + (D * D + D) + (4 * D * D + 4 * D) + (4 * D * D + D)`, and "
        "`(vocab_size + context_length) * D + n_layers * block + 2 * D` plus `vocab_size * D` unless the weights are "
        "tied.",
    ),
    variant="Solve it the other way: which width gives a model of about 10 million parameters, with 6 blocks, 5,000 "
    "tokens, context length 256 and tied weights?",
    misconceptions={
        "biases-forgotten": Misconception(
            "The biases of the linear layers are missing: each layer with a bias has one more number for each number "
            "that it gives out.",
            COUNT,
        ),
        "output-bias-forgotten": Misconception(
            "The output projection of attention has a bias too, D numbers a block, whatever `qkv_bias` says.", COUNT
        ),
        "feed-forward-biases-forgotten": Misconception(
            "A bias of the feed-forward layer is missing: 4D numbers after expanding, D after contracting.", COUNT
        ),
        "feed-forward-biases-alike": Misconception(
            "The two biases of the feed-forward layer differ in length: one for each number that comes *out*, so 4D "
            "after expanding and D after contracting.",
            COUNT,
        ),
        "positions-forgotten": Misconception("The position table is missing: one row for each place.", COUNT),
        "tables-forgotten": Misconception(
            "The two tables are missing, for tokens and for positions: one row of d_model numbers for each.", COUNT
        ),
        "tables-swapped": Misconception(
            "The position table has context_length rows of d_model numbers. The vocabulary has no part in it.", COUNT
        ),
        "tied-head-counted": Misconception(
            "With tied weights the head was counted all the same. It uses the token table, which is counted already.",
            TYING,
        ),
        "head-forgotten": Misconception(
            "Without tied weights the head has a table of its own, d_model × vocab_size.", TYING
        ),
        "tying-turned-round": Misconception(
            "`tie_weights` is read the wrong way round: tied means one table, not two.", TYING
        ),
        "head-bias-counted": Misconception("The head has no bias.", COUNT),
        "final-norm-forgotten": Misconception("One more norm stands after the last block.", BLOCK),
        "norms-forgotten": Misconception("The norms of the blocks have trained numbers too: scale and shift.", COUNT),
        "one-norm-a-block": Misconception("A block has two norms, one before each half.", BLOCK),
        "norms-without-shift": Misconception("A norm has a scale and a shift, D numbers each.", NORM),
        "qkv-bias-always": Misconception(
            "The projection to queries, keys and values has a bias only if `qkv_bias`.", COUNT
        ),
        "qkv-bias-never": Misconception(
            "With `qkv_bias` the projection to queries, keys and values has a bias: 3D numbers a block.", COUNT
        ),
        "qkv-bias-too-short": Misconception(
            "The bias of the fused projection has 3D numbers: queries, keys and values each have D.", COUNT
        ),
        "qkv-bias-for-all": Misconception(
            "`qkv_bias` speaks of the projection to queries, keys and values alone. The other linear layers of a block "
            "always have a bias.",
            COUNT,
        ),
        "output-projection-forgotten": Misconception(
            "Attention has a fourth matrix: the output projection, D × D, after the heads are merged.", COUNT
        ),
        "one-projection-for-three": Misconception(
            "Queries, keys and values have a matrix each: D × 3D in one fused layer.", COUNT
        ),
        "feed-forward-too-small": Misconception(
            "The feed-forward layer has two matrices, D × 4D out and 4D × D back.", COUNT
        ),
        "feed-forward-forgotten": Misconception("The feed-forward layer is missing, two thirds of a block.", COUNT),
        "one-block-only": Misconception("There are n_layers blocks, each with weights of its own.", COUNT),
        "everything-in-each-block": Misconception(
            "Tables, final norm and head are there once, not once a block.", COUNT
        ),
        "attention-weights-counted": Misconception(
            "The T × T attention weights are computed for each text, not trained. They do not count.", COUNT
        ),
        "not-a-whole-number": Misconception("A count is a whole number: this is a float.", COUNT),
        "not-a-number": Misconception("The result must be one whole number.", COUNT),
        "other-count": Misconception(
            "That is not the count. Go part by part, as in the list of one block: which part differs?", COUNT
        ),
        "tied-to-the-example": Misconception(
            "The small models hold, and random ones do not. Does a number from an example stand in the code?", COUNT
        ),
    },
)


# 07.6 ------------------------------------------------------------------------------------------------------------


def _check_growth(answer: Any) -> Iterator[str]:
    numbers = _numbers(answer, 3)
    if numbers is None:
        raise Wrong("not-three-numbers", f"You answered `{show(answer)}`.")
    parameters, linear, scores = numbers
    if (parameters, linear, scores) != (1, 2, 4):
        shown = f"You answered {show(parameters)}, {show(linear)} and {show(scores)}."
        raise Wrong(_growth_misconception(parameters, linear, scores), shown)
    yield "parameters × 1"
    yield "linear layers × 2"
    yield "scores and weighted sums × 4"


def _growth_misconception(parameters: float, linear: float, scores: float) -> str:
    if 0 in (parameters, linear, scores):
        return "factors-not-increases"
    if (linear, scores) == (1, 1):
        return "length-is-free"
    if parameters != 1:
        return "parameters-grow"
    if (linear, scores) == (2, 2):
        return "scores-only-double"
    if (linear, scores) == (4, 4):
        return "all-grow-with-the-square"
    if (linear, scores) == (4, 2):
        return "the-two-swapped"
    if linear == 1:
        return "linear-layers-free"
    return "count-the-products"


GROWTH = Exercise(
    id="07.6",
    title="Twice as many tokens",
    kind="value",
    examine=_check_growth,
    means="The weights stay, each of twice as many tokens goes through each matrix, and twice as many queries meet "
    "twice as many keys. So attention grows with the square of the length, the rest with the length.",
    hints=(
        "How many scores are there for 3 tokens, and how many for 6?",
        "A linear layer is applied to each token by itself. Scores and weighted sums have one product for each "
        "*pair* of tokens.",
        "1, 2, 4: nothing new to train, twice the tokens, four times the pairs.",
    ),
    variant="Which of the three numbers changes if the batch is doubled instead of the text?",
    misconceptions={
        "length-is-free": Misconception(
            "That would be a pass that costs the same for every length. The same weights are used once *for each "
            "token*, and attention compares each pair of tokens.",
            LENGTH,
        ),
        "parameters-grow": Misconception(
            "The parameters belong to the model, not to the text: a longer text is read with the same ones. (A longer "
            "*context length* would need more rows in the position table; here it was long enough.)",
            COUNT,
        ),
        "scores-only-double": Misconception(
            "There is a score for each pair of a query and a key. Twice the queries and twice the keys are four times "
            "the pairs. (The causal mask hides half of them at every length.)",
            FLOPS,
        ),
        "all-grow-with-the-square": Misconception(
            "A linear layer works on each token by itself: twice the tokens, twice the work. Only attention looks at "
            "pairs.",
            FLOPS,
        ),
        "the-two-swapped": Misconception(
            "It is the other way round: linear layers work token by token, scores pair by pair.", FLOPS
        ),
        "linear-layers-free": Misconception(
            "The linear layers have the same weights, but they are applied to each token: twice the tokens, twice the "
            "operations.",
            FLOPS,
        ),
        "factors-not-increases": Misconception(
            "Give factors: what stays as it is has grown by the factor 1, what doubles by 2.", LENGTH
        ),
        "count-the-products": Misconception(
            "Not quite. Count the products for T = 3 and T = 6: for each token in a linear layer, for each pair in the "
            "scores.",
            FLOPS,
        ),
        "not-three-numbers": Misconception("The answer is three numbers, without quotes, one for each line.", LENGTH),
    },
)

EXERCISES = (LAYER_NORM, BLOCK_ORDER, FIND_THE_STREAM, FIRST_LOSS, PARAMETER_BUDGET, GROWTH)
