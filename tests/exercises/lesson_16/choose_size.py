"""Answers to "Size and steps": wrong ones by misconception, right ones for several machines."""

from __future__ import annotations

WRONG = {
    "not-five-things": "(512, 64, 64, 4, 2)",
    "not-five-things: steps of nothing": "(65_000, 30, 2e10, (512, 64, 64, 4, 2), 0)",
    "not-five-things: four counts": "(65_000, 30, 2e10, (512, 64, 64, 4), 300)",
    "not-five-things: seconds without end": "(65_000, float('inf'), 2e10, (512, 64, 64, 4, 2), 300)",
    "speed-in-billions": "(52_551, 30, 20, (700, 64, 64, 4, 2), 300)",
    "heads-do-not-divide": "(65_000, 30, 2e10, (512, 64, 64, 5, 2), 300)",
    "heads-too-narrow": "(65_000, 30, 2e10, (512, 64, 64, 16, 2), 300)",
    "window-longer-than-what-is-measured": "(4_000, 30, 2e10, (300, 512, 64, 4, 2), 30)",
    "longer-than-there-is": "(65_000, 30, 2e10, (50_257, 1024, 768, 12, 12), 300)",
    "longer-than-there-is: by a little": "(65_000, 30, 2e10, (512, 64, 64, 4, 2), 1_000)",
    "longer-than-there-is: by less than half a second": "(52_551, 40, 2e10, (700, 64, 96, 4, 3), 300)",
    "not-read-once": "(2_000_000, 30, 2e10, (512, 64, 64, 4, 2), 300)",
    "read-until-by-heart": "(8_000, 600, 2e10, (300, 32, 32, 2, 2), 3_000)",
    "far-more-weights-than-text": "(5_000, 3_000, 2e11, (300, 64, 256, 8, 4), 50)",
}

NEAR_MISSES = {
    "heads-do-not-divide": "(65_000, 30, 2e10, (512, 64, 60, 5, 2), 300)",
    "heads-too-narrow": "(65_000, 30, 2e10, (512, 64, 64, 8, 2), 300)",
    "window-longer-than-what-is-measured": "(4_000, 30, 2e10, (300, 256, 64, 4, 2), 30)",
    "longer-than-there-is": "(65_000, 30, 2e10, (512, 64, 64, 4, 2), 600)",
    "not-read-once": "(290_000, 30, 2e10, (512, 64, 64, 4, 2), 300)",
    "speed-in-billions": "(65_000, 3_000_000, 2e6, (512, 64, 64, 4, 2), 300)",
    "read-until-by-heart": "(8_000, 600, 2e10, (300, 32, 32, 2, 2), 1_400)",
    "far-more-weights-than-text": "(70_000, 3_000, 2e11, (300, 64, 256, 8, 4), 100)",
}

UNUSUAL = [
    "[65_000, 30.0, 20_000_000_000, [512, 64, 64, 4, 2], 300]",
    "(400_000, 600, 3e10, (1024, 128, 128, 4, 4), 800)",
    "(52_551, 40.3, 2e10, (700, 64, 96, 4, 3), 300)",  # the row of the lesson, as it is printed
    "(3_300, 20, 1.1e10, (500, 32, 32, 4, 2), 200)",  # a text of 10,000 bytes
    "torch.tensor([9_000, 60]).tolist() + [1e10, torch.tensor([436, 32, 64, 4, 2]), 300]",
]
