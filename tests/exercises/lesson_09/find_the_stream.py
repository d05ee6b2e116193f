"""Answers to "Find the bug: the stream that is lost": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _block(first="x = x + attention(norm_1(x))", second="return x + feed_forward(norm_2(x))"):
    """A `block` with one half of it changed."""
    return f"def block(x, norm_1, attention, norm_2, feed_forward):\n    {first}\n    {second}\n"


WRONG = {
    "stream-normed": _block("x = norm_1(x) + attention(norm_1(x))", "return norm_2(x) + feed_forward(norm_2(x))"),
    "first-half-norms-the-stream": _block("x = norm_1(x); x = x + attention(x)"),
    "second-half-norms-the-stream": _block(second="x = norm_2(x); return x + feed_forward(x)"),
    "no-residuals": _block("x = attention(norm_1(x))", "return feed_forward(norm_2(x))"),
    "first-residual-missing": _block("x = attention(norm_1(x))"),
    "second-residual-missing": _block(second="return feed_forward(norm_2(x))"),
    "post-norm": _block("x = norm_1(x + attention(x))", "return norm_2(x + feed_forward(x))"),
    "no-norms": _block("x = x + attention(x)", "return x + feed_forward(x)"),
    "first-norm-missing": _block("x = x + attention(x)"),
    "second-norm-missing": _block(second="return x + feed_forward(x)"),
    "norms-behind-the-halves": _block("x = x + norm_1(attention(x))", "return x + norm_2(feed_forward(x))"),
    "norms-swapped": _block("x = x + attention(norm_2(x))", "return x + feed_forward(norm_1(x))"),
    "one-norm-for-both": _block(second="return x + feed_forward(norm_1(x))"),
    "halves-side-by-side": _block("return x + attention(norm_1(x)) + feed_forward(norm_2(x))", ""),
    "feed-forward-first": _block("x = x + feed_forward(norm_2(x))", "return x + attention(norm_1(x))"),
    "input-added-twice": _block("y = x + attention(norm_1(x))", "return x + feed_forward(norm_2(y))"),
    "not-the-shape": _block(second="return x.mean(dim=0)"),
    "other-block": _block(second="return x - feed_forward(norm_2(x))"),
    "other-block: norm of the sum": _block(second="return norm_2(x + feed_forward(norm_2(x)))"),
    "tied-to-the-example": _block(second="return x + feed_forward(norm_2(x)) if x.dim() == 2 else x"),
    "mutates-input": _block("x += attention(norm_1(x))"),
    "returns-none": _block(second="x = x + feed_forward(norm_2(x))"),
    "wrong-parameters": "def block(x, attention, feed_forward):\n    return x",
}

UNUSUAL = [
    """
def block(x, norm_1, attention, norm_2, feed_forward):
    for norm, half in ((norm_1, attention), (norm_2, feed_forward)):
        x = half(norm(x)) + x
    return x
""",
    """
def block(x, norm_1, attention, norm_2, feed_forward):
    heard = attention(norm_1(x))
    thought = feed_forward(norm_2(x + heard))
    return torch.stack([x, heard, thought]).sum(dim=0)
""",
    """
def block(x, norm_1, attention, norm_2, feed_forward):
    x = x.clone()
    x += attention(norm_1(x))
    x += feed_forward(norm_2(x))
    return x
""",
]
