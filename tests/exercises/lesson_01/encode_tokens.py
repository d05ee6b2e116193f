"""Answers to "A place for unknown words": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _ids(body: str) -> str:
    return f"""
def encode_tokens(tokens, token_to_id):
    {body}
"""


WRONG = {
    "unknown-raises": _ids("return [token_to_id[token] for token in tokens]"),
    "entry-misnamed": _ids("return [token_to_id.get(token, token_to_id['<unk>']) for token in tokens]"),
    "entry-misnamed: only when needed": _ids(
        "return [token_to_id[token if token in token_to_id else 'unk'] for token in tokens]"
    ),
    "case-folded": _ids("return [token_to_id.get(t.lower(), token_to_id['<|unk|>']) for t in tokens]"),
    "unknown-dropped": _ids("return [token_to_id[token] for token in tokens if token in token_to_id]"),
    "name-instead-of-id": _ids("return [token_to_id.get(token, '<|unk|>') for token in tokens]"),
    "nothing-in-its-place": _ids("return [token_to_id.get(token) for token in tokens]"),
    "nothing-in-its-place: misspelt": _ids("return [token_to_id.get(t, token_to_id.get('unk')) for t in tokens]"),
    "id-zero-lost": _ids("return [token_to_id.get(token) or token_to_id['<|unk|>'] for token in tokens]"),
    "id-of-another": _ids("return [token_to_id.get(token, 0) for token in tokens]"),
    "id-of-another: minus one": _ids("return [token_to_id.get(token, -1) for token in tokens]"),
    "last-id-taken": _ids("return [token_to_id.get(token, len(token_to_id) - 1) for token in tokens]"),
    "last-id-taken: the largest": _ids("return [token_to_id.get(t, max(token_to_id.values())) for t in tokens]"),
    "new-id-invented": _ids("return [token_to_id.get(token, len(token_to_id)) for token in tokens]"),
    "everything-unknown": _ids("return [token_to_id['<|unk|>'] for token in tokens]"),
    "everything-unknown: among the ids": _ids(
        "return [token_to_id[t] if t in token_to_id.values() else token_to_id['<|unk|>'] for t in tokens]"
    ),
    "not-ids": _ids("return [t if t in token_to_id else str(token_to_id['<|unk|>']) for t in tokens]"),
    "not-ids: one number": _ids("return len(tokens)"),
    "other-ids": _ids("return sorted(token_to_id.get(token, token_to_id['<|unk|>']) for token in tokens)"),
    "tied-to-the-example": _ids(
        "return [token_to_id['<|unk|>'] if t in ('dog', 'A', 'cow', 'goat', 'boats') or t not in token_to_id and "
        "len(t) == 3 else token_to_id.get(t, 0) for t in tokens]"
    ),
    "mutates-input": _ids("return [token_to_id.setdefault(token, token_to_id['<|unk|>']) for token in tokens]"),
    "returns-none": _ids("[token_to_id.get(token, token_to_id['<|unk|>']) for token in tokens]"),
}

UNUSUAL = [
    """
def encode_tokens(tokens, token_to_id):
    ids = []
    for token in tokens:
        try:
            ids.append(token_to_id[token])
        except KeyError:
            ids.append(token_to_id["<|unk|>"])
    return tuple(ids)
""",
    """
from collections import defaultdict

def encode_tokens(tokens, token_to_id):
    unknown = token_to_id["<|unk|>"]
    return list(map(defaultdict(lambda: unknown, token_to_id).__getitem__, tokens))
""",
    """
import numpy as np

def encode_tokens(tokens, token_to_id):
    known = [token if token in token_to_id else "<|unk|>" for token in tokens]
    return np.array([token_to_id[token] for token in known], dtype=np.int64)
""",
]
