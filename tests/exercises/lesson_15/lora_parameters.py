"""Answers to "How many numbers learn": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "the-two-swapped": "(72, 1536)",
    "whole-matrix": "(27648, 72)",
    "multiplied": "(110592, 72)",
    "a-part": "(384, 72)",
    "one-matrix": "(1152, 72)",
    "rank-squared": "(16, 72)",
    "full-rank": "(1536, 96)",
    "one-off": "(1536, 73)",
    "not-two-numbers": "1536",
    "first-again": "(1500, 72)",
    "second-again": "(1536, 18)",
}

UNUSUAL = ["[1536, 72]", "(4 * (96 + 288), 96 * 288 // (96 + 288))", "torch.tensor([1536, 72])", "(1536.0, 72.0)"]
