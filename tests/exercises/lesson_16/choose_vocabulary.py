"""Answers to "The vocabulary": wrong ones by misconception, right ones for several texts."""

from __future__ import annotations

_ROWS = "[(288, 2.0, 1.31), (512, 2.6, 1.10), (1024, 3.3, 1.08)]"

WRONG = {
    "not-three-things": "512",
    "not-three-things: no rows": "(180_000, [], 512)",
    "not-three-things: a float": f"(180_000, {_ROWS}, 512.5)",
    "fewer-than-the-bytes": f"(180_000, {_ROWS}, 100)",
    "more-merges-than-the-text-can-teach": f"(180_000, {_ROWS}, 50_257)",
    "more-merges-than-the-text-can-teach: a short text": f"(17_000, {_ROWS}, 1024)",
    "not-measured": f"(180_000, {_ROWS}, 700)",
    "lowest-loss-per-token": f"(180_000, {_ROWS}, 288)",
    "more-bits-than-needed": "(180_000, [(288, 2.0, 1.1), (512, 2.6, 1.3)], 512)",
    "more-bits-than-needed: not the smallest": "(180_000, [(288, 2.9, 1.0), (512, 2.6, 1.3)], 512)",
}

NEAR_MISSES = {
    "not-three-things": f"(180_000, {_ROWS}, 512)",
    "fewer-than-the-bytes": "(180_000, [(256, 2.0, 1.0), (512, 2.6, 1.3)], 256)",
    "more-merges-than-the-text-can-teach": f"(180_000, {_ROWS}, 1024)",
    "not-measured": f"(180_000, {_ROWS}, 1024)",
    "lowest-loss-per-token": "(180_000, [(288, 2.9, 1.0), (512, 2.6, 1.3)], 512)",
    "more-bits-than-needed": "(180_000, [(288, 2.0, 1.13), (512, 2.6, 1.1)], 288)",
}

UNUSUAL = [
    f"[180_000, {_ROWS}, 1024]",
    "(30_000, ((256, 1.9, 1.9), (300, 2.0, 1.85), (400, 2.4, 1.84)), 300)",
    "(torch.tensor(180_000), torch.tensor([(512.0, 2.6, 1.1), (1024.0, 3.3, 1.2)]), 512)",
]
