"""Causal multi-head attention, to be written: its influence map, its magnitudes as the width grows, its values."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from llmlab.attention import influence_map
from llmlab.attention._bugs import function, right_sharpness, sharpness, weights
from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_07.common import TIED, is_close, lower_triangle, recognise, tensor
from llmlab.exercises.lesson_08.ideas import LAYER_IDEAS
from llmlab.exercises.lesson_08.sections import LAYER, UNSEEN
from llmlab.exercises.lesson_08.whole_layer_mistakes import example, wrong_outputs


def _check_whole_layer(attend: Probe) -> Iterator[str]:
    def run(
        x: Tensor, W_query: Tensor, W_key: Tensor, W_value: Tensor, W_out: Tensor, H: int, fresh: bool = False
    ) -> Tensor:
        (T, d_in), (D, d_out) = x.shape, W_out.shape
        call = "random sizes" if fresh else f"{attend.name}(x ({T}, {d_in}), W_query ({d_in}, {D}), …, n_heads={H})"
        got = tensor(attend(x, W_query, W_key, W_value, W_out, H, shown=call, fresh=fresh))
        if got is None or got.shape != (T, d_out):
            shape = "something that is no tensor" if got is None else f"shape {tuple(got.shape)}"
            shown = f"`{call}` gave {shape}, wanted is a tensor of shape {(T, d_out)}."
            if got is not None and got.shape == (T, D):
                merged = function()(x, W_query, W_key, W_value, torch.eye(D), H)
                if is_close(got, merged):
                    raise Wrong("out-projection-missing", shown)
                shown += f" {(T, D)} is the shape after the merge, before W_out."
            raise Wrong("wrong-shape", shown)
        return got

    x, matrices, H = example()
    got, right = run(x, *matrices, H), function()(x, *matrices, H)
    if got.isnan().all():
        raise Wrong("all-nan")
    # A mask from the scores is right at these values, and so is what is tied to these sizes: neither is known by them.
    recognised = None if is_close(got, right) else recognise(got, wrong_outputs())
    worst = int((got - right).abs().nan_to_num(torch.inf).amax(dim=1).argmax())
    pair = [show(outputs[worst, :3].tolist()) for outputs in (got, right)]
    row = f"\nOn the small example output {worst} begins {pair[0]}; right is {pair[1]}."
    if is_close(got, right):
        row = "\nOn the small example the values are right."

    def layer(x: Tensor) -> Tensor:
        return run(x, *matrices, H)

    def found(otherwise: str, seen: str) -> Wrong:
        return Wrong(recognised or otherwise, seen + row)

    yield "shape"

    reaches = _map(layer, x)
    if not torch.equal(reaches, lower_triangle(len(x))):
        leaks = (reaches & ~lower_triangle(len(x))).any()
        raise found(
            "future-leaks" if leaks else "past-is-lost", f"Its influence map, one row per output: {_rows(reaches)}."
        )
    yield "influence map exactly lower-triangular"

    nothing = torch.zeros_like(x)
    outputs = layer(nothing)
    if outputs.isnan().any():
        # What is right at random values and NaN at zeros has a mask that fails where a score is 0.
        cause = "mask-from-the-scores" if is_close(got, right) else "nan-at-zero"
        raise found(cause, f"For an input of zeros it gave {show(outputs[0].tolist())} first.")
    if outputs.any():
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
    far = 20 * x  # scores hundreds apart
    if is_close(layer(far), function()(far, *matrices, H)):
        yield "values on a small example, and with scores hundreds apart"
    else:
        yield (
            "values on a small example (with scores hundreds apart yours are right no longer: −∞ before a softmax that "
            "subtracts the largest score would be)"
        )

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
        **LAYER_IDEAS,
        "future-leaks": Misconception(
            "The influence map is not lower-triangular: outputs move when later tokens are perturbed.", LAYER
        ),
        "past-is-lost": Misconception(
            "The influence map has holes: outputs do not move when their own token, or one before it, is perturbed.",
            LAYER,
        ),
        "nan-at-zero": Misconception(
            "An input of zeros gives scores of 0, equal weights, and values of zero. NaN comes from a softmax over "
            "nothing, or from a division by 0.",
            UNSEEN,
        ),
        "not-zero-at-zero": Misconception(
            "An input of zeros gives values of zero, and any average of zeros is zero. Something is added that the "
            "exercise does not have.",
            UNSEEN,
        ),
        "other-magnitudes": Misconception(
            "As heads and width grow, the outputs do not keep the size that they should have. Scores that are not "
            "divided by √d_head can do that, and so can anything else that is multiplied or added on the way.",
            UNSEEN,
        ),
        "other-values": Misconception(
            "These are not the values of causal multi-head attention. Go through the steps one by one.", LAYER
        ),
        "not-repeatable": Misconception("It is random: there is no dropout in this exercise.", LAYER),
        "wrong-shape": Misconception("The result is one tensor with a row for each token: (T, d_out).", LAYER),
        "tied-to-the-example": TIED,
    },
)
