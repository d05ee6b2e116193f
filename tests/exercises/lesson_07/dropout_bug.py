"""Answers to "Find the bug: dropout in the wrong place": wrong ones, unusual right ones, near misses, crashes."""

from __future__ import annotations


def _dropout(body: str) -> str:
    return f"""
from torch.nn.functional import dropout

def attention_weights(scores, p, training):
    weights = scores.softmax(dim=-1)
    {body}
"""


WRONG = {
    "before-the-softmax": _dropout("return dropout(scores, p, training).softmax(dim=-1)"),
    "before-the-softmax: and again a softmax": _dropout(
        "return dropout(weights, p, training).softmax(dim=-1) if training else weights"
    ),
    "no-zeros": _dropout("return torch.nn.functional.alpha_dropout(weights, p, training)"),
    "no-zeros: of logarithms": _dropout("return dropout(scores.log_softmax(-1), p, training).exp()"),
    "never-drops": _dropout("return weights"),
    "never-drops: inverted": _dropout("return dropout(weights, p, False)"),
    "drops-when-evaluating": _dropout("return dropout(weights, p)"),
    "drops-when-evaluating: turned round": _dropout("return dropout(weights, p, not training)"),
    "not-the-plain-softmax": _dropout("return dropout(weights, p, True) if training else weights * (1 - p)"),
    "not-the-plain-softmax: two": _dropout("return dropout(weights, p, training).softmax(dim=-1)"),
    "renormalised": _dropout(
        "weights = dropout(weights, p, training)\n    return weights / weights.sum(dim=-1, keepdim=True)"
    ),
    "renormalised: scores to minus infinity": _dropout(
        "gone = torch.rand(scores.shape) < p\n"
        "    return scores.masked_fill(gone, -torch.inf).softmax(-1) if training else weights"
    ),
    "not-scaled-up": _dropout("return weights * (torch.rand(weights.shape) >= p) if training else weights"),
    "scaled-otherwise": _dropout("return dropout(weights, p, training) * ((1 - p) ** 2 if training else 1)"),
    "other-share": _dropout("return weights * (torch.rand(weights.shape) < p) / (1 - p) if training else weights"),
    "whole-tokens": _dropout(
        "return weights * (torch.rand(1, weights.shape[1]) >= p) / (1 - p) if training else weights"
    ),
    "whole-tokens: queries": _dropout(
        "return weights * (torch.rand(len(weights), 1) >= p) / (1 - p) if training else weights"
    ),
    "other-share: a constant": _dropout("return dropout(weights, 0.5, training)"),
    "other-share: the share to keep": _dropout("return dropout(weights, 1 - p, training)"),
    "other-share: dropped twice": _dropout("return dropout(dropout(weights, p, training), p, training)"),
    "scores-dropped-too": _dropout("return dropout(dropout(scores, p, training).softmax(-1), p, training)"),
    "softmax-over-the-queries": _dropout("return dropout(scores.softmax(dim=0), p, training)"),
    "no-softmax": _dropout("return dropout(scores, p, training)"),
    "not-the-shape": _dropout("return dropout(weights, p, training).sum(-1)"),
    "tied-to-the-example": _dropout("return dropout(weights, 0.25, training) if p == 0.25 else weights.T"),
}

UNUSUAL = [
    _dropout(
        "if not training:\n        return weights\n    return weights * (torch.rand_like(weights) >= p) / (1 - p)"
    ),
    _dropout("layer = torch.nn.Dropout(p)\n    layer.train(training)\n    return layer(weights)"),
    _dropout("return torch.dropout(scores.exp() / scores.exp().sum(-1, keepdim=True), p, training)"),
]

NEAR_MISSES = {
    "before-the-softmax": WRONG["no-zeros: of logarithms"],
    "never-drops": WRONG["no-zeros"],
    "no-zeros": WRONG["before-the-softmax"],
    "drops-when-evaluating": WRONG["not-the-plain-softmax"],
    "not-the-plain-softmax": WRONG["drops-when-evaluating"],
    "renormalised": WRONG["not-scaled-up"],
    "not-scaled-up": WRONG["scaled-otherwise"],
    "scaled-otherwise": WRONG["not-scaled-up"],
    "scores-dropped-too": WRONG["other-share: dropped twice"],
    "other-share": WRONG["scaled-otherwise"],
    "whole-tokens": UNUSUAL[0],
    "softmax-over-the-queries": WRONG["not-the-shape"],
    "no-softmax": _dropout("return dropout(weights, p, training) if training else scores.log_softmax(-1)"),
    "not-the-shape": UNUSUAL[1],
    "tied-to-the-example": UNUSUAL[2],
}

CRASHES = {
    "arguments-swapped": _dropout("return dropout(p, weights, training)"),
    "dropout-as-a-method": _dropout("return weights.dropout(p, training)"),
    "module-called-like-a-function": _dropout("return torch.nn.Dropout(p)(weights, training)"),
    "softmax-without-axis": _dropout("return dropout(scores.softmax(), p, training)"),
    "unknown-name": _dropout("return F.dropout(weights, p, training)"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "dropout on attention weights keeps rows summing to one; dropout before softmax": (
        "before-the-softmax",
        "renormalised",
    )
}
