"""Answers to "The schedule": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _schedule(
    warmup="step < warmup_steps",
    rise="highest * (step + 1) / warmup_steps",
    way="(step - warmup_steps) / (steps - 1 - warmup_steps)",
    fall="lowest + (highest - lowest) * (1 + math.cos(math.pi * way)) / 2",
):
    """A `schedule` with one part of it changed."""
    return (
        "import math\n\n\ndef schedule(step, steps, warmup_steps, highest, lowest):\n"
        f"    if {warmup}:\n        return {rise}\n    way = {way}\n    return {fall}\n"
    )


WRONG = {
    "starts-at-zero": _schedule(rise="highest * step / warmup_steps"),
    "warm-up-from-the-lowest": _schedule(rise="lowest + (highest - lowest) * (step + 1) / warmup_steps"),
    "warm-up-from-the-lowest: and one late": _schedule(rise="lowest + (highest - lowest) * step / warmup_steps"),
    "warm-up-too-long": _schedule("step <= warmup_steps"),
    "no-warm-up": _schedule(rise="highest"),
    "no-warm-up: all cosine": _schedule("False", way="step / (steps - 1)"),
    "cosine-from-step-0": _schedule(way="step / (steps - 1)"),
    "cosine-from-step-0: never at the end": _schedule(way="step / steps"),
    "lowest-not-reached": _schedule(way="(step - warmup_steps) / (steps - warmup_steps)"),
    "falls-to-zero": _schedule(fall="highest * (1 + math.cos(math.pi * way)) / 2"),
    "lowest-added": _schedule(fall="lowest + highest * (1 + math.cos(math.pi * way)) / 2"),
    "lowest-as-a-share": _schedule(fall="highest * (lowest + (1 - lowest) * (1 + math.cos(math.pi * way)) / 2)"),
    "straight-line": _schedule(fall="highest - (highest - lowest) * way"),
    "half-forgotten": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(math.pi * way))"),
    "pi-forgotten": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(way)) / 2"),
    "quarter-of-a-cosine": _schedule(fall="lowest + (highest - lowest) * math.cos(math.pi / 2 * way)"),
    "below-the-lowest": _schedule(fall="lowest + (highest - lowest) * math.cos(math.pi * way)"),
    "below-the-lowest: by half": _schedule(fall="lowest + (highest - lowest) * math.cos(math.pi * way) / 2"),
    "down-and-up-again": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(2 * math.pi * way)) / 2"),
    "brackets-missing": _schedule(fall="lowest + highest - lowest * (1 + math.cos(math.pi * way)) / 2"),
    "brackets-missing: of the way": _schedule(way="step - warmup_steps / (steps - 1 - warmup_steps)"),
    "brackets-missing: below the line": _schedule(way="(step - warmup_steps) / steps - 1 - warmup_steps"),
    "way-rounded-down": _schedule(way="(step - warmup_steps) // (steps - 1 - warmup_steps)"),
    "upside-down": _schedule(fall="lowest + (highest - lowest) * (1 - math.cos(math.pi * way)) / 2"),
    "never-falls": _schedule(fall="highest"),
    "not-a-number": _schedule(fall="(way, highest)"),
    "not-a-number: no end": _schedule(rise="float('inf')"),
    "other-rates": _schedule(fall="lowest"),
    "other-rates: degrees": _schedule(fall="lowest + (highest - lowest) * (1 + math.cos(180 * way)) / 2"),
    "tied-to-the-example": _schedule("step < 4", rise="highest * (step + 1) / 4"),
    "tied-to-the-example: lowest": _schedule(fall="0.5 + (highest - 0.5) * (1 + math.cos(math.pi * way)) / 2"),
    "tied-to-the-example: steps": _schedule(way="(step - warmup_steps) / (11 - warmup_steps + (steps < 0))"),
    "returns-none": "def schedule(step, steps, warmup_steps, highest, lowest):\n    step / steps",
    "wrong-parameters": "def schedule(step):\n    return 0.1",
}

NEAR_MISSES = {
    "starts-at-zero": WRONG["warm-up-from-the-lowest"],
    "warm-up-from-the-lowest": WRONG["starts-at-zero"],
    "warm-up-too-long": _schedule("step <= warmup_steps", rise="min(highest, highest * (step + 1) / warmup_steps)"),
    "no-warm-up": WRONG["warm-up-from-the-lowest"],
    "cosine-from-step-0": WRONG["no-warm-up: all cosine"],
    "lowest-not-reached": WRONG["falls-to-zero"],
    "falls-to-zero": WRONG["lowest-not-reached"],
    "lowest-added": WRONG["half-forgotten"],
    "lowest-as-a-share": WRONG["falls-to-zero"],
    "straight-line": WRONG["quarter-of-a-cosine"],
    "half-forgotten": WRONG["lowest-added"],
    "pi-forgotten": WRONG["other-rates: degrees"],
    "quarter-of-a-cosine": WRONG["pi-forgotten"],
    "below-the-lowest": WRONG["half-forgotten"],
    "down-and-up-again": WRONG["other-rates: degrees"],
    "brackets-missing": WRONG["lowest-added"],
    "way-rounded-down": WRONG["never-falls"],
    "upside-down": WRONG["never-falls"],
    "never-falls": WRONG["upside-down"],
    "not-a-number": WRONG["other-rates"],
    "other-rates": WRONG["lowest-not-reached"],
    "tied-to-the-example": WRONG["other-rates"],
}

CRASHES = {
    "nothing-to-divide-by": "def schedule(step, steps, warmup_steps, highest, lowest):\n"
    "    rise = highest * (step + 1) / warmup_steps\n    way = (step - warmup_steps) / (steps - 1 - warmup_steps)\n"
    "    import math\n    fall = lowest + (highest - lowest) * (1 + math.cos(math.pi * way)) / 2\n"
    "    return rise if step < warmup_steps else fall\n",
    "nothing-to-divide-by: the step": _schedule(rise="highest * warmup_steps / step"),
    "missing-star": _schedule(rise="highest(step + 1) / warmup_steps"),
    "cosine-of-another-kind": _schedule(fall="lowest + (highest - lowest) * (1 + torch.cos(torch.pi * way)) / 2"),
    "unknown-name": _schedule(fall="lowest + (highest - lowest) * (1 + cos(math.pi * way)) / 2"),
}

UNUSUAL = [
    _schedule(fall="highest + (lowest - highest) * math.sin(math.pi / 2 * way) ** 2"),
    """
def schedule(step, steps, warmup_steps, highest, lowest):
    if warmup_steps > step:
        return torch.linspace(0, highest, warmup_steps + 1)[step + 1]
    way = torch.tensor((step - warmup_steps) / (steps - warmup_steps - 1))
    return lowest + (highest - lowest) * (0.5 + 0.5 * torch.cos(torch.pi * way))
""",
    """
import numpy as np

def schedule(step, steps, warmup_steps, highest, lowest):
    rising = highest * np.arange(1, warmup_steps + 1) / max(1, warmup_steps)
    falling = lowest + (highest - lowest) * (1 + np.cos(np.linspace(0, np.pi, steps - warmup_steps))) / 2
    return np.concatenate([rising, falling])[step]
""",
    """
from llmlab.training import TrainConfig, learning_rate_at

def schedule(step, steps, warmup_steps, highest, lowest):
    return learning_rate_at(step, TrainConfig(steps, highest, warmup_steps, lowest / highest))
""",
]

# The lesson's cells that drive an explorer with the answer.
DRIVEN = {
    "explorer": "TrainingReplay",
    "parts": ("probe = TrainingReplay(",),
    "unseen": frozenset({"returns-none"}),
    "raises": (TypeError, ValueError),
}
