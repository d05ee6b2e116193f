"""Answers to "Merge a pair": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


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


WRONG = {
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
    "left-id-alone": _merge(found="ids[i] == pair[0]"),
    "left-id-alone: one for one": _merge(found="ids[i] == pair[0]", step="1"),
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
    "not-a-list-of-ids": "def merge(ids, pair, new_id):\n    return ' '.join(map(str, ids))",
    "not-a-list-of-ids: nested": """
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
}

UNUSUAL = [
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
    rest, merged = list(reversed(ids)), []
    while rest:
        id = rest.pop()
        if rest and [id, rest[-1]] == list(pair):
            rest.pop()
            id = new_id
        merged.append(id)
    return merged
""",
    """
import re

def merge(ids, pair, new_id):
    row = "".join(map(chr, ids))
    return torch.tensor([ord(c) for c in re.sub(re.escape(chr(pair[0]) + chr(pair[1])), chr(new_id), row)])
""",
]

NEAR_MISSES = {
    "nothing-merged": """
def merge(ids, pair, new_id):
    return [new_id] + ids[2:] if ids[:2] == [7, 7] else list(ids)
""",
    "only-the-first": WRONG["nothing-merged"],
    "overlap-merged-twice": WRONG["right-member-stays"],
    "right-member-stays": WRONG["overlap-merged-twice"],
    "right-to-left": WRONG["only-the-first"],
    "last-id-lost": WRONG["last-id-twice"],
    "last-id-twice": WRONG["last-id-lost"],
    "order-ignored": WRONG["members-replaced"],
    "left-id-alone": _merge(found="i + 1 < len(ids) and ids[i + 1] == pair[1]"),
    "members-replaced": WRONG["order-ignored"],
    "runs-collapsed": _merge(step="len([1 for _ in ids[i:]]) if len(set(ids[i:])) == 1 else 2"),
    "new-id-missing": WRONG["only-the-first"],
    "digits-matched": WRONG["members-replaced"],
    "not-a-list-of-ids": WRONG["new-id-missing: nothing in its place"],
    "other-ids": WRONG["right-to-left"],
    "tied-to-the-example": WRONG["last-id-lost"],
}

CRASHES = {
    "past-the-last-id": _merge(found="(ids[i], ids[i + 1]) == pair"),
    "none-used": _merge().replace("merged.append(ids[i])", "merged = merged.append(ids[i])"),
    "id-for-a-list": _merge().replace("merged.append(new_id)", "merged = merged + new_id"),
    "id-for-a-list: extended": _merge().replace("merged.append(new_id)", "merged.extend(new_id)"),
    "read-before-assigned": _merge().replace("    i = 0\n", ""),
}

# The lesson's cells that drive an explorer with the answer.
DRIVEN = {
    "explorer": "MergePlayer",
    "parts": ("probe = MergePlayer(",),
    "unseen": frozenset({"returns-none", "mutates-input", "last-id-twice", "digits-matched"}),
    "raises": (ValueError, TypeError, IndexError),
    "names": {"count_pairs": None},
}
