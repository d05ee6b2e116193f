"""Answers to "What the page does and says": wrong ones by misconception, right ones of several kinds."""

from __future__ import annotations

WRONG = {
    "not-three-things": "0.8",
    "not-three-things: no letter": "(0.8, 0.95, 'yes')",
    "out-of-range": "(-1, 0.95, 'c')",
    "out-of-range: top-p": "(0.8, 95, 'c')",
    "out-of-range: no end": "(float('inf'), 0.9, 'c')",
    "out-of-range: no number": "(float('nan'), 0.9, 'c')",
    "out-of-range: a top-p that is no number": "(0.8, float('nan'), 'c')",
    "nearly-always-the-same": "(0, 1, 'c')",
    "nearly-always-the-same: by top-p": "(1, 0.05, 'c')",
    "nearly-always-the-same: a top-p that is small": "(0.8, 0.1, 'c')",
    "too-hot-for-a-cut": "(5, 0.9, 'c')",
    "too-hot-for-a-cut: nothing is cut": "(3, 1, 'c')",
    "hot-without-a-cut": "(2, 1, 'c')",
    "says-it-can-a-language": "(0.8, 0.95, 'a')",
    "says-it-never-copies": "(0.8, 0.95, 'b')",
    "says-it-understands": "(0.8, 0.95, 'd')",
}

NEAR_MISSES = {
    "out-of-range": "(0.8, 1, 'c')",
    "nearly-always-the-same": "(0.3, 1, 'c')",
    "nearly-always-the-same: by top-p": "(0.8, 0.3, 'c')",
    "too-hot-for-a-cut": "(2, 0.9, 'c')",
    "hot-without-a-cut": "(2, 0.8, 'c')",
}

UNUSUAL = ["[0.8, 0.95, '(C)']", "(torch.tensor(0.7), 1, ' c. ')", "(1.5, 0.8, 'c')"]
