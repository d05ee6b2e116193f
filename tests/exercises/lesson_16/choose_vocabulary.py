"""Answers to "The vocabulary": wrong ones by misconception, right ones for several texts."""

from __future__ import annotations

_ROWS = "[(288, 2.0, 1.31), (512, 2.6, 1.10), (1024, 3.3, 1.08)]"
_STORY = "[(300, 3.9, 3.8), (500, 4.2, 2.8), (1000, 4.9, 2.5)]"  # the lesson's own, 17,687 bytes
_TALE = "[(300, 3.83, 3.76), (400, 4.51, 3.29), (500, 4.42, 2.89), (700, 4.89, 2.83)]"  # its first 10,000 bytes

WRONG = {
    "not-three-things": "512",
    "not-three-things: no rows": "(180_000, [], 512)",
    "not-three-things: a float": f"(180_000, {_ROWS}, 512.5)",
    "fewer-than-the-bytes": f"(180_000, {_ROWS}, 100)",
    "not-three-things: no number": "(180_000, [(288, float('nan'), 1.31), (512, 2.6, 1.10)], 512)",
    "not-measured-and-few-bytes-a-merge": f"(180_000, {_ROWS}, 50_257)",
    "not-measured-and-few-bytes-a-merge: a short text": f"(17_687, {_STORY}, 700)",
    "not-measured": f"(180_000, {_ROWS}, 700)",
    "nats-and-bits-swapped": "(179_997, [(300, 1.69, 1.87), (500, 0.56, 1.14), (700, 0.34, 0.89)], 700)",
    "nats-and-bits-swapped: short tokens": "(17_687, [(300, 3.8, 3.9), (500, 2.8, 4.2), (1000, 2.5, 4.9)], 500)",
    "impossible-rows": "(180_000, [(288, 2.9, 1.0), (512, 2.6, 1.3)], 288)",
    "impossible-rows: less than a byte": "(180_000, [(288, 1.0, 1.9), (512, 1.2, 1.1)], 512)",
    "impossible-rows: bytes alone": "(30_000, [(256, 1.9, 1.9), (300, 2.0, 1.85)], 300)",
    "lowest-loss-per-token": f"(180_000, {_ROWS}, 288)",
    "lowest-loss-per-token: of a short text": f"(17_687, {_STORY}, 300)",
    "more-bits-than-needed": "(180_000, [(288, 2.0, 1.1), (512, 3.6, 1.3)], 512)",
    "more-bits-than-needed: of few bytes a merge": f"(8_869, {_TALE}, 400)",
    "more-bits-than-needed: not the smallest": f"(17_687, {_STORY}, 500)",
}

NEAR_MISSES = {
    "not-three-things": f"(180_000, {_ROWS}, 512)",
    "fewer-than-the-bytes": "(180_000, [(256, 1.39, 2.0), (512, 4.6, 2.3)], 256)",
    "nats-and-bits-swapped": "(180_000, [(288, 1.31, 2.0), (512, 2.6, 1.1), (1024, 3.3, 1.08)], 512)",
    "impossible-rows": "(17_687, [(300, 4, 4), (500, 4, 3), (1000, 5, 2)], 1000)",
    "not-measured-and-few-bytes-a-merge": f"(8_869, {_TALE}, 700)",
    "not-measured": f"(180_000, {_ROWS}, 1024)",
    "lowest-loss-per-token": "(180_000, [(288, 2.0, 1.1), (512, 3.6, 1.3)], 512)",
    "more-bits-than-needed": "(180_000, [(288, 2.0, 1.13), (512, 2.6, 1.1)], 288)",
}

UNUSUAL = [
    f"[180_000, {_ROWS}, 1024]",
    "(30_000, ((256, 1.9, 2.74), (300, 3.3, 1.85), (400, 3.8, 1.84)), 300)",
    # The rows of short texts, as the lesson's loops print them: what was measured as best is a good choice.
    f"(17_687, {_STORY}, 1000)",
    f"(8_869, {_TALE}, 500)",
    f"(8_869, {_TALE}, 700)",
    "(8_963, [(300, 1.73, 1.54), (500, 1.07, 0.51), (678, 0.91, 0.34)], 678)",
    "(9_158, [(300, 2.53, 2.27), (500, 2.06, 0.95), (679, 3.22, 1.08)], 500)",
    "(torch.tensor(180_000), torch.tensor([(512.0, 2.6, 1.1), (1024.0, 3.3, 1.2)]), 512)",
]
