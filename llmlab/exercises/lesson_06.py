"""The six exercises of lesson 06, causal and multi-head attention: what each check tries, recognises and says.

Small cases in fixed numbers come first, so that a message shows the same numbers every time; fresh random ones follow.
The whole layer (06.5) is looked at in four ways, since no single one shows every bug: which inputs reach which outputs,
the same around an input of zeros, magnitudes as the width grows, and values on a small example.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from llmlab._attention_bugs import BUGS, function, right_sharpness, sharpness, weights
from llmlab.attention import influence_map
from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Wrong, show

AHEAD = "Why a token must not look ahead"
BEFORE = "Mask before the softmax"
LATE = "The late mask"
PROVEN = "Causality, proven"
DROPOUT = "Dropout on the weights"
SEVERAL = "Several heads, several questions"
SPLIT = "Split, transpose, merge"
FUSED = "One fused projection"
UNSEEN = "What the map cannot see"

_TIED = Misconception(
    "The small examples hold, and random ones do not. Is a number from an example written into the code, where a size "
    "of the input belongs?"
)


def _tensor(value: Any) -> Tensor | None:
    """Nested lists of numbers as a tensor; None for anything else."""
    try:
        return torch.tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        return None


def _close(got: Tensor, expected: Tensor) -> bool:
    return got.shape == expected.shape and torch.allclose(got, expected, rtol=1e-4, atol=1e-5, equal_nan=True)


def _agrees(got: Tensor, models: dict[str, list[Tensor]]) -> str | None:
    """The first misconception that gives these very numbers."""
    return next((name for name, values in models.items() if any(_close(got, value) for value in values)), None)


def _numbers(*shape: int, shift: int = 0) -> Tensor:
    """Numbers from -1 to 1 in no pattern, the same with every version of every library."""
    n = torch.arange(shift, shift + int(torch.tensor(shape).prod()))
    return ((7 * n * n + 3 * n) % 11 - 5).reshape(shape) * 0.2


# 06.1 ------------------------------------------------------------------------------------------------------------


def _causal(T: int) -> Tensor:
    return torch.ones(T, T, dtype=torch.bool).tril()


def _causal_weights(scores: Tensor) -> Tensor:
    return scores.masked_fill(~_causal(len(scores)), -torch.inf).softmax(dim=-1)


def _wrong_weights(scores: Tensor) -> dict[str, list[Tensor]]:
    """What each known mistake makes of the example: misconception -> weights."""
    T, inf = len(scores), torch.inf
    causal = _causal(T)
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
    }


def _holds_finite_number(got: Tensor, expected: Tensor) -> bool:
    """Whether the past is weighed rightly and the future keeps a share, as under a mask of a finite number."""
    past = got * _causal(len(got))
    return _close(past / past.sum(-1, keepdim=True), expected) and _close(got.sum(-1), torch.ones(len(got)))


def _check_causal_weights(causal_weights: Probe) -> Iterator[str]:
    def compare(scores: Tensor, otherwise: str, fresh: bool = False) -> None:
        T = len(scores)
        shown = f"{causal_weights.name}(scores)" + (f" for {T} tokens" if fresh else "")
        value = causal_weights(scores, shown=shown, fresh=fresh)
        got, expected = _tensor(value), _causal_weights(scores)
        if fresh and (got is None or not _close(got, expected)):
            raise Wrong(otherwise)
        call = f"For scores {show(scores.tolist())} it gave `{show(value)}`"
        if got is None or got.shape != (T, T):
            raise Wrong("not-a-square", f"{call}.")
        if not _close(got, expected):
            named = None
            if otherwise == "other-weights":
                named = "all-nan" if got.isnan().all() else _agrees(got, _wrong_weights(scores))
                if named is None and _holds_finite_number(got, expected):
                    named, call = "finite-number", f"{call}, where a later key keeps {got.triu(1).max():.0e}"
            raise Wrong(named or otherwise, f"{call}; the causal weights are {show(expected.tolist())}.")
        if not fresh and (most := got[~_causal(T)].max().item() if T > 1 else 0.0) != 0:
            # Too little to be seen in the weights themselves.
            raise Wrong("finite-number", f"For scores {show(scores.tolist())} a later key kept a weight of {most:.0e}.")

    compare(_numbers(3, 3, shift=1), "other-weights")
    compare(_numbers(4, 4, shift=5), "other-weights")
    yield "two examples by hand"

    compare(torch.zeros(4, 4), "mask-from-the-scores")
    yield "scores of zero"

    compare(0.0 - 40 * _causal(3), "finite-number")
    yield "a future with scores far above the past"

    fresh = random.Random()
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for _ in range(20):
        T = fresh.randint(1, 12)
        compare(2 * torch.randn(T, T, generator=generator), "tied-to-the-example", fresh=True)
    yield "fresh random scores"


CAUSAL_WEIGHTS = Exercise(
    id="06.1",
    title="Mask before the softmax",
    kind="function",
    examine=_check_causal_weights,
    means="Row i holds a distribution over the tokens 0 to i and exact zeros after them: the past is weighed as if the "
    "future had not been written yet.",
    hints=(
        "Which number must a score be so that the softmax makes exactly 0 of it, whatever the other scores are?",
        "exp(−∞) = 0. So the future's scores become −∞ first, and the softmax then shares 1 among the rest of the row.",
        "`future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)`, then "
        "`scores.masked_fill(future, -torch.inf).softmax(dim=-1)`.",
    ),
    variant="Mask after the softmax and divide each row by its sum. The weights are the same: why?",
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
            UNSEEN,
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
        "not-a-square": Misconception(
            "The weights have the shape of the scores, one row a query and one column a key.", BEFORE
        ),
        "other-weights": Misconception(
            "These are not the causal weights. In row i: −∞ for the keys after i, then a softmax over the row.", BEFORE
        ),
        "tied-to-the-example": _TIED,
    },
)


# 06.2 ------------------------------------------------------------------------------------------------------------

_P = 0.25  # neither a half nor its own complement


def _check_attention_weights(attention_weights: Probe) -> Iterator[str]:
    name = attention_weights.name
    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.0, 0.5, 1.0, 0.0]])
    expected = scores.softmax(-1)
    value = attention_weights(scores, _P, False, shown=f"{name}(scores, {_P}, False)")
    got = _tensor(value)
    shown = f"With training=False and scores {show(scores.tolist())} it gave `{show(value)}`."
    if got is None or got.shape != scores.shape:
        raise Wrong("not-the-shape", shown)
    if not _close(got, expected):
        if _close(got, scores) or _close(got, scores.softmax(-2)):
            raise Wrong("no-softmax" if _close(got, scores) else "softmax-over-the-queries", shown)
        kept = got != 0
        dropped = _close(got[kept], (expected / (1 - _P))[kept]) or (
            not kept.all() and _close(got[kept], expected[kept])
        )
        raise Wrong(
            "drops-when-evaluating" if dropped else "not-the-plain-softmax",
            f"{shown[:-1]}, not the plain {show(expected.tolist())}.",
        )
    yield "training off: the plain softmax"

    scores = 2 * torch.randn(60, 50, generator=torch.Generator().manual_seed(0))
    _judge_dropout(attention_weights, scores, _P, f"{name}(scores (60, 50), {_P}, True)", fresh=False)
    yield f"training on: a share of {_P} dropped, the others grown"

    fresh = random.Random()
    generator = torch.Generator().manual_seed(fresh.getrandbits(60))
    for _ in range(4):
        scores = 2 * torch.randn(fresh.randint(50, 70), fresh.randint(50, 70), generator=generator)
        value = attention_weights(scores, 0.5, False, shown="random scores", fresh=True)
        if (got := _tensor(value)) is None or not _close(got, scores.softmax(-1)):
            raise Wrong("tied-to-the-example")
        _judge_dropout(attention_weights, scores, fresh.choice((0.1, 0.35, 0.6)), "random scores", fresh=True)
    yield "fresh random scores and shares"


def _judge_dropout(attention_weights: Probe, scores: Tensor, p: float, call: str, fresh: bool) -> None:
    """Raise Wrong unless the call drops a share p of the softmax's weights and lets the others grow by 1/(1 - p)."""
    got = _tensor(attention_weights(scores, p, True, shown=call, fresh=fresh))
    plain_weights = scores.softmax(-1)
    if got is None or got.shape != scores.shape:
        raise Wrong("not-the-shape")
    kept = got != 0
    share = 1 - kept.float().mean().item()
    sums = got.sum(-1)
    # No rounding of sums and shares that chance moves: the fixed example is seeded, but PyTorch may draw otherwise.
    if share == 0:
        raise Wrong(
            "never-drops" if _close(got, plain_weights) else "before-the-softmax", f"`{call}` dropped no weight."
        )
    growth = (got / plain_weights)[kept]
    if kept.any(0).logical_not().sum() + kept.any(1).logical_not().sum() > 3 and p < 0.7:
        raise Wrong("whole-tokens", f"`{call}` dropped whole rows or columns.")
    if not torch.allclose(growth, torch.full_like(growth, 1 / (1 - p)), rtol=1e-3):
        if torch.allclose(sums, torch.ones_like(sums), atol=1e-4):
            raise Wrong("renormalised", f"`{call}` gave rows that all sum to 1.")
        if torch.allclose(growth, torch.ones_like(growth), rtol=1e-3):
            raise Wrong("not-scaled-up", f"`{call}` left the weights that were kept as they were.")
        factor = growth.mean().item()
        if not torch.allclose(growth, torch.full_like(growth, factor), rtol=1e-3):
            raise Wrong("scores-dropped-too", f"`{call}` multiplied the weights that were kept by many factors.")
        if abs(1 - 1 / factor - share) < 0.07:  # dropout as it should be, of another share
            raise Wrong("other-share", f"`{call}` did not drop a share of p.")
        raise Wrong(
            "scaled-otherwise", f"`{call}` multiplied the weights that were kept by another factor than 1/(1 − p)."
        )
    if abs(share - p) > 0.07:  # at least 2,500 weights: seven standard deviations
        raise Wrong("other-share", f"`{call}` did not drop a share of p.")


ATTENTION_WEIGHTS = Exercise(
    id="06.2",
    title="Find the bug: dropout in the wrong place",
    kind="function",
    examine=_check_attention_weights,
    means="Dropout hides some tokens for one step of training. The others grow by 1/(1 − p), so that a row sums to 1 "
    "on average, not each time; and outside training nothing is dropped.",
    hints=(
        "A score that dropout sets to 0: which weight does the softmax make of it?",
        "Only what comes out of the softmax can be switched off by a 0. So the order is softmax, then dropout.",
        "`weights = scores.softmax(dim=-1)`, then `return dropout(weights, p, training)`.",
    ),
    variant="Average the weights over 2,000 calls with training on. What comes out, and what do its rows sum to?",
    misconceptions={
        "before-the-softmax": Misconception(
            "No weight is 0: the dropout still comes before the softmax. A dropped score is a score of 0, which is as "
            "good as any; and the others grow by 1/(1 − p), which sharpens the softmax.",
            DROPOUT,
        ),
        "never-drops": Misconception("While training nothing was dropped.", DROPOUT),
        "drops-when-evaluating": Misconception(
            "Outside training it must be the plain softmax: a model in use does not throw dice. Does `training` reach "
            "the dropout?",
            DROPOUT,
        ),
        "not-the-plain-softmax": Misconception(
            "Outside training it must be the plain softmax and no more. There is nothing to make up for: the factor "
            "1/(1 − p) does that while training.",
            DROPOUT,
        ),
        "renormalised": Misconception(
            "The rows were made to sum to 1 again. Dropout does not do that: it multiplies what it keeps by 1/(1 − p), "
            "the same factor in each row, and a row sums to 1 only on average.",
            DROPOUT,
        ),
        "not-scaled-up": Misconception(
            "What is kept must grow by 1/(1 − p). Otherwise rows sum to 1 − p on average while training and to 1 "
            "later, and the layers after this one meet other magnitudes than they were trained on.",
            DROPOUT,
        ),
        "scaled-otherwise": Misconception("What is kept must grow by 1/(1 − p), no more and no less.", DROPOUT),
        "scores-dropped-too": Misconception(
            "What is kept must be the softmax's weight times 1/(1 − p), the same factor for all. Here the factors "
            "differ: does a dropout still change the scores before the softmax?",
            DROPOUT,
        ),
        "other-share": Misconception(
            "The share of dropped weights is not p. Is p the share to keep, in your code, or a constant, or does the "
            "dropout run twice?",
            DROPOUT,
        ),
        "whole-tokens": Misconception(
            "Whole rows or columns were dropped. Dropout on attention weights decides about each weight by itself.",
            DROPOUT,
        ),
        "softmax-over-the-queries": Misconception(
            "The softmax ran over the queries. It runs over the keys, `dim=-1`, so that each row sums to 1.", BEFORE
        ),
        "no-softmax": Misconception("These are the scores: the softmax is gone.", BEFORE),
        "not-the-shape": Misconception("The weights have the shape of the scores.", DROPOUT),
        "tied-to-the-example": _TIED,
    },
)


# 06.3 ------------------------------------------------------------------------------------------------------------


def _digits(B: int, T: int, D: int) -> Tensor:
    """Entry [b, t, c] is 1000·b + 100·t + c + 1111: it says where it comes from."""
    axes = 1000 * torch.arange(B)[:, None, None] + 100 * torch.arange(T)[:, None] + torch.arange(D)
    return (axes + 1111).float()


def _split(x: Tensor, H: int) -> Tensor:
    """Head h takes columns h·d_head to (h + 1)·d_head of each token: by slices, not by any reshape."""
    d_head = x.shape[-1] // H
    return torch.stack([x[:, :, h * d_head : (h + 1) * d_head] for h in range(H)], dim=1)


def _wrong_splits(x: Tensor, H: int) -> dict[str, list[Tensor]]:
    B, T, D = x.shape
    d, right = D // H, _split(x, H)
    return {
        "view-without-transpose": [x.reshape(B, H, T, d)],
        "not-transposed": [x.view(B, T, H, d)],
        "heads-interleaved": [x.view(B, T, d, H).permute(0, 3, 1, 2)],
        "heads-before-the-batch": [right.transpose(0, 1)],
        "head-axis-last": [right.transpose(2, 3), x.view(B, T, H, d).permute(0, 1, 3, 2)],
        "batch-and-heads-joined": [right.flatten(0, 1)],
        "heads-and-width-swapped": [x.view(B, T, d, H).transpose(1, 2)],
    }


def _check_split_heads(split_heads: Probe) -> Iterator[str]:
    B, T, H, d_head = 2, 3, 4, 5
    x = _digits(B, T, H * d_head)
    call = f"{split_heads.name}(x ({B}, {T}, {H * d_head}), n_heads={H})"
    got = _tensor(split_heads(x, H, shown=call))
    if got is None:
        raise Wrong("not-a-tensor", f"`{call}` did not give a tensor of numbers.")
    right = _split(x, H)
    if not _close(got, right):
        shape = tuple(right.shape)
        named = _agrees(got, _wrong_splits(x, H)) or ("wrong-shape" if got.shape != shape else "other-split")
        shown = f"`{call}` gave shape {tuple(got.shape)}, wanted is {shape}."
        if got.shape == shape:
            b, h, t, _ = (got != right).nonzero()[0].tolist()
            row, wanted = got[b, h, t].int().tolist(), right[b, h, t].int().tolist()
            shown = f"In `{call}` text {b}, head {h}, token {t} is {row}; it should be {wanted}."
        raise Wrong(named, shown)
    yield "2 texts, 3 tokens, 4 heads of width 5"

    for sizes in ((1, 4, 1, 6), (3, 1, 2, 4), (1, 2, 3, 1)):
        B, T, H, d_head = sizes
        x = _digits(B, T, H * d_head)
        call = f"{split_heads.name}(x ({B}, {T}, {H * d_head}), n_heads={H})"
        if (got := _tensor(split_heads(x, H, shown=call))) is None or not _close(got, _split(x, H)):
            raise Wrong("other-split", f"`{call}` is not what it should be.")
    yield "one head, one token, one text"

    fresh = random.Random()
    for _ in range(10):
        B, T, H, d_head = fresh.sample(range(1, 8), 4)
        x = _digits(B, T, H * d_head) + fresh.random()
        got = _tensor(split_heads(x, H, shown="random sizes", fresh=True))
        if got is None or not _close(got, _split(x, H)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


SPLIT_HEADS = Exercise(
    id="06.3",
    title="Split into heads",
    kind="function",
    examine=_check_split_heads,
    means="Each head gets its own columns of every token, and tokens stay apart: the shape (B, H, T, d_head) is what "
    "`@` and the softmax then treat head by head.",
    hints=(
        "The entries of one token lie side by side in memory. Which axis does a `view` of (B, T, H·d_head) cut, if it "
        "must keep tokens whole?",
        "First cut the last axis into (H, d_head), which needs only a new shape. Then change the order of the axes, "
        "which `view` never does.",
        "`x.view(B, T, n_heads, D // n_heads).transpose(1, 2)`.",
    ),
    variant="Undo it: `transpose(1, 2)`, then `flatten(2)`. Why does `view` in place of `flatten` raise an error?",
    misconceptions={
        "view-without-transpose": Misconception(
            "The shape is right and the contents are not: a `view` cut straight to (B, H, T, d_head) deals out the "
            "numbers in the order of memory, so that a head gets pieces of different tokens. Cut the last axis first, "
            "then `transpose`.",
            SPLIT,
        ),
        "not-transposed": Misconception(
            "The heads are cut, but their axis stands behind the tokens: (B, T, H, d_head). The last two axes are what "
            "`@` multiplies, and they must be tokens and d_head.",
            SPLIT,
        ),
        "heads-interleaved": Misconception(
            "A head got every H-th column. Its columns lie side by side: cut into (H, d_head), not (d_head, H).", FUSED
        ),
        "heads-before-the-batch": Misconception("The axes are (H, B, T, d_head): the batch comes first.", SPLIT),
        "head-axis-last": Misconception("The last axis should be d_head, and the one before it the tokens.", SPLIT),
        "batch-and-heads-joined": Misconception(
            "Batch and heads became one axis. `@` and the softmax would do, but the exercise keeps them apart: four "
            "axes.",
            SPLIT,
        ),
        "heads-and-width-swapped": Misconception(
            "H and d_head changed places: `n_heads` is the number of heads, and each is D // n_heads wide.", SPLIT
        ),
        "wrong-shape": Misconception("The result must have shape (B, H, T, d_head).", SPLIT),
        "not-a-tensor": Misconception("The result must be one tensor of shape (B, H, T, d_head).", SPLIT),
        "other-split": Misconception(
            "The right numbers do not stand in their places: head h holds columns h·d_head to (h + 1)·d_head − 1 of "
            "each token.",
            SPLIT,
        ),
        "tied-to-the-example": _TIED,
    },
)


# 06.4 ------------------------------------------------------------------------------------------------------------


def _check_columns(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    if not (isinstance(answer, list) and len(answer) == 2 and all(isinstance(n, int | float) for n in answer)):
        raise Wrong("not-two-numbers", shown)
    first, last = answer
    if (first, last) != (4, 7):
        named = {
            (4, 8): "slice-end",
            (8, 11): "counted-from-one",
            (8, 12): "counted-from-one",
            (5, 8): "columns-from-one",
            (3, 5): "heads-and-width-swapped",
            (3, 6): "heads-and-width-swapped",
            (1, 10): "interleaved",
            (0, 11): "all-columns",
            (0, 12): "all-columns",
            (0, 3): "head-zero",
            (0, 4): "head-zero",
        }
        raise Wrong(named.get((first, last), "count-again"), shown)
    yield "columns 4 to 7"


FUSED_COLUMNS = Exercise(
    id="06.4",
    title="Where is a head in the fused matrix?",
    kind="value",
    examine=_check_columns,
    means="Stacked heads are one fused head: the small matrices stand side by side in the large one, and cutting its "
    "result into H pieces gives back what each would have given alone. Twelve heads cost no more parameters than one.",
    hints=(
        "How wide is one head, if three share 12 columns?",
        "Side by side means: the first head's columns, all of them, then the second's, then the third's.",
        "Head h has columns h · d_head to (h + 1) · d_head − 1, counted from 0; here h = 1 and d_head = 4.",
    ),
    variant="In `nn.Linear` the weight has shape (out, in). Along which axis would the heads be joined there?",
    misconceptions={
        "slice-end": Misconception(
            "4 is right. 8 is where the slice `[:, 4:8]` ends, and a slice stops before its end: the last column is 7.",
            FUSED,
        ),
        "counted-from-one": Misconception(
            "Those are columns of head 2. Heads are counted from 0: head 1 is the second.", FUSED
        ),
        "columns-from-one": Misconception("Columns are counted from 0: one less, both of them.", FUSED),
        "heads-and-width-swapped": Misconception(
            "That would be 4 heads of width 3. It is 3 heads, each 12 // 3 = 4 wide.", FUSED
        ),
        "interleaved": Misconception(
            "You dealt the columns out like cards, every third one to head 1. They lie side by side: the heads' "
            "matrices were joined, not shuffled.",
            FUSED,
        ),
        "all-columns": Misconception(
            "All 12 columns belong to the three heads together; each has its own four.", FUSED
        ),
        "head-zero": Misconception("Those are columns of head 0, the first one.", FUSED),
        "not-two-numbers": Misconception("The answer is two numbers: `first_column, last_column`."),
        "count-again": Misconception("Join three matrices of shape (10, 4) side by side and count the columns.", FUSED),
    },
)


# 06.5 ------------------------------------------------------------------------------------------------------------

_WEIGHTS, _SCALE, _SPLIT = (BUGS[name][0] for name in ("no mask", "no scaling", "view when splitting"))
_PROJECTIONS = BUGS["keys and values swapped"][0]
_LAST = "return context @ W_out"


def _slug(name: str) -> str:
    return name.replace(" ", "-").replace("/", "")


# More ways to get it wrong, beside the twelve: (misconception, (the right line, what stands there instead)).
_MORE = (
    ("01-mask-added", (_WEIGHTS, "weights = (scores + future.float()).softmax(dim=-1)")),
    ("mask-multiplied", (_WEIGHTS, "weights = (scores * ~future).softmax(dim=-1)")),
    ("mask-inverted", (_WEIGHTS, "weights = scores.masked_fill(~future, -torch.inf).softmax(dim=-1)")),
    ("softmax-over-the-heads", (_WEIGHTS, _WEIGHTS.replace("dim=-1", "dim=0"))),
    ("no-softmax", (_WEIGHTS, "weights = scores.masked_fill(future, 0.0)")),
    (
        "scaled-after-the-softmax",
        (_WEIGHTS, f"{_WEIGHTS.replace('scores.', '(scores * d_head**0.5).')} / d_head**0.5"),
    ),
    ("no-root", (_SCALE, _SCALE.replace("d_head**0.5", "d_head"))),
    ("multiplied-by-the-root", (_SCALE, _SCALE.replace("/ d_head", "* d_head"))),
    *(("scaling-by-another-size", (_SCALE, _SCALE.replace("d_head", size))) for size in ("x.shape[1]", "T", "n_heads")),
    ("heads-interleaved", (_SPLIT, "return t.view(T, d_head, n_heads).permute(2, 0, 1)")),
    ("queries-and-keys-swapped", (_SCALE, "scores = split(keys) @ split(queries).transpose(1, 2) / d_head**0.5")),
    *(
        ("projection-used-twice", (_PROJECTIONS, _PROJECTIONS.replace(right, instead)))
        for right, instead in product(("W_key", "W_value"), ("W_query", "W_key", "W_value"))
        if right != instead
    ),
    ("out-projection-missing", (_LAST, "return context")),
    ("one-head-only", ("d_head = D // n_heads", "n_heads, d_head = 1, D")),
    ("one-head-only", (_SPLIT, "return t.view(T, 1, D).transpose(0, 1)")),
)


def _example() -> tuple[Tensor, tuple[Tensor, ...], int]:
    """x, the four matrices and n_heads: T=4, d_in=5, D=6, H=2, d_head=3, d_out=7, all different."""
    shapes = [(5, 6)] * 3 + [(6, 7)]
    return _numbers(4, 5), tuple(_numbers(*shape, shift=37 * n + 3) for n, shape in enumerate(shapes)), 2


def _wrong_outputs() -> dict[str, list[Tensor]]:
    """What each known bug gives on the example: misconception -> outputs."""
    x, matrices, H = _example()
    changes = [(_slug(name), change) for name, change in BUGS.items()] + [*_MORE]
    found: dict[str, list[Tensor]] = {}
    for name, change in changes:
        outputs = function(change)(x, *matrices, H)
        found.setdefault(name, []).append(outputs)
        found[name].append(outputs.nan_to_num(0.0))
    return found


def _check_attend(attend: Probe) -> Iterator[str]:
    def run(x: Tensor, *rest: Any, fresh: bool = False) -> Tensor:
        *matrices, H = rest
        T, d_in, D, d_out = *x.shape, *matrices[-1].shape
        call = "random sizes" if fresh else f"{attend.name}(x ({T}, {d_in}), W_query ({d_in}, {D}), …, n_heads={H})"
        got = _tensor(attend(x, *matrices, H, shown=call, fresh=fresh))
        if got is None or got.shape != (T, d_out):
            if got is not None and got.shape == (T, D):
                raise Wrong("out-projection-missing", f"`{call}` gave shape {(T, D)}, wanted is {(T, d_out)}.")
            shape = "something that is no tensor" if got is None else f"shape {tuple(got.shape)}"
            raise Wrong("wrong-shape", f"`{call}` gave {shape}, wanted is a tensor of shape {(T, d_out)}.")
        return got

    x, matrices, H = _example()
    got, right = run(x, *matrices, H), function()(x, *matrices, H)
    if got.isnan().all():
        raise Wrong("all-nan")
    # A mask from the scores is right at these values, and so is what is tied to these sizes: neither is known by them.
    recognised = None if _close(got, right) else _agrees(got, _wrong_outputs())
    worst = (got - right).abs().nan_to_num(torch.inf).amax(dim=1).argmax().item()
    pair = [show(outputs[worst, :3].tolist()) for outputs in (got, right)]
    row = f"On the small example output {worst} begins {pair[0]}; right is {pair[1]}."

    def layer(x: Tensor) -> Tensor:
        return run(x, *matrices, H)

    def found(otherwise: str, seen: str) -> Wrong:
        return Wrong(recognised or otherwise, f"{seen}\n{row}")

    yield "shape"

    reaches = _map(layer, x)
    if not torch.equal(reaches, _causal(len(x))):
        leaks = (reaches & ~_causal(len(x))).any()
        raise found(
            "future-leaks" if leaks else "past-is-lost", f"Its influence map, a row an output: {_rows(reaches)}."
        )
    yield "influence map exactly lower-triangular"

    nothing = torch.zeros_like(x)
    if (outputs := layer(nothing)).any():
        raise found("not-zero-at-zero", f"For an input of zeros it gave {show(outputs[0].tolist())} first.")
    reaches = _map(layer, nothing)
    if not torch.equal(reaches, _causal(len(x))):
        raise found("mask-from-the-scores", f"Around an input of zeros its influence map is {_rows(reaches)}.")
    yield "around zero too"

    found_sharp, right_sharp = sharpness(run), right_sharpness()
    if any(abs(s - wanted) > wanted / 4 for s, wanted in zip(found_sharp, right_sharp, strict=True)):
        pairs = ", ".join(f"{s:.2f} ({wanted:.2f})" for s, wanted in zip(found_sharp, right_sharp, strict=True))
        if _close(got, right):
            raise Wrong("tied-to-the-example")
        raise found("other-magnitudes", f"Mean square of the outputs at width 16, 64, 256, and what is right: {pairs}.")
    yield "magnitudes steady as the width grows"

    if not _close(got, right):
        raise found("other-values", "The map and the magnitudes are right, the values are not.")
    yield "values on a small example"

    fresh = random.Random()
    for _ in range(25):
        T, d_in, H, d_head, d_out = (fresh.randint(*bounds) for bounds in ((1, 9), (2, 9), (1, 5), (1, 5), (2, 9)))
        matrices = weights(d_in, H * d_head, d_out, seed=fresh.getrandbits(60))
        x = torch.randn(T, d_in, generator=torch.Generator().manual_seed(fresh.getrandbits(60)))
        if not _close(run(x, *matrices, H, fresh=True), function()(x, *matrices, H)):
            raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


def _map(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    try:
        return influence_map(layer, x)
    except ValueError:  # what it says of the shape has been checked before
        raise Wrong("not-repeatable", "Called twice with the same input, it gave two results.") from None


def _rows(reaches: Tensor) -> str:
    return " ".join("".join(map(str, row)) for row in reaches.int().tolist())


ATTEND = Exercise(
    id="06.5",
    title="The whole layer",
    kind="function",
    examine=_check_attend,
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
        "tied-to-the-example": _TIED,
    },
)


# 06.6 ------------------------------------------------------------------------------------------------------------


def _check_leaks(answer: Any) -> Iterator[str]:
    shown = f"You answered `{show(answer)}`."
    text = "".join(map(str, answer)) if isinstance(answer, list) else answer
    if not isinstance(text, str):
        raise Wrong("not-letters", shown)
    letters = [letter for letter in text.lower().replace("and", "") if letter.isalpha()]
    if not letters or not set(letters) <= set("abcdef"):
        raise Wrong("not-letters", shown)
    chosen = set(letters)
    accused = {"a": "right-mask-accused", "d": "renormalised-is-fine", "f": "blind-is-no-leak"}
    overlooked = {"b": "late-mask-overlooked", "c": "columns-overlooked", "e": "added-mask-overlooked"}
    for letter, misconception in accused.items():
        if letter in chosen:
            raise Wrong(misconception, shown)
    for letter, misconception in overlooked.items():
        if letter not in chosen:
            raise Wrong(misconception, shown)
    yield "b, c and e leak"
    yield "a, d and f do not"


LEAKS = Exercise(
    id="06.6",
    title="Find three leaks",
    kind="value",
    examine=_check_leaks,
    means="A zero in the weights does not prove that nothing leaks: what a row was divided by counts too. The "
    "influence map looks at what reaches what, by whatever way.",
    hints=(
        "For each version: is there any number in row i that would change if the last token were another one?",
        "A weight is a fraction. The future can sit above the line, as a weight of its own, or below it, in the sum.",
        "In b the sum below the line is taken before the mask; in c it runs down the column, over later queries; in e "
        "nothing becomes −∞.",
    ),
    variant="Set the explorer to each of the six, and find the one that is no leak and a bug all the same.",
    misconceptions={
        "right-mask-accused": Misconception(
            "a is the right one: −∞ before the softmax, which runs over the keys. Nothing of the future is left in "
            "the row, neither above nor below the line.",
            BEFORE,
        ),
        "renormalised-is-fine": Misconception(
            "d does not leak. It masks late, but then divides each row by what is left of it, and the sum that held "
            "the future cancels: the weights equal those of a.",
            LATE,
        ),
        "blind-is-no-leak": Misconception(
            "f is a bug, but no leak: it hides too much. A token does not see itself, and nothing comes from later "
            "ones.",
            BEFORE,
        ),
        "late-mask-overlooked": Misconception(
            "b leaks. Its zeros are in place, but the softmax had divided each row by a sum over all keys: a later "
            "token changes that sum, and with it every weight of the row.",
            LATE,
        ),
        "columns-overlooked": Misconception(
            "c leaks. Its softmax runs down the columns: a weight is divided by a sum over queries, later ones "
            "included.",
            BEFORE,
        ),
        "added-mask-overlooked": Misconception(
            "e leaks. Adding 1 to some scores hides none of the others: each token still has a weight above 0.", BEFORE
        ),
        "not-letters": Misconception('Answer with letters from a to f in quotes, such as "adf".'),
    },
)

EXERCISES = (CAUSAL_WEIGHTS, ATTENTION_WEIGHTS, SPLIT_HEADS, FUSED_COLUMNS, ATTEND, LEAKS)
