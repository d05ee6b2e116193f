"""Answers to "Held and used": wrong ones by misconception, near misses, unusual right ones."""

from __future__ import annotations

WRONG = {
    "router-forgotten": "(3600, 1200)",
    "router-not-used": "(3660, 1200)",
    "router-shared-out": "(3660, 1220)",
    "two-matrices": "(2460, 860)",
    "two-matrices: without a router": "(2400, 800)",
    "all-are-used": "(3660, 3660)",
    "one-is-used": "(3660, 660)",
    "one-is-used: without the router": "(3660, 600)",
    "numbers-swapped": "(1260, 3660)",
    "not-two-numbers": "3660",
    "not-two-numbers: words": "('six', 'two')",
    "count-again": "(3600, 1260)",
}

NEAR_MISSES = {
    "router-forgotten": "(3600, 1260)",
    "router-not-used": "(3600, 1200)",
    "router-shared-out": "(3660, 1210)",
    "two-matrices": "(2460, 1260)",
    "all-are-used": "(3600, 3600)",
    "one-is-used": "(3600, 600)",
    "numbers-swapped": "(1260, 3600)",
    "not-two-numbers": "(3660, 0)",
    "count-again": "(3600, 1200)",
}

UNUSUAL = ["[3660, 1260]", "torch.tensor([3660, 1260])", "(6 * 600 + 60, 2 * 600 + 60)", "(3660.0, 1260.0)"]
