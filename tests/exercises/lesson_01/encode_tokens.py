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
    "stops-at-the-first-unknown": """
def encode_tokens(tokens, token_to_id):
    ids = []
    try:
        for token in tokens:
            ids.append(token_to_id[token])
    except KeyError:
        ids.append(token_to_id["<|unk|>"])
    return ids
""",
    "stops-at-the-first-unknown: nothing for it": """
def encode_tokens(tokens, token_to_id):
    ids = []
    for token in tokens:
        if token not in token_to_id:
            break
        ids.append(token_to_id[token])
    return ids
""",
    "one-id-for-all": """
def encode_tokens(tokens, token_to_id):
    try:
        return [token_to_id[token] for token in tokens]
    except KeyError:
        return [token_to_id["<|unk|>"]]
""",
    "stops-too-early": """
def encode_tokens(tokens, token_to_id):
    for token in tokens:
        return [token_to_id.get(token, token_to_id["<|unk|>"])]
    return []
""",
    "place-instead-of-id": """
def encode_tokens(tokens, token_to_id):
    places = list(token_to_id)
    return [places.index(token if token in token_to_id else "<|unk|>") for token in tokens]
""",
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

# What looks like it and is not it: it passes, or fails for another reason.
NEAR_MISSES = {
    "unknown-raises": WRONG["entry-misnamed"],
    "entry-misnamed": WRONG["unknown-raises"],
    "case-folded": _ids("return [token_to_id.get(t.upper(), token_to_id['<|unk|>']) for t in tokens]"),
    "unknown-dropped": WRONG["stops-at-the-first-unknown"],
    "stops-at-the-first-unknown": WRONG["unknown-dropped"],
    "one-id-for-all": WRONG["everything-unknown"],
    "stops-too-early": WRONG["stops-at-the-first-unknown"],
    "place-instead-of-id": _ids("return [list(token_to_id.values())[0] for token in tokens]"),
    "name-instead-of-id": _ids("return [token_to_id.get(token, 'unk') for token in tokens]"),
    "nothing-in-its-place": WRONG["name-instead-of-id"],
    "id-zero-lost": _ids("return [(token_to_id.get(token) or 0) for token in tokens]"),
    "id-of-another": WRONG["last-id-taken"],
    "last-id-taken": WRONG["new-id-invented"],
    "new-id-invented": WRONG["last-id-taken"],
    "everything-unknown": WRONG["id-of-another"],
    "not-ids": WRONG["other-ids"],
    "other-ids": WRONG["stops-too-early"],
    "tied-to-the-example": WRONG["other-ids"],
}

CRASHES = {
    "get-with-brackets": _ids("return [token_to_id.get[token] for token in tokens]"),
    "whole-list-asked": _ids("return token_to_id.get(tokens, token_to_id['<|unk|>'])"),
    "whole-list-asked: with brackets": _ids("return [token_to_id[tokens] for token in tokens]"),
    "not-callable": _ids("return [token_to_id(token) for token in tokens]"),
    "position-not-a-number": _ids("return [tokens[token] for token in tokens]"),
}
