"""Answers to the exercises of lesson 02 that learners give, wrong ones and unusual right ones.

The form is that of lesson_03.py: WRONG, KNOWN_MISTAKES and UNUSUAL by exercise id, each source a student's cell.
"""


def _count(body: str) -> str:
    return f"""
from collections import Counter
from itertools import combinations

def count_pairs(ids):
    {body}
"""


def _merge(found: str = "tuple(ids[i : i + 2]) == pair", step: str = "2", end: str = "len(ids)") -> str:
    return f"""
def merge(ids, pair, new_id):
    merged = []
    i = 0
    while i < {end}:
        if {found}:
            merged.append(new_id)
            i += {step}
        else:
            merged.append(ids[i])
            i += 1
    return merged
"""


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


def _stream(expression: str, before: str = "pass") -> str:
    return f"""
import codecs

def stream(tokens):
    {before}
    return [{expression} for n, token in enumerate(tokens)]
"""


def _held(rest: str) -> str:
    return f"""
def stream(tokens):
    held, texts = b"", []
    for token in tokens:
        held += token
        text = held.decode(errors="ignore")
        held = {rest}
        texts.append(text)
    return texts
"""


WRONG: dict[str, dict[str, str]] = {
    "02.1": {
        "overlaps-left-out": _count(
            "counts = {}\n    last = {}\n    for i, pair in enumerate(zip(ids, ids[1:])):\n"
            "        if last.get(pair) != i - 1:\n            counts[pair] = counts.get(pair, 0) + 1\n"
            "            last[pair] = i\n    return counts"
        ),
        "every-second-pair": _count("return Counter(zip(ids[::2], ids[1::2]))"),
        "order-ignored": _count("return Counter((min(pair), max(pair)) for pair in zip(ids, ids[1:]))"),
        "each-pair-once": _count("return {pair: 1 for pair in zip(ids, ids[1:])}"),
        "last-pair-missing": _count("return Counter((ids[i], ids[i + 1]) for i in range(len(ids) - 2))"),
        "last-pair-missing: the first": _count("return Counter((ids[i], ids[i + 1]) for i in range(1, len(ids) - 1))"),
        "wraps-around": _count("return Counter((ids[i - 1], ids[i]) for i in range(len(ids)))"),
        "not-neighbours": _count("return Counter(combinations(ids, 2))"),
        "not-neighbours: one between": _count("return Counter(zip(ids, ids[2:]))"),
        "equal-neighbours-skipped": _count("return Counter((a, b) for a, b in zip(ids, ids[1:]) if a != b)"),
        "pair-reversed": _count("return Counter(zip(ids[1:], ids))"),
        "counts-one-off": _count(
            "counts = {}\n    for pair in zip(ids, ids[1:]):\n"
            "        counts[pair] = counts[pair] + 1 if pair in counts else 0\n    return counts"
        ),
        "counts-one-off: too many": _count(
            "counts = {}\n    for pair in zip(ids, ids[1:]):\n        counts[pair] = counts.get(pair, 1) + 1\n"
            "    return counts"
        ),
        "not-a-dictionary": _count("return list(zip(ids, ids[1:]))"),
        "not-a-dictionary: the winner": _count("return (1, 4)"),
        "not-a-dictionary: a number for a short row": _count(
            "return Counter(zip(ids, ids[1:])) if len(ids) > 1 else 0"
        ),
        "keys-are-not-pairs": _count("return Counter(ids)"),
        "keys-are-not-pairs: the last id alone": _count(
            "return Counter(tuple(ids[i : i + 2]) for i in range(len(ids)))"
        ),
        "keys-are-not-pairs: texts": _count("return Counter(f'{a},{b}' for a, b in zip(ids, ids[1:]))"),
        "counts-are-not-whole": _count(
            "counts = Counter(zip(ids, ids[1:]))\n    return {pair: n / len(ids) for pair, n in counts.items()}"
        ),
        "other-counts": _count("return {(a, b): a for a, b in zip(ids, ids[1:])}"),
        "tied-to-the-example": _count("return Counter(zip(ids[:6], ids[1:6]))"),
        "returns-none": _count("counts = Counter(zip(ids, ids[1:]))"),
        "mutates-input": _count(
            "counts = Counter()\n    while len(ids) > 1:\n        counts[ids.pop(0), ids[0]] += 1\n    return counts"
        ),
    },
    "02.2": {
        "nothing-merged": _merge(found="ids[i : i + 2] == pair"),
        "only-the-first": """
def merge(ids, pair, new_id):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return ids[:i] + [new_id] + ids[i + 2 :]
    return list(ids)
""",
        "overlap-merged-twice": """
def merge(ids, pair, new_id):
    merged = []
    for i in range(len(ids)):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new_id)
        elif i == 0 or tuple(ids[i - 1 : i + 1]) != pair:
            merged.append(ids[i])
    return merged
""",
        "right-member-stays": _merge(step="1"),
        "right-member-stays: in a for loop": """
def merge(ids, pair, new_id):
    merged = []
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
    return merged
""",
        "right-to-left": """
def merge(ids, pair, new_id):
    ids = list(ids)
    for i in range(len(ids) - 2, -1, -1):
        if tuple(ids[i : i + 2]) == pair:
            ids[i : i + 2] = [new_id]
    return ids
""",
        "last-id-lost": _merge(end="len(ids) - 1"),
        "last-id-twice": _merge(end="len(ids) - 1").replace("return merged", "return merged + ids[-1:]"),
        "new-id-missing": _merge().replace("append(new_id)", "append(256)"),
        "new-id-missing: nothing in its place": _merge().replace("merged.append(new_id)", "pass"),
        "digits-matched": """
def merge(ids, pair, new_id):
    row = " ".join(str(id) for id in ids)
    return [int(id) for id in row.replace(f"{pair[0]} {pair[1]}", str(new_id)).split()]
""",
        "order-ignored": _merge(found="sorted(ids[i : i + 2]) == sorted(pair)"),
        "members-replaced": "def merge(ids, pair, new_id):\n    return [new_id if id in pair else id for id in ids]",
        "runs-collapsed": """
def merge(ids, pair, new_id):
    merged = []
    i = 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            if not merged or merged[-1] != new_id:
                merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged
""",
        "not-a-row-of-ids": "def merge(ids, pair, new_id):\n    return ' '.join(map(str, ids))",
        "not-a-row-of-ids: nested": """
def merge(ids, pair, new_id):
    return [[new_id] if tuple(ids[i : i + 2]) == pair else [ids[i]] for i in range(len(ids))]
""",
        "other-ids": "def merge(ids, pair, new_id):\n    return sorted(ids)",
        "tied-to-the-example": _merge(found="tuple(ids[i : i + 2]) == pair and i < 8"),
        "returns-none": "def merge(ids, pair, new_id):\n    merged = [new_id]",
        "mutates-input": """
def merge(ids, pair, new_id):
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new_id]
        i += 1
    return ids
""",
        "wrong-parameters": "def merge(ids, pair):\n    return ids",
    },
    "02.3": {
        "rules-swapped": "('th', 'no')",
        "one-for-both": "('no', 'no')",
        "one-for-both: the greatest": "('th', 'th')",
        "smallest-taken": "('no', 'hi')",
        "last-taken": "('no', 'ng')",
        "last-taken: for the first": "('ng', 'th')",
        "not-tied": "('no', 'g ')",
        "not-tied: space": "(' n', 'th')",
        "not-two-pairs": "'no'",
        "not-two-pairs: whole words": "('nothing', 'th')",
        "look-again": "('no', 'ot')",
    },
    "02.4": {
        "longest-match": _match(
            "end = max(end for end in range(start + 1, len(data) + 1) if data[start:end] in tokens)"
        ),
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
        "characters-for-bytes": _encode("min(found)", start="[ord(character) for character in text]"),
        "rank-for-id": _encode("min(found)", result="[id - 256 if id > 255 else id for id in ids]"),
        "rank-for-id: in the row": _replay(new_id="rank"),
        "rank-for-id: counted from 1": _replay("enumerate(merges, 1)", new_id="256 + rank"),
        "not-a-row-of-ids": "def encode(text, merges):\n    return text.split()",
        "not-a-row-of-ids: bytes": "def encode(text, merges):\n    return text.encode()",
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
    },
    "02.5": {
        "half-characters-shown": _stream("token.decode(errors='replace')"),
        "half-characters-lost": _stream("token.decode(errors='ignore')"),
        "half-characters-lost: with the whole token": """
def stream(tokens):
    texts = []
    for token in tokens:
        try:
            texts.append(token.decode())
        except UnicodeDecodeError:
            texts.append("")
    return texts
""",
        "half-characters-lost: forgotten after a text": _held('b"" if text else held'),
        "whole-characters-held-back": """
def stream(tokens):
    held, texts = b"", []
    for token in tokens:
        held += token
        try:
            texts.append(held.decode())
            held = b""
        except UnicodeDecodeError:
            texts.append("")
    return texts
""",
        "text-repeated": _stream("b''.join(tokens[: n + 1]).decode(errors='ignore')"),
        "text-repeated: with marks": _stream("b''.join(tokens[: n + 1]).decode(errors='replace')"),
        "text-repeated: characters counted for bytes": _held("held[len(text) :]"),
        "text-repeated: never removed": """
def stream(tokens):
    held, texts = b"", []
    for token in tokens:
        held += token
        try:
            texts.append(held.decode())
        except UnicodeDecodeError:
            texts.append("")
    return texts
""",
        "last-half-shown": _stream(
            "decoder.decode(token, final=n + 1 == len(tokens))",
            'decoder = codecs.getincrementaldecoder("utf-8")("replace")',
        ),
        "nothing-until-the-end": _stream("'' if n + 1 < len(tokens) else b''.join(tokens).decode(errors='ignore')"),
        "bytes-as-characters": _stream("token.decode('latin-1')"),
        "not-one-text-a-token": """
def stream(tokens):
    return [text for text in [b"".join(tokens).decode(errors="ignore")] if text]
""",
        "not-one-text-a-token: empty ones left out": """
import codecs

def stream(tokens):
    decoder = codecs.getincrementaldecoder("utf-8")()
    return [text for text in map(decoder.decode, tokens) if text]
""",
        "not-texts": "def stream(tokens):\n    return list(tokens)",
        "not-texts: one text": "def stream(tokens):\n    return b''.join(tokens).decode(errors='ignore')",
        "other-texts": _stream("token.decode(errors='ignore').upper()"),
        "tied-to-the-example": _stream(
            "decoder.decode(token) if n < 5 else ''", 'decoder = codecs.getincrementaldecoder("utf-8")()'
        ),
        "returns-none": "def stream(tokens):\n    texts = []",
        "mutates-input": """
def stream(tokens):
    texts = []
    for i in range(len(tokens)):
        text = tokens[i].decode(errors="ignore")
        if i + 1 < len(tokens):
            tokens[i + 1] = tokens[i][len(text.encode()) :] + tokens[i + 1]
        texts.append(text)
    return texts
""",
    },
    "02.6": {
        "filled-with-the-separator": "'a'",
        "separator-ends-windows": "'(C)'",
        "padding-is-trained": "'d'",
        "not-an-option": "'packing'",
        "not-an-option: a number": "2",
    },
}

# Mistakes that are often seen in notes on this subject -> where a check recognises them.
KNOWN_MISTAKES = {
    "greedy longest match is presented as byte pair encoding": [("02.4", "longest-match")],
    "every token is valid text": [("02.5", "half-characters-shown"), ("02.5", "half-characters-lost")],
    "the merges are unique": [("02.3", "one-for-both")],
    "prefix extension is taken for longest match": [("02.4", "prefix-extension")],
    "padding, packing and the separator are confused": [
        ("02.6", "filled-with-the-separator"),
        ("02.6", "separator-ends-windows"),
        ("02.6", "padding-is-trained"),
    ],
}

UNUSUAL: dict[str, list[str]] = {
    "02.1": [
        _count("return Counter(zip(ids, ids[1:]))"),
        _count(
            "pairs = list(zip(ids, ids[1:]))\n    print(len(pairs), 'pairs')\n"
            "    return {pair: pairs.count(pair) for pair in sorted(set(pairs))}"
        ),
        """
from collections import defaultdict

def count_pairs(ids):
    ids = torch.tensor(ids)
    counts = defaultdict(int)
    for left, right in zip(ids[:-1].tolist(), ids[1:].tolist()):
        counts[left, right] += 1
    counts[-1, -1]  # looked up, never seen: a count of zero
    return counts
""",
    ],
    "02.2": [
        """
def merge(ids, pair, new_id):
    merged = []
    for id in ids:
        if merged and (merged[-1], id) == pair:
            merged[-1] = new_id
        else:
            merged.append(id)
    return tuple(merged)
""",
        """
def merge(ids, pair, new_id):
    rest = list(reversed(ids))
    while rest:
        id = rest.pop()
        if rest and [id, rest[-1]] == list(pair):
            rest.pop()
            id = new_id
        yield id
""",
        """
import re

def merge(ids, pair, new_id):
    row = "".join(map(chr, ids))
    return torch.tensor([ord(c) for c in re.sub(re.escape(chr(pair[0]) + chr(pair[1])), chr(new_id), row)])
""",
    ],
    "02.3": ["['no', 'th']", "(('n', 'o'), ('t', 'h'))"],
    "02.4": [
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
    ],
    "02.5": [
        _stream("decoder.decode(token)", 'decoder = codecs.getincrementaldecoder("utf-8")()'),
        """
def stream(tokens):
    shown = ""
    for n in range(len(tokens)):
        text = b"".join(tokens[: n + 1]).decode(errors="ignore")
        yield text[len(shown) :]
        shown = text
""",
        """
def stream(tokens):
    held, texts = [], []
    for token in tokens:
        text = ""
        for byte in token:
            held.append(byte)
            try:
                text += bytes(held).decode()
                held = []
            except UnicodeDecodeError:
                pass
        texts.append(text)
    return tuple(texts)
""",
    ],
    "02.6": ["'B'", "'(b)'"],
}
