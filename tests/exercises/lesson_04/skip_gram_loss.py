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
    "products-not-added": _loss("return -logsigmoid(word * context).sum() - logsigmoid(-(noise * word)).sum()"),
    "logarithm-missing": _loss("return -torch.sigmoid(near) - torch.sigmoid(-far).sum()"),
    "sigmoid-missing": _loss("return far.sum() - near"),
    "noise-meets-context": _loss("return -logsigmoid(near) - logsigmoid(-(noise @ context)).sum()"),
    "not-a-number": _loss("return -logsigmoid(near) - logsigmoid(-far)"),
    "not-a-number: products": _loss("return -logsigmoid(word * context) - logsigmoid(-far).sum()"),
    "extra-axis": _loss("return -logsigmoid(near).view(1) - logsigmoid(-far).sum()"),
    "extra-axis: a row": _loss("return -logsigmoid(word[None] @ context) - logsigmoid(-far).sum(0, keepdim=True)"),
    "cosine-for-dot-product": _loss(
        "cosine = torch.nn.functional.cosine_similarity\n"
        "    return -logsigmoid(cosine(word, context, dim=0)) - logsigmoid(-cosine(noise, word[None], dim=1)).sum()"
    ),
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
    _loss("return (torch.log1p(torch.exp(-near)) + torch.log1p(torch.exp(far)).sum())"),
]

NEAR_MISSES = {
    "neighbours-pushed-apart": WRONG["noise-pulled-in"],
    "noise-pulled-in": WRONG["minus-outside"],
    "minus-outside": WRONG["noise-pulled-in"],
    "minus-missing": _loss("return logsigmoid(-near) + logsigmoid(far).sum()"),
    "mean-over-noise": _loss("return (-logsigmoid(near) - logsigmoid(-far).sum()) / 3"),
    "noise-left-out": _loss("return -logsigmoid(near) - 0.5 * logsigmoid(-far).sum()"),
    "neighbour-left-out": _loss("return -logsigmoid(-far).sum() - 0.5 * logsigmoid(near)"),
    "sum-inside-the-sigmoid": _loss("return -logsigmoid(near) - logsigmoid(-far.mean())"),
    "products-not-added": _loss(
        "return -logsigmoid((word * context).sum()) - logsigmoid(-(noise * word).sum(1)).sum()"
    ),
    "logarithm-missing": _loss("return torch.sigmoid(near) - torch.sigmoid(far).sum()"),
    "sigmoid-missing": _loss("return (far**2).sum() - near"),
    "noise-meets-context": _loss("return -logsigmoid(near) - logsigmoid(-(noise @ (word + context))).sum()"),
    "not-a-number": WRONG["extra-axis"],
    "extra-axis": WRONG["not-a-number"],
    "cosine-for-dot-product": _loss("return -logsigmoid(near / 2) - logsigmoid(-far / 2).sum()"),
    "no-gradient": _loss("return -logsigmoid(near.clone()) - logsigmoid(-far.contiguous()).sum()"),
    "other-loss": _loss("return -logsigmoid(near) - sum(logsigmoid(-score) for score in far)"),
    "tied-to-the-example": _loss("return -logsigmoid(near) - logsigmoid(-far)[: len(noise)].sum()"),
}

CRASHES = {
    "word-times-noise": _loss("return -logsigmoid(near) - logsigmoid(-(word @ noise)).sum()"),
    "unknown-name": "def skip_gram_loss(word, context, noise):\n    return -sigmoid(word @ context).log()",
    "shapes-in-product": _loss("return -logsigmoid(near) - logsigmoid(-(noise @ noise)).sum()"),
    "tensor-wanted": _loss("return -logsigmoid(near.item()) - logsigmoid(-far).sum()"),
    "one-number-wanted": _loss("import math\n    return -math.log(1 / (1 + math.exp(-near))) - math.log(1 - far)"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {"word2vec makes the dot product of neighbours small": ("neighbours-pushed-apart", "noise-pulled-in")}
