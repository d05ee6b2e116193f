"""Causal multi-head attention, to be written: its influence map, its magnitudes as the width grows, its values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from llmlab.attention import influence_map
from llmlab.attention._bugs import function, right_sharpness, sharpness, weights
from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_07.common import TIED, is_close, lower_triangle, recognise, tensor
from llmlab.exercises.lesson_07.sections import AHEAD, BEFORE, DROPOUT, LATE, PROVEN
from llmlab.exercises.lesson_08.sections import FUSED, SEVERAL, SPLIT, UNSEEN
from llmlab.exercises.lesson_08.whole_layer_mistakes import example, wrong_outputs


def _check_whole_layer(attend: Probe) -> Iterator[str]:
    def run(x: Tensor, *rest: Any, fresh: bool = False) -> Tensor:
        *matrices, H = rest
        T, d_in, D, d_out = *x.shape, *matrices[-1].shape
        call = "random sizes" if fresh else f"{attend.name}(x ({T}, {d_in}), W_query ({d_in}, {D}), …, n_heads={H})"
        got = tensor(attend(x, *matrices, H, shown=call, fresh=fresh))
        if got is None or got.shape != (T, d_out):
            if got is not None and got.shape == (T, D):
                raise Wrong("out-projection-missing", f"`{call}` gave shape {(T, D)}, wanted is {(T, d_out)}.")
            shape = "something that is no tensor" if got is None else f"shape {tuple(got.shape)}"
            raise Wrong("wrong-shape", f"`{call}` gave {shape}, wanted is a tensor of shape {(T, d_out)}.")
        return got

    x, matrices, H = example()
    got, right = run(x, *matrices, H), function()(x, *matrices, H)
    if got.isnan().all():
        raise Wrong("all-nan")
    # A mask from the scores is right at these values, and so is what is tied to these sizes: neither is known by them.
    recognised = None if is_close(got, right) else recognise(got, wrong_outputs())
    worst = (got - right).abs().nan_to_num(torch.inf).amax(dim=1).argmax().item()
    pair = [show(outputs[worst, :3].tolist()) for outputs in (got, right)]
    row = f"On the small example output {worst} begins {pair[0]}; right is {pair[1]}."

    def layer(x: Tensor) -> Tensor:
        return run(x, *matrices, H)

    def found(otherwise: str, seen: str) -> Wrong:
        return Wrong(recognised or otherwise, f"{seen}\n{row}")

    yield "shape"

    reaches = _map(layer, x)
    if not torch.equal(reaches, lower_triangle(len(x))):
        leaks = (reaches & ~lower_triangle(len(x))).any()
        raise found(
            "future-leaks" if leaks else "past-is-lost", f"Its influence map, a row an output: {_rows(reaches)}."
        )
    yield "influence map exactly lower-triangular"

    nothing = torch.zeros_like(x)
    if (outputs := layer(nothing)).any():
        raise found("not-zero-at-zero", f"For an input of zeros it gave {show(outputs[0].tolist())} first.")
    reaches = _map(layer, nothing)
    if not torch.equal(reaches, lower_triangle(len(x))):
        raise found("mask-from-the-scores", f"Around an input of zeros its influence map is {_rows(reaches)}.")
    yield "around zero too"

    found_sharp, right_sharp = sharpness(run), right_sharpness()
    if any(abs(s - wanted) > wanted / 4 for s, wanted in zip(found_sharp, right_sharp, strict=True)):
        pairs = ", ".join(f"{s:.2f} ({wanted:.2f})" for s, wanted in zip(found_sharp, right_sharp, strict=True))
        if is_close(got, right):
            raise Wrong("tied-to-the-example")
        raise found("other-magnitudes", f"Mean square of the outputs at width 16, 64, 256, and what is right: {pairs}.")
    yield "magnitudes steady as the width grows"

    if not is_close(got, right):
        raise found("other-values", "The map and the magnitudes are right, the values are not.")
    yield "values on a small example"

    fresh = random.Random()
    for _ in range(25):
        T, d_in, H, d_head, d_out = (fresh.randint(*bounds) for bounds in ((1, 9), (2, 9), (1, 5), (1, 5), (2, 9)))
        matrices = weights(d_in, H * d_head, d_out, seed=fresh.getrandbits(60))
        x = torch.randn(T, d_in, generator=seeded(fresh))
        if not is_close(run(x, *matrices, H, fresh=True), function()(x, *matrices, H)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


def _map(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    try:
        return influence_map(layer, x)
    except ValueError:  # what it says of the shape has been checked before
        raise Wrong("not-repeatable", "Called twice with the same input, it gave two results.") from None


def _rows(reaches: Tensor) -> str:
    return " ".join("".join(map(str, row)) for row in reaches.int().tolist())


EXERCISE = Exercise(
    kind="function",
    examine=_check_whole_layer,
    means="The layer is causal, its scores keep their size at any width, and its values are right: this is the layer "
    "in every block of a GPT, still untrained.",
    hints=(
        "Write the shape behind every line. After which line is it (H, T, d_head), after which (H, T, T), and where "
        "does it become (T, D) again?",
        "Project, split into heads, scores over √d_head, −∞ for the future, softmax over the keys, times the values, "
        "merge, W_out. For (T, D) the split is `view(T, n_heads, d_head).transpose(0, 1)`.",
        "The merge is `context.transpose(0, 1).reshape(T, D)`; the scores are `queries @ keys.transpose(1, 2) / "
        "d_head**0.5`.",
    ),
    variant="Write it with `torch.einsum` and without any transpose: `'thd,shd->hts'` for the scores.",
    misconceptions={
        "softmax-over-the-queries": Misconception(
            "The softmax ran over the queries: a column is shared out among tokens, later ones included, and so the "
            "future reaches the past through the denominator. It runs over the keys, `dim=-1`.",
            BEFORE,
        ),
        "no-scaling": Misconception(
            "The scores are not divided by √d_head. No map shows it; but the wider the heads, the larger the scores "
            "and the sharper the softmax, until each head looks at a single token.",
            UNSEEN,
        ),
        "scaling-by-the-model-width": Misconception(
            "The scores are divided by √D, the width of all heads together. A score is a sum over the d_head entries "
            "of one head: with more heads these scores grow ever smaller, and attention becomes a plain average.",
            UNSEEN,
        ),
        "no-mask": Misconception("There is no mask: each output depends on all tokens, later ones included.", AHEAD),
        "mask-after-the-softmax": Misconception(
            "The mask came after the softmax, and nothing was renormalised: the zeros are in place, and still each row "
            "was divided by a sum that held the future.",
            LATE,
        ),
        "01-mask-added": Misconception(
            "A mask of 0 and 1 was added to the scores. That shifts a score by 1 and hides nothing: fill with −∞.",
            BEFORE,
        ),
        "mask-multiplied": Misconception(
            "The scores were multiplied by the mask. A score of 0 still gets a weight, exp(0) = 1: fill with −∞.",
            BEFORE,
        ),
        "mask-inverted": Misconception("The mask is turned round: the past is hidden and the future visible.", BEFORE),
        "mask-one-too-high": Misconception(
            "Each token sees the next one, which is the very token it should predict: the mask starts one diagonal too "
            "high.",
            BEFORE,
        ),
        "mask-one-too-low": Misconception(
            "No token sees itself, and the first sees nothing (a softmax over nothing is NaN): the mask starts one "
            "diagonal too low.",
            BEFORE,
        ),
        "mask-from-the-scores": Misconception(
            "The mask is made from the scores, such as `triu(scores)`. Where a score happens to be 0 there is no mask: "
            "around an input of zeros the future reaches everything. Make it from ones.",
            UNSEEN,
        ),
        "view-when-splitting": Misconception(
            "The heads were split by a `view` alone: a head gets pieces of different tokens. First "
            "`view(T, n_heads, d_head)`, then `transpose(0, 1)`.",
            SPLIT,
        ),
        "view-when-merging": Misconception(
            "The heads were merged without a `transpose`: rows of the result mix tokens. First `transpose(0, 1)`, "
            "then `reshape(T, D)`.",
            SPLIT,
        ),
        "keys-and-values-swapped": Misconception(
            "Keys and values have changed places. The map and the magnitudes are as they should be; but what a token "
            "is found by is not what it tells.",
            UNSEEN,
        ),
        "projection-used-twice": Misconception(
            "Two of queries, keys and values came from the same matrix. Each has a matrix of its own: `x @ W_query`, "
            "`x @ W_key`, `x @ W_value`.",
            FUSED,
        ),
        "all-nan": Misconception(
            "Every output is NaN. A mask of 0 and 1 times −∞ does that: where it should change nothing, 0 · ∞ is not a "
            "number. Put −∞ only where it belongs, with `masked_fill`.",
            BEFORE,
        ),
        "no-softmax": Misconception(
            "The values were weighted with the scores themselves: the softmax over the keys is missing.", BEFORE
        ),
        "scaled-after-the-softmax": Misconception(
            "The division by √d_head came after the softmax: the rows no longer sum to 1. Divide the scores.", UNSEEN
        ),
        "scaling-by-another-size": Misconception(
            "The scores are divided by the root of another size. A score is a sum over the d_head entries of one head, "
            "so √d_head is what keeps it steady.",
            UNSEEN,
        ),
        "queries-and-keys-swapped": Misconception(
            "Queries and keys have changed places: the row of the scores belongs to the token that asks.", UNSEEN
        ),
        "softmax-over-the-heads": Misconception(
            "The softmax ran over the heads. It runs over the keys, `dim=-1`.", SPLIT
        ),
        "one-head-only": Misconception("This is a single head of the full width: `n_heads` changes nothing.", SEVERAL),
        "heads-interleaved": Misconception(
            "A head got every H-th column. Its columns lie side by side: cut into (n_heads, d_head).", FUSED
        ),
        "no-root": Misconception("The scores are divided by d_head: the root is missing.", UNSEEN),
        "multiplied-by-the-root": Misconception("The scores are multiplied by √d_head: divide.", UNSEEN),
        "out-projection-missing": Misconception("The merged heads still have to go through W_out.", FUSED),
        "future-leaks": Misconception(
            "The influence map is not lower-triangular: outputs move when later tokens are perturbed.", PROVEN
        ),
        "past-is-lost": Misconception(
            "The influence map has holes: outputs do not move when their own token, or one before it, is perturbed.",
            PROVEN,
        ),
        "not-zero-at-zero": Misconception(
            "An input of zeros gives values of zero, and any average of zeros is zero. Something is added that the "
            "exercise does not have.",
            UNSEEN,
        ),
        "other-magnitudes": Misconception(
            "The outputs do not have the size that they should have. Is each score divided by √d_head, and nothing "
            "else multiplied?",
            UNSEEN,
        ),
        "other-values": Misconception(
            "These are not the values of causal multi-head attention. Go through the steps one by one.", FUSED
        ),
        "not-repeatable": Misconception("It is random: no dropout in this exercise.", DROPOUT),
        "wrong-shape": Misconception("The result is one tensor, a row a token: (T, d_out).", SPLIT),
        "tied-to-the-example": TIED,
    },
)
