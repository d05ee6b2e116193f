"""Answers to "Count the pairs": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _count(body: str) -> str:
    return f"""
from collections import Counter
from itertools import combinations

def count_pairs(ids):
    {body}
"""


WRONG = {
    "overlaps-left-out": _count(
        "counts = {}\n    last = {}\n    for i, pair in enumerate(zip(ids, ids[1:])):\n"
        "        if last.get(pair) != i - 1:\n            counts[pair] = counts.get(pair, 0) + 1\n"
        "            last[pair] = i\n    return counts"
    ),
    "every-second-pair": _count("return Counter(zip(ids[::2], ids[1::2]))"),
    "order-ignored": _count("return Counter((min(pair), max(pair)) for pair in zip(ids, ids[1:]))"),
    "each-pair-once": _count("return {pair: 1 for pair in zip(ids, ids[1:])}"),
    "return-in-the-loop": """
def count_pairs(ids):
    counts = {}
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1
        return counts
    return counts
""",
    "return-in-the-loop: none for a short list": """
def count_pairs(ids):
    counts = {}
    for pair in zip(ids, ids[1:]):
        counts[pair] = counts.get(pair, 0) + 1
        return counts
""",
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
    "not-a-dictionary: a number for a short row": _count("return Counter(zip(ids, ids[1:])) if len(ids) > 1 else 0"),
    "keys-are-not-pairs": _count("return Counter(ids)"),
    "keys-are-not-pairs: the last id alone": _count("return Counter(tuple(ids[i : i + 2]) for i in range(len(ids)))"),
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
}

UNUSUAL = [
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
]

_LOOP = """
def count_pairs(ids):
    counts = {}
    for i in range(len(ids)%s):
        pair = %s
        %s
    return counts
"""

NEAR_MISSES = {
    "overlaps-left-out": WRONG["each-pair-once"],
    "every-second-pair": WRONG["not-neighbours: one between"],
    "order-ignored": WRONG["pair-reversed"],
    "each-pair-once": WRONG["return-in-the-loop"],
    "return-in-the-loop": WRONG["each-pair-once"],
    "last-pair-missing": WRONG["keys-are-not-pairs: the last id alone"],
    "wraps-around": WRONG["keys-are-not-pairs: the last id alone"],
    "not-neighbours": WRONG["wraps-around"],
    "equal-neighbours-skipped": WRONG["overlaps-left-out"],
    "pair-reversed": WRONG["order-ignored"],
    "counts-one-off": WRONG["each-pair-once"],
    "not-a-dictionary": _count("return dict(Counter(zip(ids, ids[1:])))"),
    "keys-are-not-pairs": WRONG["pair-reversed"],
    "counts-are-not-whole": WRONG["counts-one-off"],
    "other-counts": WRONG["order-ignored"],
    "tied-to-the-example": WRONG["last-pair-missing"],
}

CRASHES = {
    "past-the-last-pair": _LOOP % ("", "(ids[i], ids[i + 1])", "counts[pair] = counts.get(pair, 0) + 1"),
    "first-time-seen": _LOOP % (" - 1", "(ids[i], ids[i + 1])", "counts[pair] += 1"),
    "slice-as-key": _LOOP % (" - 1", "ids[i : i + 2]", "counts[pair] = counts.get(pair, 0) + 1"),
    "none-used": _LOOP % (" - 1", "(ids[i], ids[i + 1])", "counts[pair] = counts.get(pair) + 1"),
}

# The lesson's cells that drive an explorer with the answer.
# The lesson's text has no short rows, no pair at its end, and no ids that hold each other's digits.
DRIVEN = {
    "explorer": "MergePlayer",
    "parts": ("probe = MergePlayer(",),
    "unseen": frozenset({"returns-none", "mutates-input", "not-a-dictionary: a number for a short row"}),
    "raises": (ValueError, TypeError, IndexError),
    "names": {"merge": None},
}
