"""Answers to "Find the bug: the loss": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _loss(body: str) -> str:
    return f"""
import torch
from torch.nn.functional import cross_entropy, log_softmax, one_hot, softmax

def next_token_loss(logits, targets):
    B, T, V = logits.shape
    {body}
"""


_FLAT = "logits.reshape(-1, V), targets.reshape(-1)"

WRONG = {
    "shifted-twice": _loss("return cross_entropy(logits[:, :-1].reshape(-1, V), targets[:, 1:].reshape(-1))"),
    "shifted-back": _loss("return cross_entropy(logits[:, 1:].reshape(-1, V), targets[:, :-1].reshape(-1))"),
    "only-the-last-position": _loss("return cross_entropy(logits[:, -1], targets[:, -1])"),
    "last-position-left-out": _loss("return cross_entropy(logits[:, :-1].reshape(-1, V), targets[:, :-1].reshape(-1))"),
    "first-position-left-out": _loss("return cross_entropy(logits[:, 1:].reshape(-1, V), targets[:, 1:].reshape(-1))"),
    "only-the-first-window": _loss("return cross_entropy(logits[0], targets[0])"),
    "targets-turned-round": _loss("return cross_entropy(logits.flatten(0, 1), targets.roll(-1, 1).flatten())"),
    "targets-turned-round: the other way": _loss(
        "return cross_entropy(logits.flatten(0, 1), targets.roll(1, dims=1).flatten())"
    ),
    "softmax-first": _loss("return cross_entropy(softmax(logits, -1).reshape(-1, V), targets.reshape(-1))"),
    "softmax-first: without a logarithm": _loss("return -softmax(logits, -1).gather(2, targets.unsqueeze(-1)).mean()"),
    "softmax-over-the-wrong-axis": _loss("return -log_softmax(logits, 1).gather(2, targets.unsqueeze(-1)).mean()"),
    "sum-instead-of-mean": _loss(f"return cross_entropy({_FLAT}, reduction='sum')"),
    "sum-instead-of-mean: over positions": _loss(f"return cross_entropy({_FLAT}, reduction='sum') / B"),
    "rows-mixed": _loss("return cross_entropy(logits.view(B, V, T), targets)"),
    "rows-mixed: transposed and flattened": _loss(
        "return cross_entropy(logits.transpose(1, 2).reshape(-1, V), targets.reshape(-1))"
    ),
    "sign-missing": _loss("return log_softmax(logits, -1).gather(2, targets.unsqueeze(-1)).mean()"),
    "mean-over-the-vocabulary": _loss("return -(log_softmax(logits, -1) * one_hot(targets, V)).mean()"),
    "perplexity": _loss(f"return cross_entropy({_FLAT}).exp()"),
    "loss-is-nan": _loss(f"return cross_entropy({_FLAT}) * float('nan')"),
    "not-a-scalar": _loss("return cross_entropy(logits.transpose(1, 2), targets, reduction='none')"),
    "no-gradient": _loss(f"return cross_entropy({_FLAT}).item()"),
    "no-gradient: detached": _loss(f"return cross_entropy({_FLAT}).detach()"),
    "other-loss": _loss("return logits.sum()"),
    "tied-to-the-example": _loss("return cross_entropy(logits.reshape(-1, V)[:6], targets.reshape(-1)[:6])"),
    "mutates-input": _loss(f"logits *= 2\n    return cross_entropy({_FLAT})"),
}

UNUSUAL = [
    _loss("return cross_entropy(logits.transpose(1, 2), targets)"),
    _loss("return -log_softmax(logits, dim=-1).gather(2, targets.unsqueeze(-1)).mean()"),
    _loss(
        "total = 0\n    for b in range(B):\n        for t in range(T):\n"
        "            total = total + logits[b, t].logsumexp(0) - logits[b, t, targets[b, t]]\n"
        "    return total / (B * T)"
    ),
    _loss("return torch.stack([cross_entropy(rows, ids) for rows, ids in zip(logits, targets)]).mean()"),
]

NEAR_MISSES = {
    "shifted-twice": WRONG["targets-turned-round"],
    "shifted-back": WRONG["first-position-left-out"],
    "only-the-last-position": WRONG["last-position-left-out"],
    "last-position-left-out": WRONG["shifted-twice"],
    "first-position-left-out": WRONG["shifted-back"],
    "only-the-first-window": WRONG["last-position-left-out"],
    "targets-turned-round": WRONG["shifted-twice"],
    "softmax-first": _loss("return cross_entropy(log_softmax(logits, -1).reshape(-1, V), targets.reshape(-1))"),
    "softmax-over-the-wrong-axis": WRONG["softmax-first"],
    "sum-instead-of-mean": WRONG["sign-missing"],
    "rows-mixed": _loss("return cross_entropy(logits.permute(0, 2, 1), targets)"),
    "sign-missing": WRONG["other-loss"],
    "mean-over-the-vocabulary": WRONG["sum-instead-of-mean"],
    "perplexity": WRONG["sum-instead-of-mean"],
    "loss-is-nan": WRONG["other-loss"],
    "not-a-scalar": _loss(f"return cross_entropy({_FLAT}).reshape(())"),
    "no-gradient": WRONG["other-loss"],
    "other-loss": WRONG["perplexity"],
    "tied-to-the-example": WRONG["only-the-first-window"],
}

CRASHES = {
    "one-slice-left": _loss("return cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten())"),
    "one-slice-left: one not flattened": _loss("return cross_entropy(logits.flatten(0, 1), targets)"),
    "flattened-too-far": _loss("return cross_entropy(logits.flatten(), targets.flatten())"),
    "not-flattened": _loss("return cross_entropy(logits, targets)"),
    "size-from-elsewhere": _loss("V = 50_257\n    return cross_entropy(logits.view(-1, V), targets.view(-1))"),
    "view-of-transposed": _loss("return cross_entropy(logits[:, :-1].view(-1, V), targets[:, :-1].view(-1))"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "targets shifted twice, or not at all": ("shifted-twice", "shifted-back"),
    "only the last position of a window is trained": ("only-the-last-position",),
}
