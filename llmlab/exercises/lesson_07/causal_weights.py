"""Causal attention weights, to be written: tried on small scores, on zeros, and on a future far above the past."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_07.common import TIED, fixed_numbers, is_close, lower_triangle, recognise, tensor
from llmlab.exercises.lesson_07.sections import AHEAD, BEFORE, LATE, TESTED


def _causal_weights(scores: Tensor) -> Tensor:
    return scores.masked_fill(~lower_triangle(len(scores)), -torch.inf).softmax(dim=-1)


def _wrong_weights(scores: Tensor) -> dict[str, list[Tensor]]:
    """What each known mistake makes of the example: misconception -> weights."""
    T, inf = len(scores), torch.inf
    causal = lower_triangle(T)
    masked = scores.masked_fill(~causal, -inf)
    late = scores.softmax(-1) * causal
    higher, lower = torch.ones(T, T, dtype=torch.bool).tril(1), causal.tril(-1)
    inverted = [scores.masked_fill(hidden, -inf).softmax(-1) for hidden in (causal, causal.tril(-1))]
    blind = scores.masked_fill(~lower, -inf).softmax(-1)
    return {
        "mask-after-the-softmax": [late],
        "01-mask-added": [(scores + causal).softmax(-1), (scores + ~causal).softmax(-1)],
        "mask-multiplied": [(scores * causal).softmax(-1)],
        "no-mask": [scores.softmax(-1)],
        "mask-one-too-high": [scores.masked_fill(~higher, -inf).softmax(-1)],
        "mask-one-too-low": [blind, blind.nan_to_num(0.0)],
        "mask-inverted": [*inverted, inverted[0].nan_to_num(0.0)],
        "softmax-over-the-queries": [
            masked.softmax(-2),
            scores.softmax(-2) * causal,
            late / late.sum(0),
            scores.softmax(-2),
        ],
        "one-softmax-for-all": [masked.flatten().softmax(0).view(T, T), late / late.sum()],
        "keepdim-missing": [late / late.sum(-1), (scores.exp() * causal) / (scores.exp() * causal).sum(-1)],
        "two-softmaxes": [masked.softmax(-1).softmax(-1), scores.softmax(-1).masked_fill(~causal, -inf).softmax(-1)],
        "no-softmax": [masked, scores * causal],
        "not-normalised": [scores.exp() * causal],
        "transposed": [masked.softmax(-1).T],
        "scaled-too": [(masked / divisor).softmax(-1) for divisor in (T**0.5, float(T))],
    }


def _holds_finite_number(got: Tensor, expected: Tensor) -> bool:
    """Whether the past is weighed rightly and the future keeps a share, as under a mask of a finite number."""
    past = got * lower_triangle(len(got))
    return is_close(past / past.sum(-1, keepdim=True), expected) and is_close(got.sum(-1), torch.ones(len(got)))


def _check_causal_weights(causal_weights: Probe) -> Iterator[str]:
    def compare(scores: Tensor, otherwise: str, fresh: bool = False) -> None:
        T = len(scores)
        shown = f"{causal_weights.name}(scores)" + (f" for {T} tokens" if fresh else "")
        value = causal_weights(scores, shown=shown, fresh=fresh)
        got, expected = tensor(value), _causal_weights(scores)
        if fresh and (got is None or not is_close(got, expected)):
            raise Wrong(otherwise)
        call = f"For scores {show(scores.tolist())} it gave `{show(value)}`"
        if got is None or got.shape != (T, T):
            raise Wrong("not-a-square", f"{call}.")
        if not is_close(got, expected):
            named = None
            if otherwise == "other-weights":
                named = "all-nan" if got.isnan().all() else recognise(got, _wrong_weights(scores))
                if named is None and _holds_finite_number(got, expected):
                    named, call = "finite-number", f"{call}, where a later key keeps {got.triu(1).max():.0e}"
            raise Wrong(named or otherwise, f"{call}; the causal weights are {show(expected.tolist())}.")
        if not fresh and (most := got[~lower_triangle(T)].max().item() if T > 1 else 0.0) != 0:
            # Too little to be seen in the weights themselves.
            raise Wrong("finite-number", f"For scores {show(scores.tolist())} a later key kept a weight of {most:.0e}.")

    compare(fixed_numbers(3, 3, shift=1), "other-weights")
    compare(fixed_numbers(4, 4, shift=5), "other-weights")
    yield "two examples by hand"

    compare(torch.zeros(4, 4), "mask-from-the-scores")
    yield "scores of zero"

    compare(0.0 - 40 * lower_triangle(3), "finite-number")
    far = 0.0 - 200 * lower_triangle(3)
    got = tensor(causal_weights(far, shown=f"{causal_weights.name}(scores)"))
    if got is not None and is_close(got, _causal_weights(far)):
        yield "a future with scores far above the past"
    else:
        yield "a future with scores 40 above the past (200 above, and yours are right no longer: with −∞ they would be)"

    fresh = random.Random()
    generator = seeded(fresh)
    for _ in range(20):
        T = fresh.randint(1, 12)
        compare(2 * torch.randn(T, T, generator=generator), "tied-to-the-example", fresh=True)
    yield "fresh random scores"


EXERCISE = Exercise(
    kind="function",
    examine=_check_causal_weights,
    means="Row i holds shares of 1 among the tokens 0 to i and exact zeros after them: the past is weighed as if it "
    "were all there is.",
    hints=(
        "Which number must a score be so that the softmax makes exactly 0 of it, whatever the other scores are?",
        "exp(−∞) = 0. So the future's scores become −∞ first, and the softmax then shares 1 among the rest of the row.",
        "`future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)`, then "
        "`scores.masked_fill(future, -torch.inf).softmax(dim=-1)`.",
    ),
    variant="Mask after the softmax and divide each row by its sum. Up to which scores are the weights the same, and "
    "why?",
    crashes=(
        Crash(
            "mask-of-numbers",
            "RuntimeError",
            r"only supports boolean masks|expected condition to be a boolean tensor",
            "A mask says True or False, and this one holds numbers: compare it (`== 0`), or make it with "
            "`dtype=torch.bool`.",
            BEFORE,
        ),
        Crash(
            "numbers-turned-round",
            "Exception",
            r"operator\.invert|bitwise_not|with a bool tensor is not supported",
            "`~` turns True and False round, `1 - mask` works with numbers: this mask is of the other kind. Make it "
            "with `dtype=torch.bool` and turn it with `~`.",
            BEFORE,
        ),
        Crash(
            "numpys-k",
            "TypeError",
            r"unexpected keyword argument 'k'",
            "NumPy calls it `k`, PyTorch `diagonal`: `triu(diagonal=1)` keeps what lies above the main diagonal.",
            BEFORE,
        ),
        Crash(
            "softmax-without-axis",
            "TypeError",
            r"softmax\(\) (missing|received an invalid)",
            "A softmax has to be told along which axis the weights sum to 1: the keys, `dim=-1`.",
            BEFORE,
        ),
    ),
    misconceptions={
        "mask-after-the-softmax": Misconception(
            "The mask came after the softmax, and nothing was renormalised: rows no longer sum to 1, and what is left "
            "of a row was divided by a sum that held the future. So the future leaks.",
            LATE,
        ),
        "01-mask-added": Misconception(
            "A mask of 0 and 1 was added to the scores. That shifts scores by 1 and hides nothing; what hides a score "
            "is −∞.",
            BEFORE,
        ),
        "mask-multiplied": Misconception(
            "The future's scores were set to 0, or next to it. A score of 0 is not a weight of 0: exp(0) = 1, as much "
            "as any middling score.",
            BEFORE,
        ),
        "all-nan": Misconception(
            "Every weight is NaN. A mask of 0 and 1 times −∞ does that: where it should change nothing, 0 · ∞ is not a "
            "number. Put −∞ only where it belongs, with `masked_fill` or `torch.where`.",
            BEFORE,
        ),
        "keepdim-missing": Misconception(
            "Column j was divided by the sum of row j: sums of shape (T,) line up with the columns. With "
            "`keepdim=True` they stay a column, and each row is divided by its own.",
            LATE,
        ),
        "two-softmaxes": Misconception(
            "A softmax ran over what a softmax had already made, and that evens the weights out. One is enough, after "
            "the mask.",
            BEFORE,
        ),
        "finite-number": Misconception(
            "The future's scores were replaced by a number that is not small enough: the future keeps a share of the "
            "weights. With −∞ it is none, whatever the other scores are.",
            BEFORE,
        ),
        "no-mask": Misconception("These are the weights without a mask: each token sees all the others.", AHEAD),
        "mask-one-too-high": Misconception(
            "Each token sees the next one too: the mask starts one diagonal too high. Hide what lies above the main "
            "diagonal, `triu(diagonal=1)`.",
            BEFORE,
        ),
        "mask-one-too-low": Misconception(
            "No token sees itself, and the first one sees nothing: the mask starts one diagonal too low. The main "
            "diagonal stays visible.",
            BEFORE,
        ),
        "mask-inverted": Misconception(
            "The past is hidden and the future visible: the mask is turned round. `masked_fill` fills where the mask "
            "is True.",
            BEFORE,
        ),
        "mask-from-the-scores": Misconception(
            "With scores of zero the mask is gone. It was made out of the scores (such as `triu(scores)`), where a "
            "score of 0 looks like a place outside the triangle. Make it from ones.",
            TESTED,
        ),
        "softmax-over-the-queries": Misconception(
            "The columns sum to 1: the softmax ran over the queries. Each row belongs to one query, and it is the row "
            "that is shared out.",
            BEFORE,
        ),
        "one-softmax-for-all": Misconception(
            "All weights together sum to 1. Each row is a softmax of its own.", BEFORE
        ),
        "no-softmax": Misconception("These are scores, not weights: the softmax over each row is missing.", BEFORE),
        "not-normalised": Misconception("The rows do not sum to 1: divide each by its sum.", BEFORE),
        "transposed": Misconception(
            "The table lies on its side: its columns sum to 1. A row belongs to the token that looks, a column to the "
            "one that is looked at.",
            BEFORE,
        ),
        "scaled-too": Misconception(
            "The scores are divided by something before the softmax. Here they come as they are to be weighed: lesson "
            "06 divided by √d where they were made.",
            BEFORE,
        ),
        "not-a-square": Misconception(
            "The weights have the shape of the scores, one row per query and one column per key.", BEFORE
        ),
        "other-weights": Misconception(
            "These are not the causal weights. In row i: −∞ for the keys after i, then a softmax over the row.", BEFORE
        ),
        "tied-to-the-example": TIED,
    },
)
