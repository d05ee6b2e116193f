"""Answers to the exercises of lesson 05 that learners give, wrong ones and unusual right ones.

WRONG: exercise id -> {misconception id: source}. Where one misconception has several faces, the key names the face
after a colon. UNUSUAL: exercise id -> sources that must pass. A source is the student's cell, or for a choice or a
prediction an expression. `tests/test_exercises.py` runs them all and lists the misconceptions that have none.
"""


def _weights(body: str) -> str:
    return f"""
import torch

def attention_weights(scores):
    highest = scores.max(dim=-1, keepdim=True).values
    {body}
"""


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


def _head(
    query: str = "20 * n_positions ** 0.5 * shift",
    key: str = "torch.eye(n_positions)",
    value: str = "W_value[:n_vocab] = torch.eye(n_vocab)",
    after: str = "pass",
) -> str:
    return f"""
import torch

def previous_token_head(n_vocab, n_positions):
    rows = n_vocab + n_positions
    shift = torch.diag(torch.ones(n_positions - 1), -1)
    W_query = torch.zeros(rows, n_positions)
    W_key = torch.zeros(rows, n_positions)
    W_value = torch.zeros(rows, n_vocab)
    W_query[n_vocab:] = {query}
    W_key[n_vocab:] = {key}
    {value}
    {after}
    return W_query, W_key, W_value
"""


WRONG: dict[str, dict[str, str]] = {
    "05.1": {
        "columns-sum-to-one": _weights("powers = torch.exp(scores)\n    return powers / powers.sum(-2, keepdim=True)"),
        "columns-sum-to-one: ready-made": _weights("return torch.softmax(scores, dim=0)"),
        "columns-sum-to-one: rows shifted": _weights(
            "powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=0, keepdim=True)"
        ),
        "columns-sum-to-one: columns shifted": _weights(
            "powers = torch.exp(scores - scores.max(0).values)\n    return powers / powers.sum(0)"
        ),
        "sum-of-another-row": _weights("powers = torch.exp(scores)\n    return powers / powers.sum(dim=1)"),
        "sum-of-another-row: rows shifted": _weights(
            "powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=-1)"
        ),
        "sum-of-another-row: no keepdim at all": _weights(
            "powers = torch.exp(scores - scores.max(dim=-1).values)\n    return powers / powers.sum(dim=-1)"
        ),
        "one-sum-for-all": _weights("powers = torch.exp(scores)\n    return powers / powers.sum()"),
        "one-sum-for-all: shifted": _weights("powers = torch.exp(scores - highest)\n    return powers / powers.sum()"),
        "maximum-of-another-row": _weights(
            "powers = torch.exp(scores - scores.max(dim=-1).values)\n    return powers / powers.sum(-1, keepdim=True)"
        ),
        "maximum-of-another-row: columns": _weights(
            "powers = torch.exp(scores - scores.max(0).values)\n    return powers / powers.sum(-1, keepdim=True)"
        ),
        "maximum-divided": _weights(
            "powers = torch.exp(scores / highest)\n    return powers / powers.sum(-1, keepdim=True)"
        ),
        "one-maximum-for-all": _weights(
            "powers = torch.exp(scores - scores.max())\n    return powers / powers.sum(-1, keepdim=True)"
        ),
        "exponential-missing": _weights("return scores / scores.sum(-1, keepdim=True)"),
        "exponential-missing: below": _weights("return torch.exp(scores) / scores.sum(-1, keepdim=True)"),
        "exponential-missing: afterwards": _weights("return torch.exp(scores / scores.sum(-1, keepdim=True))"),
        "not-divided": _weights("return torch.exp(scores)"),
        "not-divided: shifted": _weights("return torch.exp(scores - highest)"),
        "log-weights": _weights("return torch.log_softmax(scores, dim=-1)"),
        "one-winner": _weights("return (scores == highest).float()"),
        "scaled-here": _weights("return torch.softmax(scores / scores.shape[-1] ** 0.5, dim=-1)"),
        "overflows": _weights("powers = torch.exp(scores)\n    return powers / powers.sum(dim=-1, keepdim=True)"),
        "overflows: later": _weights(
            "powers = torch.exp(scores.double())\n    return powers / powers.sum(dim=-1, keepdim=True)"
        ),
        "overflows: above the minimum": _weights(
            "powers = torch.exp(scores - scores.min(-1, keepdim=True).values)\n"
            "    return powers / powers.sum(dim=-1, keepdim=True)"
        ),
        "scores-cut-off: covered up": _weights(
            "powers = torch.exp(scores)\n    return (powers / powers.sum(dim=-1, keepdim=True)).nan_to_num()"
        ),
        "scores-cut-off": _weights(
            "powers = torch.exp(scores.clamp(max=50))\n    return powers / powers.sum(dim=-1, keepdim=True)"
        ),
        "axis-from-the-front": _weights(
            "powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=1, keepdim=True)"
        ),
        "axis-from-the-front: ready-made": _weights("return torch.softmax(scores, dim=1)"),
        "axis-from-the-front: looped over": """
import torch

def attention_weights(scores):
    rows = []
    for row in scores:
        powers = torch.exp(row - row.max())
        rows.append(powers / powers.sum())
    return torch.stack(rows)
""",
        "axis-from-the-front: turned": _weights(
            "powers = torch.exp(scores - highest)\n    return (powers.T / powers.sum(dim=1)).T"
        ),
        "other-shape": _weights("return torch.softmax(scores, dim=-1).sum(dim=-1)"),
        "other-weights": _weights("return torch.sigmoid(scores)"),
        "tied-to-the-example": _weights("return torch.softmax(scores[..., :4], dim=-1)"),
        "returns-none": _weights("powers = torch.exp(scores - highest)"),
        "mutates-input": _weights("scores -= highest\n    return torch.softmax(scores, dim=-1)"),
    },
    "05.2": {
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
    },
    "05.3": {
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
    },
    "05.4": {
        "one-score": "(1, 25, 5, 'QKV')",
        "one-score: all one": "(1, 1, 1, 'QKV')",
        "every-score": "(25, 25, 5, 'QKV')",
        "keys-do-not-count": "(0, 0, 0, 'QKV')",
        "query-not-key": "(5, 5, 1, 'QKV')",
        "rows-not-renormalised": "(5, 5, 5, 'QKV')",
        "context-stays": "(5, 25, 0, 'QKV')",
        "context-stays: one row": "(5, 25, 1, 'QKV')",
        "three-data-sets": "(5, 25, 5, 'Q')",
        "three-data-sets: none": "(5, 25, 5, '')",
        "three-data-sets: two": "(5, 25, 5, 'kv')",
        "three-data-sets: none of them": "(5, 25, 5, 'X')",
        "not-the-form": "5",
        "not-the-form: no letters": "(5, 25, 5)",
        "not-the-form: letters apart": "(5, 25, 5, 'Q', 'K', 'V')",
        "count-again": "(5, 10, 5, 'QKV')",
    },
    "05.5": {
        "next-token": _head(query="20 * n_positions ** 0.5 * shift.T"),
        "next-token: roles swapped": _head(query="20 * n_positions ** 0.5 * torch.eye(n_positions)", key="shift"),
        "own-position": _head(query="20 * n_positions ** 0.5 * torch.eye(n_positions)"),
        "looks-at-tokens": """
import torch

def previous_token_head(n_vocab, n_positions):
    W = torch.zeros(n_vocab + n_positions, n_positions)
    W[:n_vocab, :n_vocab] = torch.eye(n_vocab)
    W_value = torch.zeros(n_vocab + n_positions, n_vocab)
    W_value[:n_vocab] = torch.eye(n_vocab)
    return 100 * W, W, W_value
""",
        "rows-of-the-tokens": """
import torch

def previous_token_head(n_vocab, n_positions):
    W_query = torch.zeros(n_vocab + n_positions, n_positions)
    W_key = torch.zeros(n_vocab + n_positions, n_positions)
    W_value = torch.zeros(n_vocab + n_positions, n_vocab)
    for position in range(n_positions):
        W_key[position, position] = 1.0
        if position > 0:
            W_query[position, position - 1] = 100.0
    W_value[:n_vocab] = torch.eye(n_vocab)
    return W_query, W_key, W_value
""",
        "rows-of-the-tokens: of the query": _head(
            query="0 * shift", after="W_query[1:n_positions] = 100 * torch.eye(n_positions)[:-1]"
        ),
        "too-soft": _head(query="shift"),
        "too-soft: at many positions": _head(query="10 * shift"),
        "no-preference": _head(query="0 * shift"),
        "no-preference: keys": _head(key="0 * shift"),
        "same-for-all": _head(query="100.0", key="torch.arange(n_positions)[:, None] * torch.ones(n_positions) / 10"),
        "other-places": _head(query="20 * n_positions ** 0.5 * (shift @ shift)"),
        "position-told": _head(value="W_value[n_vocab : 2 * n_vocab] = torch.eye(n_vocab)"),
        "position-told: both": _head(after="W_value[n_vocab:] = 1.0"),
        "nothing-told": _head(value="pass"),
        "token-garbled": _head(value="W_value[:n_vocab] = 2 * torch.eye(n_vocab)"),
        "other-shapes": _head(after="W_value = W_value.T"),
        "other-shapes: without the tokens": _head(after="W_query, W_key = W_query[n_vocab:], W_key[n_vocab:]"),
        "not-finite": _head(query="torch.inf * torch.ones(n_positions, n_positions)"),
        "not-three": _head().replace("return W_query, W_key, W_value", "return W_query, W_key"),
        "tied-to-the-example": _head(after="W_query[n_vocab + 6 :] = 0"),
        "tied-to-the-example: tokens": _head(after="W_value[4:n_vocab] = 0"),
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "softmax over the wrong axis": [("05.1", "columns-sum-to-one"), ("05.3", "columns-sum-to-one")],
    "scaling by another width than that of the head, or not at all": [
        ("05.3", "not-scaled"),
        ("05.3", "scaled-by-another-width"),
        ("05.3", "scaled-by-d"),
    ],
    "Q, K and V read as three different data sets": [("05.4", "three-data-sets")],
    "a garbled softmax formula, the sum over the wrong index": [("05.1", "sum-of-another-row")],
}

UNUSUAL: dict[str, list[str]] = {
    "05.1": [
        _weights("return torch.softmax(scores, dim=-1)"),
        _weights("return torch.exp(scores - scores.logsumexp(dim=-1, keepdim=True))"),
        _weights(
            "print(scores.shape)\n    powers = torch.exp((scores - highest).double())\n"
            "    return torch.einsum('...ij,...i->...ij', powers, 1 / powers.sum(-1))"
        ),
        """
import math

def attention_weights(scores):
    if scores.dim() > 1:
        return [attention_weights(row) for row in scores]
    row = scores.tolist()
    powers = [math.exp(score - max(row)) for score in row]
    return [power / sum(powers) for power in powers]
""",
    ],
    "05.2": [
        _forward("torch.einsum('id,jd->ij', queries, keys)", "torch.einsum('ij,jd->id', weights, values)"),
        _forward(
            "[[sum(a * b for a, b in zip(q, k)).item() for k in keys] for q in queries]",
            weights="torch.softmax(torch.tensor(scores), dim=-1)",
        ),
        _forward("x @ (W_query @ W_key.T) @ x.T", "(weights @ x) @ W_value"),
    ],
    "05.3": [
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
    ],
    "05.4": ["[5, 25, 5, 'kvq']", "(5.0, 25.0, 5.0, 'Q, K, V')", "(5, 25, 5, 'Q, K and V')", "(5, 25, 5, 'all three')"],
    "05.5": [
        _head(query="shift", key="20 * n_positions ** 0.5 * torch.eye(n_positions)"),
        _head(after="W_query[:, 0] *= 2"),
        """
import torch

def previous_token_head(n_vocab, n_positions):
    nothing = torch.zeros(n_vocab, n_positions)
    W_key = torch.cat([nothing, torch.eye(n_positions)])
    W_query = torch.cat([nothing, 1000 * torch.eye(n_positions).roll(-1, dims=1)])
    return W_query, W_key, torch.cat([torch.eye(n_vocab), torch.zeros(n_positions, n_vocab)])
""",
        """
import numpy as np

def previous_token_head(n_vocab, n_positions):
    # places on a circle, found by the largest cosine; the rest of the components stay empty
    angles = 2 * np.pi * np.arange(n_positions) / (n_positions + 1)
    circle = np.zeros((n_vocab + n_positions, n_positions))
    behind = circle.copy()
    circle[n_vocab:, 0], circle[n_vocab:, 1] = np.cos(angles), np.sin(angles)
    back = angles - 2 * np.pi / (n_positions + 1)
    behind[n_vocab:, 0], behind[n_vocab:, 1] = np.cos(back), np.sin(back)
    return 1e5 * behind, circle, np.eye(n_vocab + n_positions, n_vocab)
""",
    ],
}
