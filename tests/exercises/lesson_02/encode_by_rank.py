"""Answers to "Encode by rank": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _encode(choice: str, start: str = "list(text.encode())", after: str = "", result: str = "ids") -> str:
    """Merge place after place; `choice` picks from `found`, a list of (rank, place)."""
    return f"""
from collections import Counter

def encode(text, merges):
    ids = {start}
    ranks = {{pair: rank for rank, pair in enumerate(merges)}}
    while True:
        found = [(ranks[pair], place) for place, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
        if not found:
            return {result}
        counts = Counter(rank for rank, place in found)
        rank, place = {choice}
        ids[place : place + 2] = [256 + rank]
        {after or "pass"}
"""


def _replay(order: str = "enumerate(merges)", new_id: str = "256 + rank", after: str = "pass") -> str:
    """Go once through the merges."""
    return f"""
def merge(ids, pair, new_id):
    merged = []
    for id in ids:
        if merged and (merged[-1], id) == pair:
            merged[-1] = new_id
        else:
            merged.append(id)
    return merged

def encode(text, merges):
    ids = list(text.encode())
    for rank, pair in {order}:
        ids = merge(ids, pair, {new_id})
        {after}
    return ids
"""


def _encode_parts(parts: str) -> str:
    """Go through the merges once for each part of the text."""
    return f"""
def encode(text, merges):
    ids = []
    for part in {parts}:
        row = "".join(chr(byte) for byte in part.encode())
        for rank, (left, right) in enumerate(merges):
            row = row.replace(chr(left) + chr(right), chr(256 + rank))
        ids += [ord(sign) for sign in row]
    return ids
"""


def _match(body: str) -> str:
    return f"""
def encode(text, merges):
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    data, ids, start = text.encode(), [], 0
    while start < len(data):
        {body}
        ids.append(tokens.index(data[start:end]))
        start = end
    return ids
"""


WRONG = {
    "longest-match": _match("end = max(end for end in range(start + 1, len(data) + 1) if data[start:end] in tokens)"),
    "prefix-extension": _match(
        "end = start + 1\n        while end < len(data) and data[start : end + 1] in tokens:\n            end += 1"
    ),
    "leftmost-first": _encode("min(found, key=lambda one: one[1])"),
    "leftmost-first: without a second look": """
def encode(text, merges):
    ids, row, i = list(text.encode()), [], 0
    while i < len(ids):
        pair = tuple(ids[i : i + 2])
        row.append(256 + merges.index(pair) if pair in merges else ids[i])
        i += 2 if pair in merges else 1
    return row
""",
    "latest-merge-first": _encode("max(found, key=lambda one: (one[0], -one[1]))"),
    "latest-merge-first: in one pass": _replay("reversed(list(enumerate(merges)))"),
    "most-frequent-first": _encode("max(found, key=lambda one: counts[one[0]])"),
    "most-frequent-first: trained anew": """
from llmlab.bpe import train_bpe

def encode(text, merges):
    return train_bpe(text, 256 + len(merges), pattern=None).encode(text)
""",
    "one-merge-only": _encode("min(found)", after="return ids"),
    "one-merge-only: a return in the loop": _replay(after="return ids"),
    "one-merge-only: the lowest rank wherever it stands": _replay(after="if 256 + rank in ids: return ids"),
    "cut-into-words": _encode_parts("text.split()"),
    "cut-into-words: as GPT-2 does": "import regex\nfrom llmlab.bpe import GPT2_PATTERN\n\n"
    + _encode_parts("regex.findall(GPT2_PATTERN, text)"),
    "one-place-a-merge": """
def encode(text, merges):
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        for place in range(len(ids) - 1):
            if (ids[place], ids[place + 1]) == pair:
                ids[place : place + 2] = [256 + rank]
                break
    return ids
""",
    "rightmost-place": _encode("min(found, key=lambda one: (one[0], -one[1]))"),
    "nothing-merged": "def encode(text, merges):\n    return list(text.encode())",
    "nothing-merged: the result not assigned": _replay().replace("ids = merge(", "merge("),
    "characters-for-bytes": _encode("min(found)", start="[ord(character) for character in text]"),
    "rank-for-id": _encode("min(found)", result="[id - 256 if id > 255 else id for id in ids]"),
    "rank-for-id: in the row": _replay(new_id="rank"),
    "rank-for-id: counted from 1": _replay("enumerate(merges, 1)", new_id="256 + rank"),
    "not-a-list-of-ids": "def encode(text, merges):\n    return text.split()",
    "not-a-list-of-ids: bytes": "def encode(text, merges):\n    return text.encode()",
    "other-ids": "def encode(text, merges):\n    return list(range(len(text)))",
    "tied-to-the-example": _encode("min(found)").replace("enumerate(merges)", "enumerate(merges[:16])"),
    "returns-none": "def encode(text, merges):\n    ids = list(text.encode())",
    "mutates-input": """
def encode(text, merges):
    ids = list(text.encode())
    rank = 0
    while merges:
        pair, place = merges.pop(0), 0
        while place < len(ids) - 1:
            if (ids[place], ids[place + 1]) == pair:
                ids[place : place + 2] = [256 + rank]
            place += 1
        rank += 1
    return ids
""",
}

UNUSUAL = [
    _encode("min(found)"),
    _replay(),
    """
def encode(text, merges):
    row = "".join(chr(byte) for byte in text.encode())
    for rank, (left, right) in enumerate(merges):
        row = row.replace(chr(left) + chr(right), chr(256 + rank))
    return torch.tensor([ord(sign) for sign in row], dtype=torch.int64)
""",
    """
from llmlab.bpe import BPETokenizer

def encode(text, merges):
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    ids = list(text.encode())
    ranks = dict(zip(merges, range(len(merges))))
    while len(ids) > 1:
        pair = min(zip(ids, ids[1:]), key=lambda pair: ranks.get(pair, len(ranks)))
        if pair not in ranks:
            break
        i = list(zip(ids, ids[1:])).index(pair)
        ids = ids[:i] + [256 + ranks[pair]] + ids[i + 2 :]
    return tuple(ids)
""",
]

NEAR_MISSES = {
    "longest-match": WRONG["prefix-extension"],
    "prefix-extension": WRONG["longest-match"],
    "leftmost-first": WRONG["one-merge-only"],
    "latest-merge-first": WRONG["leftmost-first"],
    "most-frequent-first": WRONG["latest-merge-first"],
    "one-merge-only": WRONG["one-place-a-merge"],
    "one-place-a-merge": WRONG["one-merge-only: a return in the loop"],
    "rightmost-place": WRONG["one-place-a-merge"],
    "cut-into-words": _replay().replace("text.encode()", "text.strip().encode()"),
    "nothing-merged": _replay("enumerate(merges[:0])").replace("return ids", "return ids[::-1]"),
    "characters-for-bytes": _encode("min(found)", start="list(text.encode('utf-16-le'))"),
    "rank-for-id": WRONG["one-merge-only"],
    "not-a-list-of-ids": WRONG["nothing-merged"],
    "other-ids": WRONG["rank-for-id: counted from 1"],
    "tied-to-the-example": WRONG["one-merge-only"],
}

_LOWEST = """
def encode(text, merges):
    ids = list(text.encode())
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    while %s:
        pair = min(zip(ids, ids[1:]), key=lambda pair: %s)
        if pair not in ranks:
            break
        place = list(zip(ids, ids[1:])).index(pair)
        ids[place : place + 2] = [256 + ranks[pair]]
    return ids
"""

CRASHES = {
    "no-pair-left": _LOWEST % ("True", "ranks.get(pair, len(ranks))"),
    "pair-without-rank": _LOWEST % ("len(ids) > 1", "ranks[pair]"),
    "pair-without-rank: looked for among the merges": _LOWEST % ("len(ids) > 1", "merges.index(pair)"),
    "past-the-last-pair": """
def encode(text, merges):
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        for place in range(len(ids) - 1):
            if (ids[place], ids[place + 1]) == pair:
                ids[place : place + 2] = [256 + rank]
    return ids
""",
    "rank-is-none": _LOWEST % ("len(ids) > 1", "ranks.get(pair)"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "greedy longest match is presented as byte pair encoding": ("longest-match",),
    "prefix extension is taken for longest match": ("prefix-extension",),
}
