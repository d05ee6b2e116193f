"""Answers to "What does a stride skip?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

WRONG = {
    "gap-overlooked": "(996, 996)",
    "gap-overlooked: all": "(999, 999)",
    "gap-overlooked: one more": "(996, 999)",
    "first-token-counted": "(1000, 800)",
    "tail-counted": "(999, 800)",
    "windows-counted": "(249, 200)",
    "windows-counted: without targets": "[250, 200]",
    "skipped-counted": "(3, 199)",
    "skipped-counted: the first token, too": "(4, 200)",
    "strides-swapped": "(800, 996)",
    "first-window-forgotten": "(992, 796)",
    "not-two-counts": "996",
    "not-two-counts: words": "('all', 'most')",
    "count-again": "(996, 500)",
}

UNUSUAL = ["[996, 800]", "torch.tensor([996, 800])", "(996.0, 800.0)"]

NEAR_MISSES = {
    "gap-overlooked": "(996, 799)",
    "first-token-counted": "(999, 800)",
    "tail-counted": "(1000, 800)",
    "windows-counted": "(250, 250)",
    "skipped-counted": "(249, 199)",
    "strides-swapped": "(800, 800)",
    "first-window-forgotten": "(995, 799)",
    "not-two-counts": "(996, 800.5)",
    "count-again": "(996, 800)",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"a stride of max_length + 1 skips nothing": ("gap-overlooked",)}
