"""What is said of a wrong attention layer, be it a function or a module: the twelve bugs and their neighbours."""

from __future__ import annotations

from llmlab.exercises.engine import Misconception
from llmlab.exercises.engine.crashes import Crash
from llmlab.exercises.lesson_08.sections import FUSED, LAYER, SEVERAL, SPLIT, UNSEEN

LAYER_IDEAS = {
    "softmax-over-the-queries": Misconception(
        "The softmax ran over the queries: a column is shared out among tokens, later ones included, and so the "
        "future reaches the past through the denominator. It runs over the keys, `dim=-1`.",
        LAYER,
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
    "no-mask": Misconception("There is no mask: each output depends on all tokens, later ones included.", LAYER),
    "mask-after-the-softmax": Misconception(
        "The mask came after the softmax, and nothing was renormalised: the zeros are in place, and still each row "
        "was divided by a sum that held the future.",
        LAYER,
    ),
    "01-mask-added": Misconception(
        "A mask of 0 and 1 was added to the scores. That shifts a score by 1 and hides nothing: fill with −∞.", LAYER
    ),
    "mask-multiplied": Misconception(
        "The hidden scores became 0: by a product with the mask, or by a fill with 0. A score of 0 still gets a "
        "weight, since exp(0) = 1: fill with −∞.",
        LAYER,
    ),
    "mask-inverted": Misconception("The mask is turned round: the past is hidden and the future visible.", LAYER),
    "mask-one-too-high": Misconception(
        "Each token sees the next one, which is the very token it should predict: the mask starts one diagonal too "
        "high.",
        LAYER,
    ),
    "mask-one-too-low": Misconception(
        "No token sees itself, and the first sees nothing (a softmax over nothing is NaN): the mask starts one "
        "diagonal too low.",
        LAYER,
    ),
    "mask-from-the-scores": Misconception(
        "The mask is made from the scores, such as `triu(scores)`: a score that happens to be 0 looks like a zero of "
        "the triangle and falls on its wrong side. Around an input of zeros all scores are 0. Make it from ones.",
        UNSEEN,
    ),
    "view-when-splitting": Misconception(
        "The heads were split by a `view` alone: a head gets pieces of different tokens. Let `view` cut the last axis "
        "only, into heads and d_head, then `transpose` the axes of tokens and heads.",
        SPLIT,
    ),
    "view-when-merging": Misconception(
        "The heads were merged without a `transpose`: rows of the result mix tokens. First `transpose` the axes of "
        "heads and tokens back, then join the last two.",
        SPLIT,
    ),
    "view-both-ways": Misconception(
        "Split and merge are both a `view` (or `reshape`) alone. It never moves a number, so each head works on pieces "
        "of different tokens. Each of the two needs a `transpose` of the axes of tokens and heads.",
        SPLIT,
    ),
    "keys-and-values-swapped": Misconception(
        "Keys and values have changed places. The map and the magnitudes are as they should be; but what a token "
        "is found by is not what it tells.",
        UNSEEN,
    ),
    "projection-used-twice": Misconception(
        "Two of queries, keys and values are the same here: both came from one matrix, or one stands where the other "
        "belongs, as in `weights @ keys`. Each has a matrix of its own: W_query, W_key, W_value.",
        FUSED,
    ),
    "queries-and-keys-swapped": Misconception(
        "Queries and keys have changed places: the row of the scores belongs to the token that asks.", LAYER
    ),
    "all-nan": Misconception(
        "Every output is NaN. A mask of 0 and 1 times −∞ does that: where it should change nothing, 0 · ∞ is not a "
        "number. Put −∞ only where it belongs, with `masked_fill`.",
        LAYER,
    ),
    "infinity-misplaced": Misconception(
        "Every output that has something to hide is NaN, and the last, which hides nothing, is right. Either the fill "
        "is with +∞, or it is with −∞ and comes after the softmax. Fill the *scores* with −∞: exp(−∞) = 0.",
        LAYER,
    ),
    "no-softmax": Misconception(
        "The values were weighted with the scores themselves: the softmax over the keys is missing.", LAYER
    ),
    "scaled-after-the-softmax": Misconception(
        "The division by √d_head came after the softmax: the rows no longer sum to 1. Divide the scores.", UNSEEN
    ),
    "scaling-by-another-size": Misconception(
        "The scores are divided by the root of another size. A score is a sum over the d_head entries of one head, "
        "so √d_head is what keeps it steady.",
        UNSEEN,
    ),
    "no-root": Misconception("The scores are divided by d_head: the root is missing.", UNSEEN),
    "multiplied-by-the-root": Misconception("The scores are multiplied by √d_head: divide.", UNSEEN),
    "softmax-over-the-heads": Misconception("The softmax ran over the heads. It runs over the keys, `dim=-1`.", LAYER),
    "one-head-only": Misconception("This is a single head of the full width: `n_heads` changes nothing.", SEVERAL),
    "heads-interleaved": Misconception(
        "A head got every H-th column. Its columns lie side by side: the last axis is cut into (n_heads, d_head), not "
        "into (d_head, n_heads).",
        FUSED,
    ),
    "out-projection-missing": Misconception("The merged heads still have to go through W_out.", FUSED),
}


def super_forgotten(section: str) -> Crash:
    """What it means that a module cannot register anything; `section` is one of the lesson that asks."""
    return Crash(
        "super-forgotten",
        "AttributeError",
        r"before Module.__init__\(\) call|has no attribute '_(backward_hooks|modules|parameters|buffers)'",
        "`nn.Module` was never set up, so nothing can be registered: the first line of `__init__` is "
        "`super().__init__()`.",
        section,
    )
