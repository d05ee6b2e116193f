"""Answers to "Find the bug: the loss that will not fall": wrong ones by misconception, unusual right ones."""

from __future__ import annotations

from tests.exercises.lesson_11.shared import F


def _loss(result="torch.nn.functional.cross_entropy(logits.reshape(B * T, V), targets.reshape(B * T))", before="pass"):
    """A `batch_loss` with one part of it changed."""
    return f"def batch_loss(logits, targets):\n    B, T, V = logits.shape\n    {before}\n    return {result}\n"


WRONG = {
    "softmax-twice": _loss(f"{F}(logits.softmax(-1).reshape(B * T, V), targets.flatten())"),
    "softmax-twice: nll of log of softmax of softmax": _loss(
        "torch.nn.functional.nll_loss(logits.softmax(-1).softmax(-1).log().flatten(0, 1), targets.flatten())"
    ),
    "wrong-axis": _loss(f"{F}(logits.softmax(dim=1).reshape(B * T, V), targets.flatten())"),
    "wrong-axis: over the windows": _loss(f"{F}(logits.softmax(dim=0).reshape(B * T, V), targets.flatten())"),
    "wrong-axis: over all positions": _loss(f"{F}(logits.reshape(B * T, V).softmax(dim=0), targets.flatten())"),
    "divided-by-windows": _loss(f"{F}(logits.flatten(0, 1), targets.flatten(), reduction='sum') / B"),
    "last-position-only": _loss(f"{F}(logits[:, -1], targets[:, -1])"),
    "shifted-again": _loss(f"{F}(logits[:, :-1].flatten(0, 1), targets[:, 1:].flatten())"),
    "sum-not-mean": _loss(f"{F}(logits.flatten(0, 1), targets.flatten(), reduction='sum')"),
    "logarithm-missing": _loss("torch.nn.functional.nll_loss(logits.softmax(-1).flatten(0, 1), targets.flatten())"),
    "logits-not-logarithms": _loss("torch.nn.functional.nll_loss(logits.flatten(0, 1), targets.flatten())"),
    "probability-not-loss": _loss("logits.softmax(-1).gather(-1, targets[..., None]).mean()"),
    "sign": _loss("logits.log_softmax(-1).gather(-1, targets[..., None]).mean()"),
    "no-gradient": _loss(f"{F}(logits.flatten(0, 1), targets.flatten()).item()"),
    "no-gradient: detached": _loss(f"{F}(logits.detach().flatten(0, 1), targets.flatten())"),
    "no-gradient: a new tensor": _loss(f"torch.tensor({F}(logits.flatten(0, 1), targets.flatten()).item())"),
    "logarithm-of-nothing": _loss("-logits.softmax(-1).log().gather(-1, targets.unsqueeze(-1)).mean()"),
    "logarithm-of-nothing: a little added": _loss(
        "-(logits.softmax(-1) + 1e-9).log().gather(-1, targets.unsqueeze(-1)).mean()"
    ),
    "bits-not-nats": _loss(f"{F}(logits.flatten(0, 1), targets.flatten()) / 0.693147"),
    "perplexity": _loss(f"{F}(logits.flatten(0, 1), targets.flatten()).exp()"),
    "not-a-number": _loss(f"{F}(logits.flatten(0, 1), targets.flatten(), reduction='none')"),
    "not-a-number: text": _loss("'3.20'"),
    "other-value": _loss(f"{F}(logits.flatten(0, 1), targets.flatten()) / 2"),
    "other-value: smoothed": _loss(f"{F}(logits.flatten(0, 1), targets.flatten(), label_smoothing=0.1)"),
    "tied-to-the-example": _loss(f"{F}(logits.clamp(-4, 120).flatten(0, 1), targets.flatten())"),
    "returns-none": "def batch_loss(logits, targets):\n    logits.softmax(-1)",
    "mutates-input": _loss(before="logits -= logits.max()"),
    "wrong-parameters": "def batch_loss(logits):\n    return 0",
}

NEAR_MISSES = {
    "softmax-twice": WRONG["wrong-axis"],
    "wrong-axis": WRONG["softmax-twice"],
    "divided-by-windows": WRONG["sum-not-mean"],
    "last-position-only": _loss(f"{F}(logits[:, 0], targets[:, 0])"),
    "shifted-again": _loss(f"{F}(logits[:, 1:].flatten(0, 1), targets[:, 1:].flatten())"),
    "sum-not-mean": WRONG["divided-by-windows"],
    "logarithm-missing": WRONG["probability-not-loss"],
    "logits-not-logarithms": WRONG["logarithm-missing"],
    "probability-not-loss": WRONG["logarithm-missing"],
    "sign": WRONG["probability-not-loss"],
    "no-gradient": WRONG["other-value"],
    "logarithm-of-nothing": WRONG["tied-to-the-example"],
    "bits-not-nats": WRONG["other-value"],
    "perplexity": WRONG["probability-not-loss"],
    "not-a-number": WRONG["no-gradient"],
    "other-value": WRONG["bits-not-nats"],
    "tied-to-the-example": WRONG["logarithm-of-nothing"],
}

CRASHES = {
    "logits-and-targets": _loss(f"{F}(logits, targets)"),
    "logits-and-targets: only the logits": _loss(f"{F}(logits.reshape(B * T, V), targets)"),
    "elements-do-not-fill": _loss(f"{F}(logits.reshape(B, V), targets.flatten())"),
    "whole-numbers-where-floats": _loss(f"{F}(logits.flatten(0, 1), targets.softmax(-1).flatten())"),
    "unknown-name": _loss(f"{F}(logits.reshape(N, V), targets.flatten())"),
}

UNUSUAL = [
    _loss(f"{F}(logits.transpose(1, 2), targets)"),
    _loss("-logits.log_softmax(dim=-1).gather(-1, targets.unsqueeze(-1)).mean()"),
    _loss(f"{F}(logits.log_softmax(dim=-1).flatten(0, 1), targets.flatten())"),
    """
import math

def batch_loss(logits, targets):
    losses = []
    for window, answers in zip(logits.double(), targets, strict=True):
        for row, answer in zip(window, answers, strict=True):
            losses.append(row.logsumexp(dim=0) - row[answer])
    return sum(losses) / len(losses)
""",
    _loss("losses", before=f"losses = sum({F}(l, t) for l, t in zip(logits, targets)) / B"),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"probabilities given to a loss that wants logits": ("softmax-twice",)}
