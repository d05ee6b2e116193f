"""What a block computes, and what each known mistake gives instead, of the same four parts."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Part = Callable[[Tensor], Tensor]


def right_block(x: Tensor, norm_1: Part, attention: Part, norm_2: Part, feed_forward: Part) -> Tensor:
    """The pre-norm block."""
    after_attention = x + attention(norm_1(x))
    return after_attention + feed_forward(norm_2(after_attention))


def wrong_blocks(x: Tensor, norm_1: Part, attention: Part, norm_2: Part, feed_forward: Part) -> dict[str, Tensor]:
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
        "first-sub-layer-norms-the-stream": normed_stream + feed_forward(norm_2(normed_stream)),
        "second-sub-layer-norms-the-stream": norm_2(first) + feed_forward(norm_2(first)),
        "second-norm-of-the-copy": first + feed_forward(norm_2(n)),
        "no-residuals": feed_forward(norm_2(heard_only)),
        "first-residual-missing": heard_only + feed_forward(norm_2(heard_only)),
        "second-residual-missing": feed_forward(norm_2(first)),
        "post-norm": norm_2(post + feed_forward(post)),
        "no-norms": unnormed + feed_forward(unnormed),
        "first-norm-missing": unnormed + feed_forward(norm_2(unnormed)),
        "second-norm-missing": first + feed_forward(first),
        "norms-behind-the-sub-layers": behind + norm_2(feed_forward(behind)),
        "norms-swapped": right_block(x, norm_2, attention, norm_1, feed_forward),
        "one-norm-for-both": first + feed_forward(norm_1(first)),
        "side-by-side": first + feed_forward(norm_2(x)),
        "feed-forward-first": thought + attention(norm_1(thought)),
        "input-added-twice": x + feed_forward(norm_2(first)),
    }
