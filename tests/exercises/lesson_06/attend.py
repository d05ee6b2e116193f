"""Answers to "Write `attend`": wrong ones by misconception, unusual right ones, near misses, crashes."""

from __future__ import annotations


def _attend(
    divisor: str = "q.shape[-1] ** 0.5",
    weights: str = "torch.softmax(scores, dim=-1)",
    context: str = "weights @ v",
    result: str = "context, weights",
) -> str:
    return f"""
import math
import torch

def attend(q, k, v):
    products = q @ k.transpose(-2, -1)
    scores = products / ({divisor})
    weights = {weights}
    context = {context}
    return {result}
"""


WRONG = {
    "not-scaled": _attend("1"),
    "scaled-by-d": _attend("q.shape[-1]"),
    "scaled-by-d: both divided": _attend("q.shape[-1] ** 0.5 * k.shape[-1] ** 0.5"),
    "no-root": _attend().replace("products / (q.shape[-1] ** 0.5)", "products / q.shape[-1] ** 1/2"),
    "no-root: in brackets": _attend("q.shape[-1] ** 1/2"),
    "scaled-by-another-width": _attend("v.shape[-1] ** 0.5"),
    "scaled-by-the-length": _attend("k.shape[-2] ** 0.5"),
    "scaled-by-the-length: of the queries": _attend("len(q) ** 0.5"),
    "multiplied": _attend("1 / q.shape[-1] ** 0.5"),
    "columns-sum-to-one": _attend(weights="torch.softmax(scores, dim=-2)"),
    "columns-sum-to-one: unscaled": _attend("1", weights="torch.softmax(scores, dim=0)"),
    "scaled-after-softmax": _attend("1", weights="torch.softmax(scores, dim=-1) / q.shape[-1] ** 0.5"),
    "scores-returned": _attend(result="context, scores"),
    "scores-returned: no softmax": _attend(weights="scores"),
    "not-divided": _attend(weights="scores.exp()"),
    "order-swapped": _attend(result="weights, context"),
    "not-scaled: and swapped": _attend("1", result="weights, context"),
    "keys-mixed": _attend(context="weights @ k"),
    "one-role-twice": _attend().replace("q @ k.transpose(-2, -1)", "k @ k.transpose(-2, -1)"),
    "one-role-twice: queries": _attend()
    .replace("q @ k.transpose(-2, -1)", "q @ q.transpose(-2, -1)")
    .replace("weights @ v", "q @ k.transpose(-2, -1) @ v"),
    "values-not-mixed": _attend(context="v"),
    "scores-not-weights": _attend(context="scores @ v"),
    "context-of-other-weights": _attend(context="torch.softmax(products, dim=-1) @ v"),
    "overflows": _attend(weights="scores.exp() / scores.exp().sum(dim=-1, keepdim=True)"),
    "batch-mixed": _attend(weights="torch.softmax(scores, dim=1)"),
    "batch-mixed: turned": _attend().replace("k.transpose(-2, -1)", "k.T"),
    "batch-mixed: of two axes": _attend().replace("k.transpose(-2, -1)", "k.transpose(0, 1)"),
    "batch-mixed: of three axes": _attend().replace(
        "k.transpose(-2, -1)", "(k.T if k.dim() == 2 else k.transpose(1, 2))"
    ),
    "not-two": _attend(result="context"),
    "other-weights": _attend(weights="torch.sigmoid(scores)"),
    "other-context": _attend(context="weights @ v * 2"),
    "tied-to-the-example": _attend("6 ** 0.5"),
    "tied-to-the-example: GPT-2's width": _attend("q.shape[-1] ** 0.5 if q.shape[-1] == 6 else 8.0"),
    "returns-none": _attend().replace("return ", ""),
    "wrong-parameters": "def attend(x):\n    return x, x",
}

UNUSUAL = [
    _attend("1", weights="torch.softmax(scores * q.size(-1) ** -0.5, dim=-1)"),
    """
from llmlab.attention import scaled_dot_product_attention as attend_with_scores

def attend(q, k, v):
    context, weights, _ = attend_with_scores(q, k, v)
    return [context, weights]
""",
    """
import torch

def attend(q, k, v):
    root = q.shape[-1] ** 0.25
    scores = torch.einsum('...id,...jd->...ij', q / root, k / root).double()
    weights = (scores - scores.logsumexp(-1, keepdim=True)).exp()
    return torch.einsum('...ij,...jc->...ic', weights, v.double()).numpy(), weights.numpy()
""",
]

NEAR_MISSES = {
    "not-scaled": _attend("2 ** 0.5"),
    "scaled-by-d": _attend("v.shape[-1]"),
    "no-root": WRONG["not-scaled"],
    "scaled-by-another-width": UNUSUAL[0],
    "scaled-by-the-length": WRONG["scaled-by-another-width"],
    "multiplied": WRONG["not-scaled"],
    "columns-sum-to-one": WRONG["not-divided"],
    "scaled-after-softmax": WRONG["not-scaled"],
    "scores-returned": WRONG["not-divided"],
    "not-divided": WRONG["scores-returned"],
    "order-swapped": WRONG["not-scaled: and swapped"],
    "keys-mixed": WRONG["values-not-mixed"],
    "one-role-twice": WRONG["keys-mixed"],
    "values-not-mixed": WRONG["keys-mixed"],
    "scores-not-weights": WRONG["context-of-other-weights"],
    "context-of-other-weights": WRONG["scores-not-weights"],
    "overflows": UNUSUAL[2],
    "batch-mixed": UNUSUAL[1],
    "not-two": _attend(result="[context, weights]"),
    "other-weights": WRONG["scaled-by-d"],
    "other-context": WRONG["keys-mixed"],
    "tied-to-the-example": WRONG["scaled-by-another-width"],
}

CRASHES = {
    "keys-not-turned": _attend().replace("k.transpose(-2, -1)", "k"),
    "keys-not-turned: the queries instead": _attend().replace(
        "q @ k.transpose(-2, -1)", "q.transpose(-2, -1) @ k.transpose(-2, -1)"
    ),
    "root-of-a-number": _attend("torch.sqrt(q.shape[-1])"),
    "root-of-a-number: of all lengths": _attend("q.shape ** 0.5"),
    "softmax-without-axis": _attend(weights="torch.softmax(scores)"),
    "unknown-name": _attend("d ** 0.5"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "softmax over the wrong axis": ("columns-sum-to-one",),
    "scaling by another width than that of the head, or not at all": (
        "not-scaled",
        "scaled-by-another-width",
        "scaled-by-d",
    ),
}

# The lesson's cells that drive an explorer with the answer.
# The bench hands over single texts without a dimension in front, and its scores stay below 89.
DRIVEN = {
    "explorer": "AttentionBench",
    "parts": ("probe = AttentionBench(", "for scaling in (False, True)"),
    "unseen": frozenset({"returns-none", "batch-mixed", "overflows"}),
    "raises": (ValueError, TypeError),
}
