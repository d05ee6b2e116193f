"""Dropout in the wrong place, to be mended: tried with training off and on, and for the share that is dropped."""

from __future__ import annotations

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.tensors import seeded
from llmlab.exercises.lesson_07.common import TIED, is_close, tensor
from llmlab.exercises.lesson_07.sections import BEFORE, DROPOUT

_P = 0.25  # neither a half nor its own complement


def _check_attention_weights(attention_weights: Probe) -> Iterator[str]:
    name = attention_weights.name
    scores = torch.tensor([[2.0, 1.0, 0.0, -1.0], [0.0, 0.5, 1.0, 0.0]])
    expected = scores.softmax(-1)
    value = attention_weights(scores, _P, False, shown=f"{name}(scores, {_P}, False)")
    got = tensor(value)
    shown = f"With training=False and scores {show(scores.tolist())} it gave `{show(value)}`."
    if got is None or got.shape != scores.shape:
        raise Wrong("not-the-shape", shown)
    if not is_close(got, expected):
        if is_close(got, scores) or is_close(got, scores.softmax(-2)):
            raise Wrong("no-softmax" if is_close(got, scores) else "softmax-over-the-queries", shown)
        kept = got != 0
        dropped = is_close(got[kept], (expected / (1 - _P))[kept]) or (
            not kept.all() and is_close(got[kept], expected[kept])
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
    generator = seeded(fresh)
    for _ in range(4):
        scores = 2 * torch.randn(fresh.randint(50, 70), fresh.randint(50, 70), generator=generator)
        value = attention_weights(scores, 0.5, False, shown="random scores", fresh=True)
        if (got := tensor(value)) is None or not is_close(got, scores.softmax(-1)):
            raise Wrong("tied-to-the-example")
        _judge_dropout(attention_weights, scores, fresh.choice((0.1, 0.35, 0.6)), "random scores", fresh=True)
    yield "fresh random scores and shares"


def _judge_dropout(attention_weights: Probe, scores: Tensor, p: float, call: str, fresh: bool) -> None:
    """Raise Wrong unless the call drops a share p of the softmax's weights and lets the others grow by 1/(1 - p)."""
    got = tensor(attention_weights(scores, p, True, shown=call, fresh=fresh))
    plain_weights = scores.softmax(-1)
    if got is None or got.shape != scores.shape:
        raise Wrong("not-the-shape")
    kept = got != 0
    share = 1 - kept.float().mean().item()
    sums = got.sum(-1)
    # No rounding of sums and shares that chance moves: the fixed example is seeded, but PyTorch may draw otherwise.
    if share == 0:
        if is_close(got, plain_weights):
            raise Wrong("never-drops", f"`{call}` dropped no weight.")
        early = any(_dropped_before(got, of, p) for of in (scores, plain_weights))
        raise Wrong("before-the-softmax" if early else "no-zeros", f"`{call}` gave no weight of 0.")
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


def _dropped_before(got: Tensor, scores: Tensor, p: float) -> bool:
    """Whether these are the weights of scores of which some became 0 and the others grew by 1/(1 - p)."""
    logs = got.log()
    kept = logs - scores / (1 - p)
    level = kept.median(dim=-1, keepdim=True).values  # what the softmax took from each row: most scores are kept
    near = ((kept - level).abs() < 1e-3) | ((logs - level).abs() < 1e-3)
    return bool((got > 0).all() and near.all())


EXERCISE = Exercise(
    kind="function",
    examine=_check_attention_weights,
    means="Dropout hides some tokens for one step of training. The others grow by 1/(1 − p), so that a row sums to 1 "
    "on average, not each time; and outside training nothing is dropped.",
    hints=(
        "A score that dropout sets to 0: which weight does the softmax make of it?",
        "Only what comes out of the softmax can be switched off by a 0. So the order is softmax, then dropout.",
        "`weights = scores.softmax(dim=-1)`, then `return dropout(weights, p, training)`.",
    ),
    crashes=(
        Crash(
            "arguments-swapped",
            "RuntimeError",
            r"Boolean value of Tensor with more than one",
            "The share p is where the tensor belongs, or the other way round: `dropout(weights, p, training)`.",
            DROPOUT,
        ),
        Crash(
            "dropout-as-a-method",
            "AttributeError",
            r"has no attribute 'dropout'",
            "Dropout is a function here, not a method of a tensor: `dropout(weights, p, training)`.",
            DROPOUT,
        ),
        Crash(
            "module-called-like-a-function",
            "TypeError",
            r"Dropout\.forward\(\) takes",
            "`nn.Dropout(p)` is a module: it is called with the weights alone, and `.train()` or `.eval()` tells it "
            "whether to drop. The function takes it all at once: `dropout(weights, p, training)`.",
            DROPOUT,
        ),
        Crash(
            "softmax-without-axis",
            "TypeError",
            r"softmax\(\) (missing|received an invalid)",
            "A softmax has to be told along which axis the weights sum to 1: the keys, `dim=-1`.",
            BEFORE,
        ),
    ),
    variant="Average the weights over 2,000 calls with training on. What comes out, and what do its rows sum to?",
    misconceptions={
        "before-the-softmax": Misconception(
            "No weight is 0: the dropout still comes before the softmax. A dropped score is a score of 0, which is as "
            "good as any; and the others grow by 1/(1 − p), which sharpens the softmax.",
            DROPOUT,
        ),
        "never-drops": Misconception("While training nothing was dropped.", DROPOUT),
        "no-zeros": Misconception(
            "While training the weights change, and none of them is 0. Dropout sets a share p of the weights to 0, as "
            "the last step, and multiplies the others by 1/(1 − p).",
            DROPOUT,
        ),
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
        "tied-to-the-example": TIED,
    },
)
