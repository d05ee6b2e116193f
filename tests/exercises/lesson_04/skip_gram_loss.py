"""Answers to "Write the loss of one pair": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _loss(body: str) -> str:
    return f"""
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

def skip_gram_loss(word, context, noise):
    near, far = word @ context, noise @ word
    {body}
"""


WRONG = {
    "neighbours-pushed-apart": _loss("return -logsigmoid(-near) - logsigmoid(far).sum()"),
    "neighbours-pushed-apart: noise too": _loss("return -logsigmoid(-near) - logsigmoid(-far).sum()"),
    "noise-pulled-in": _loss("return -logsigmoid(near) - logsigmoid(far).sum()"),
    "minus-outside": _loss("return -logsigmoid(near) + logsigmoid(far).sum()"),
    "minus-outside: one minus": _loss("return -logsigmoid(near) - (1 - logsigmoid(far)).sum()"),
    "minus-missing": _loss("return logsigmoid(near) + logsigmoid(-far).sum()"),
    "minus-missing: one of two": _loss("return -logsigmoid(near) + logsigmoid(-far).sum()"),
    "mean-over-noise": _loss("return -logsigmoid(near) - logsigmoid(-far).mean()"),
    "noise-left-out": _loss("return -logsigmoid(near)"),
    "noise-left-out: all but one": _loss("return -logsigmoid(near) - logsigmoid(-far[0])"),
    "neighbour-left-out": _loss("return -logsigmoid(-far).sum()"),
    "sum-inside-the-sigmoid": _loss("return -logsigmoid(near) - logsigmoid(-far.sum())"),
    "logarithm-missing": _loss("return -torch.sigmoid(near) - torch.sigmoid(-far).sum()"),
    "sigmoid-missing": _loss("return far.sum() - near"),
    "noise-meets-context": _loss("return -logsigmoid(near) - logsigmoid(-(noise @ context)).sum()"),
    "not-a-number": _loss("return -logsigmoid(near) - logsigmoid(-far)"),
    "not-a-number: products": _loss("return -logsigmoid(word * context) - logsigmoid(-far).sum()"),
    "no-gradient": _loss("return (-logsigmoid(near) - logsigmoid(-far).sum()).item()"),
    "no-gradient: for one of them": _loss("return -logsigmoid(near) - logsigmoid(-(noise.detach() @ word)).sum()"),
    "other-loss": _loss("return (near - 1) ** 2 + (far**2).sum()"),
    "tied-to-the-example": _loss("return -logsigmoid(near) - logsigmoid(-far)[:3].sum()"),
    "mutates-input": _loss("word *= 2\n    return -logsigmoid(near) - logsigmoid(-far).sum()"),
}

UNUSUAL = [
    _loss(
        "scores = torch.cat([near.view(1), far])\n    labels = torch.zeros(len(scores))\n    labels[0] = 1\n"
        "    return binary_cross_entropy_with_logits(scores, labels, reduction='sum')"
    ),
    _loss(
        "total = -torch.log(torch.sigmoid((word * context).sum()))\n    for n in noise:\n"
        "        total = total - torch.log(1 - torch.sigmoid((word * n).sum()))\n    return total"
    ),
    _loss("return (torch.log1p(torch.exp(-near)) + torch.log1p(torch.exp(far)).sum()).view(1)"),
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"word2vec makes the dot product of neighbours small": ("neighbours-pushed-apart", "noise-pulled-in")}
