"""Answers to "Count windows and batches": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _counts(
    windows: str = "max(0, (n_tokens - max_length - 1) // stride + 1)", batches: str = "", before: str = "pass"
) -> str:
    batches = batches or "windows // batch_size if drop_last else -(-windows // batch_size)"
    return f"""
import math

def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    {before}
    windows = {windows}
    batches = {batches}
    return windows, batches
"""


WRONG = {
    "target-forgotten": _counts("max(0, (n_tokens - max_length) // stride + 1)"),
    "target-forgotten: as a range": _counts("len(range(0, n_tokens - max_length + 1, stride))"),
    "negative-count": _counts("(n_tokens - max_length - 1) // stride + 1"),
    "negative-count: rounded up": _counts("math.ceil((n_tokens - max_length) / stride)"),
    "empty-set-overlooked": _counts("max(1, (n_tokens - max_length - 1) // stride + 1)"),
    "one-window-short": _counts("max(0, (n_tokens - max_length - 1) // stride)"),
    "last-start-left-out": _counts("len(range(0, n_tokens - max_length - 1, stride))"),
    "rounded-down": _counts("max(0, (n_tokens - max_length) // stride)"),
    "rounded-to-nearest": _counts("max(0, round((n_tokens - max_length) / stride))"),
    "rounded-to-nearest: the batches": _counts(
        batches="windows // batch_size if drop_last else round(windows / batch_size)"
    ),
    "short-text-refused": _counts().replace(
        "    windows = ", "    if n_tokens <= max_length:\n        raise ValueError('too short')\n    windows = ", 1
    ),
    "short-text-refused: an assertion": _counts().replace(
        "    windows = ", "    assert n_tokens > max_length\n    windows = ", 1
    ),
    "short-text-refused: nothing given": _counts().replace(
        "    windows = ", "    if n_tokens <= max_length:\n        return\n    windows = ", 1
    ),
    "partial-window-counted": _counts("len(range(0, n_tokens, stride))"),
    "length-ignored": _counts("n_tokens // stride"),
    "stride-ignored": _counts("max(0, n_tokens - max_length)"),
    "stride-ignored: length instead": _counts("max(0, n_tokens - 1) // max_length"),
    "stride-ignored: length instead, below zero": _counts("(n_tokens - 1) // max_length"),
    "dropped-windows-left-out": _counts(
        "max(0, (n_tokens - max_length - 1) // stride + 1)\n"
        "    if drop_last:\n        windows = windows // batch_size * batch_size"
    ),
    "partial-batch-lost": _counts(batches="windows // batch_size"),
    "drop-last-ignored": _counts(batches="-(-windows // batch_size)"),
    "drop-last-inverted": _counts(batches="-(-windows // batch_size) if drop_last else windows // batch_size"),
    "one-batch-too-many": _counts(batches="windows // batch_size + (not drop_last)"),
    "one-batch-too-many: but none of none": _counts(batches="windows // batch_size + bool(windows and not drop_last)"),
    "zero-batches-overlooked": _counts(
        batches="max(1, windows // batch_size if drop_last else -(-windows // batch_size))"
    ),
    "batch-size-ignored": _counts(batches="windows"),
    "counts-swapped": _counts().replace("return windows, batches", "return batches, windows"),
    "counts-are-floats": _counts(batches="windows / batch_size"),
    "not-two-counts": _counts().replace("return windows, batches", "return windows"),
    "other-windows": _counts("n_tokens - stride"),
    "other-batches": _counts(batches="windows + batch_size"),
    "tied-to-the-example": _counts("len(range(0, min(n_tokens, 30) - max_length, stride))"),
}

UNUSUAL = [
    """
def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    windows = 0
    while windows * stride + max_length + 1 <= n_tokens:
        windows += 1
    full, rest = divmod(windows, batch_size)
    return [windows, full if drop_last else full + bool(rest)]
""",
    """
import numpy as np

def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    windows = len(np.arange(0, max(0, n_tokens - max_length), stride))
    return np.array([windows, (np.floor if drop_last else np.ceil)(windows / batch_size)]).astype(int)
""",
    """
from llmlab.windows import SlidingWindowDataset
from torch.utils.data import DataLoader

def count_batches(n_tokens, max_length, stride, batch_size, drop_last):
    if n_tokens <= max_length:
        return 0, 0
    windows = SlidingWindowDataset(range(n_tokens), max_length, stride)
    return len(windows), len(DataLoader(windows, batch_size, drop_last=drop_last))
""",
]

NEAR_MISSES = {
    "target-forgotten": WRONG["rounded-down"],
    "negative-count": WRONG["one-window-short"],
    "empty-set-overlooked": WRONG["negative-count"],
    "one-window-short": WRONG["last-start-left-out"],
    "last-start-left-out": WRONG["rounded-down"],
    "rounded-down": WRONG["one-window-short"],
    "rounded-to-nearest": _counts("max(0, math.ceil((n_tokens - max_length) / stride))"),
    "partial-window-counted": WRONG["length-ignored"],
    "length-ignored": WRONG["partial-window-counted"],
    "stride-ignored": WRONG["length-ignored"],
    "dropped-windows-left-out": WRONG["counts-swapped"],
    "partial-batch-lost": WRONG["drop-last-inverted"],
    "drop-last-ignored": WRONG["drop-last-inverted"],
    "drop-last-inverted": WRONG["drop-last-ignored"],
    "one-batch-too-many": WRONG["zero-batches-overlooked"],
    "zero-batches-overlooked": WRONG["one-batch-too-many: but none of none"],
    "batch-size-ignored": WRONG["other-batches"],
    "counts-swapped": WRONG["batch-size-ignored"],
    "counts-are-floats": _counts("int(max(0, (n_tokens - max_length - 1) // stride + 1))"),
    "not-two-counts": WRONG["counts-are-floats"],
    "short-text-refused": _counts(before="assert stride > 0"),
    "other-windows": WRONG["length-ignored"],
    "other-batches": WRONG["batch-size-ignored"],
    "tied-to-the-example": WRONG["last-start-left-out"],
}

CRASHES = {
    "true-or-false-called": _counts(batches="windows // batch_size if drop_last() else -(-windows // batch_size)"),
    "length-of-a-number": _counts("len(range(0, len(n_tokens) - max_length, stride))"),
    "range-wants-whole-numbers": _counts("len(range(0, int(n_tokens), stride / 1))"),
    "unknown-name": _counts("max(0, (n_tokens - length - 1) // stride + 1)"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "a short text gives an empty data set, drop_last zero batches, without a word": (
        "negative-count",
        "empty-set-overlooked",
        "zero-batches-overlooked",
    )
}
