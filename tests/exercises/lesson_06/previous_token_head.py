"""Answers to "Build the previous-token head": wrong ones by misconception, unusual right ones, near misses, crashes."""

from __future__ import annotations


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


WRONG = {
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
    "several-places": _head(query="100 * torch.ones(n_positions, n_positions).tril(-1)"),
    "several-places: and its own": _head(query="100 * torch.ones(n_positions, n_positions).tril()"),
    "several-places: previous and own": _head(query="1000 * (shift + torch.eye(n_positions))"),
    "several-places: faintly": _head(query="0.1 * (shift + torch.eye(n_positions))"),
    "too-soft": _head(query="shift"),
    "too-soft: hardly at all": _head(query="1e-4 * shift"),
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
}

UNUSUAL = [
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
]

NEAR_MISSES = {
    "next-token": WRONG["own-position"],
    "own-position": WRONG["several-places: previous and own"],
    "looks-at-tokens": _head(
        query="torch.zeros(n_positions, n_positions)",
        key="torch.zeros(n_positions, n_positions)",
        after="W_query[n_vocab:, 0] = W_key[n_vocab :: 5, 0] = 100.0",  # positions 0 and 5: the same token here
    ),
    "rows-of-the-tokens": WRONG["several-places"],
    "rows-of-the-tokens: two back, the previous second": _head(query="3 * (shift @ shift) + 2.5 * shift"),
    "several-places": WRONG["too-soft"],
    "too-soft": WRONG["several-places: faintly"],
    "no-preference": WRONG["too-soft: hardly at all"],
    "same-for-all": WRONG["several-places: and its own"],
    "other-places": WRONG["own-position"],
    "position-told": WRONG["token-garbled"],
    "nothing-told": _head(value="W_value[:n_vocab] = 0.01 * torch.eye(n_vocab)"),
    "token-garbled": WRONG["nothing-told"],
    "other-shapes": UNUSUAL[3],
    "not-finite": _head(query="1e9 * shift"),
    "not-three": _head().replace("return W_query, W_key, W_value", "return [W_query, W_key, W_value]"),
    "tied-to-the-example": WRONG["too-soft: at many positions"],
}

CRASHES = {
    "identity-of-another-size": _head(after="W_key[n_vocab:] = torch.eye(n_vocab)"),
    "one-row-too-far": _head(after="for p in range(rows):\n        W_key[n_vocab + p, p] = 1.0"),
    "one-row-too-far: a column": _head(after="for p in range(n_positions):\n        W_query[n_vocab + p, p + 1] = 1.0"),
    "loop-over-a-number": _head(after="for p in n_positions:\n        W_key[n_vocab + p, p] = 1.0"),
}
