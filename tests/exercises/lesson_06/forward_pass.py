"""Answers to "The forward pass, with two lines missing": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _forward(scores: str = "queries @ keys.T", context: str = "weights @ values", **lines: str) -> str:
    weights = lines.get("weights", "torch.softmax(scores, dim=-1)")
    result = lines.get("result", "scores, weights, context")
    return f"""
import torch

def forward(x, W_query, W_key, W_value):
    queries = x @ W_query
    keys = x @ W_key
    values = x @ W_value
    scores = {scores}
    weights = {weights}
    context = {context}
    return {result}
"""


WRONG = {
    "scores-transposed": _forward("keys @ queries.T"),
    "one-role-twice": _forward("queries @ queries.T"),
    "one-role-twice: keys": _forward("keys @ keys.T"),
    "inputs-compared": _forward("x @ x.T"),
    "values-compared": _forward("values @ values.T"),
    "scaled-already": _forward("queries @ keys.T / keys.shape[-1] ** 0.5"),
    "inputs-mixed": _forward(context="weights @ x"),
    "keys-mixed": _forward(context="weights @ keys"),
    "keys-mixed: queries": _forward(context="weights @ queries"),
    "weights-transposed": _forward(context="weights.T @ values"),
    "scores-not-weights": _forward(context="scores @ values"),
    "values-not-mixed": _forward(context="values"),
    "not-three": _forward(result="context"),
    "not-three: two": _forward(result="context, weights"),
    "not-three: backwards": _forward(result="context, weights, scores"),
    "other-scores": _forward("queries @ keys.T + 1"),
    "other-weights": _forward(weights="torch.softmax(scores, dim=0)"),
    "other-context": _forward(context="weights @ values + values"),
    "tied-to-the-example": _forward(context="weights[:3, :3] @ values[:3]"),
    "mutates-input": _forward("queries @ keys.T", result="scores, weights, context * x.zero_().add_(1)[0, 0]"),
}

UNUSUAL = [
    _forward("torch.einsum('id,jd->ij', queries, keys)", "torch.einsum('ij,jd->id', weights, values)"),
    _forward(
        "[[sum(a * b for a, b in zip(q, k)).item() for k in keys] for q in queries]",
        weights="torch.softmax(torch.tensor(scores), dim=-1)",
    ),
    _forward("x @ (W_query @ W_key.T) @ x.T", "(weights @ x) @ W_value"),
]
