"""Answers to "Does it fit?": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _largest(model="16 * n_parameters", result="max(0, (memory - model) // activation_bytes)"):
    """A `largest_batch` with one part of it changed."""
    return (
        "import math\n\ndef largest_batch(memory, n_parameters, activation_bytes):\n"
        f"    model = {model}\n    return {result}\n"
    )


WRONG = {
    "four-bytes": _largest("4 * n_parameters"),
    "four-bytes: also below 0": _largest("4 * n_parameters", "(memory - model) // activation_bytes"),
    "eight-bytes": _largest("(4 + 4) * n_parameters"),
    "twelve-bytes": _largest("3 * 4 * n_parameters"),
    "twelve-bytes: also below 0": _largest("12 * n_parameters", "(memory - model) // activation_bytes"),
    "one-byte": _largest("n_parameters"),
    "model-forgotten": _largest(result="memory // activation_bytes"),
    "model-in-each-window": _largest(result="memory // (model + activation_bytes)"),
    "four-numbers-an-activation": _largest(result="max(0, (memory - model) // (4 * activation_bytes))"),
    "below-zero": _largest(result="(memory - model) // activation_bytes"),
    "below-zero: cut towards 0": _largest(result="int((memory - model) / activation_bytes)"),
    "one-too-many: until it is full": "def largest_batch(memory, n_parameters, activation_bytes):\n    windows = 0\n"
    "    while 16 * n_parameters + windows * activation_bytes <= memory:\n        windows += 1\n    return windows\n",
    "one-too-many": _largest(result="max(0, math.ceil((memory - model) / activation_bytes))"),
    "one-too-many: rounded": _largest(result="max(0, round((memory - model) / activation_bytes))"),
    "one-too-many: counted up": _largest(result="max(0, (memory - model) // activation_bytes) + 1"),
    "at-least-one": _largest(result="max(1, (memory - model) // activation_bytes)"),
    "not-whole": _largest(result="max(0, (memory - model) / activation_bytes)"),
    "not-whole: but rounded": _largest(result="max(0.0, float((memory - model) // activation_bytes))"),
    "not-a-number": _largest(result="str((memory - model) // activation_bytes)"),
    "other-number": _largest("16 * n_parameters", "max(0, memory // activation_bytes - model)"),
    "other-number: half the memory": _largest(result="max(0, (memory // 2 - model) // activation_bytes)"),
    "tied-to-the-example": _largest(result="min(600, max(0, (memory - model) // activation_bytes))"),
    "returns-none": _largest(result="None"),
    "wrong-parameters": "def largest_batch(memory):\n    return 1",
}

NEAR_MISSES = {
    "four-bytes": WRONG["one-byte"],
    "eight-bytes": WRONG["twelve-bytes"],
    "twelve-bytes": WRONG["eight-bytes"],
    "one-byte": WRONG["model-forgotten"],
    "model-forgotten": WRONG["one-byte"],
    "model-in-each-window": WRONG["model-forgotten"],
    "four-numbers-an-activation": _largest(result="max(0, (memory - model) // (2 * activation_bytes))"),
    "below-zero": WRONG["four-bytes: also below 0"],
    "one-too-many": WRONG["at-least-one"],
    "at-least-one": WRONG["one-too-many"],
    "not-whole": WRONG["one-too-many: rounded"],
    "not-a-number": WRONG["not-whole"],
    "other-number": WRONG["below-zero"],
    "tied-to-the-example": WRONG["other-number"],
}

CRASHES = {
    "missing-star": _largest("16(n_parameters)"),
    "number-has-no-shape": _largest("16 * n_parameters.numel()"),
    "one-value-for-many": _largest("sum(16 for _ in n_parameters)"),
    "one-value-for-many: activations": _largest(result="(memory - model) // len(activation_bytes)"),
    "unknown-name": _largest("weights + gradients + means"),
}

UNUSUAL = [
    """
def largest_batch(memory, n_parameters, activation_bytes):
    windows, used = 0, 4 * 4 * n_parameters
    if used + activation_bytes > memory:
        return 0
    return divmod(memory - used, activation_bytes)[0]
""",
    """
def largest_batch(memory, n_parameters, activation_bytes):
    weights = gradients = mean = mean_of_squares = 4 * n_parameters
    free = memory - weights - gradients - mean - mean_of_squares
    return torch.tensor(free).div(activation_bytes, rounding_mode="floor").clamp(min=0).long()
""",
    """
import numpy as np

def largest_batch(memory, n_parameters, activation_bytes):
    return int(np.maximum(0, (memory - 16 * n_parameters) // activation_bytes))
""",
]
