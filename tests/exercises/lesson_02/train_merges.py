"""Answers to "Train merges": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _train(
    best: str = "max(counts, key=counts.get)",
    ids: str = "merge(ids, best, 256 + len(merges))",
    start: str = "list(text.encode())",
    until: str = "len(merges) < n_merges",
    stop: str = "not counts",
    result: str = "merges",
) -> str:
    return f"""
def train(text, n_merges, count_pairs, merge):
    ids, merges = {start}, []
    while {until}:
        counts = count_pairs(ids)
        if {stop}:
            break
        best = {best}
        ids = {ids}
        merges.append(best)
    return {result}
"""


WRONG = {
    "same-ids-again": _train().replace("ids = merge(", "merge("),
    "same-ids-again: counted before the loop": """
def train(text, n_merges, count_pairs, merge):
    ids, merges = list(text.encode()), []
    counts = count_pairs(ids)
    while counts and len(merges) < n_merges:
        best = max(counts, key=counts.get)
        ids = merge(ids, best, 256 + len(merges))
        merges.append(best)
    return merges
""",
    "counted-once": """
def train(text, n_merges, count_pairs, merge):
    counts = count_pairs(list(text.encode()))
    return sorted(counts, key=counts.get, reverse=True)[:n_merges]
""",
    "tie-the-other-way": """
def train(text, n_merges, count_pairs, merge):
    ids, merges = list(text.encode()), []
    for rank in range(n_merges):
        best, most = None, 0
        for pair, count in count_pairs(ids).items():
            if count >= most:
                best, most = pair, count
        if best is None:
            break
        ids = merge(ids, best, 256 + rank)
        merges.append(best)
    return merges
""",
    "tie-the-other-way: the greatest pair": _train("max(counts.items(), key=lambda one: (one[1], one[0]))[0]"),
    "tie-the-other-way: the smallest pair": _train("max(sorted(counts), key=counts.get)"),
    "least-frequent-first": _train("min(counts, key=counts.get)"),
    "count-ignored": _train("max(counts)"),
    "count-ignored: the first": _train("list(counts)[0]"),
    "one-place-a-merge": """
def train(text, n_merges, count_pairs, merge):
    ids, merges = list(text.encode()), []
    while len(merges) < n_merges and len(ids) > 1:
        counts = count_pairs(ids)
        best = max(counts, key=counts.get)
        place = list(zip(ids, ids[1:])).index(best)
        ids[place : place + 2] = [256 + len(merges)]
        merges.append(best)
    return merges
""",
    "one-id-for-all": _train(ids="merge(ids, best, 256)"),
    "ids-off": _train(ids="merge(ids, best, 257 + len(merges))"),
    "ids-off: the rank alone": _train(ids="merge(ids, best, len(merges))"),
    "ids-off: one too few": _train(ids="merge(ids, best, 255 + len(merges))"),
    "stops-at-single-pairs": _train(stop="not counts or max(counts.values()) < 2"),
    "spaces-lost": _train(start='list("".join(text.split()).encode())'),
    "characters-for-bytes": _train(start="[ord(character) for character in text]"),
    "too-few-merges": _train(until="len(merges) < n_merges - 1"),
    "too-few-merges: a return in the loop": _train().replace("    return merges", "        return merges"),
    "too-many-merges": _train(until="True"),
    "too-many-merges: one": _train(until="len(merges) <= n_merges"),
    "ids-for-merges": _train(result="ids"),
    "counts-for-pairs": """
def train(text, n_merges, count_pairs, merge):
    ids, merges = list(text.encode()), []
    while len(merges) < n_merges and len(ids) > 1:
        counts = count_pairs(ids)
        merges.append(max(counts.values()))
        ids = merge(ids, max(counts, key=counts.get), 255 + len(merges))
    return merges
""",
    "pairs-of-characters": _train(start="list(text)"),
    "not-pairs-of-ids": _train(result="{pair: 256 + rank for rank, pair in enumerate(merges)}"),
    "not-pairs-of-ids: with their ids": _train(result="[(pair, 256 + rank) for rank, pair in enumerate(merges)]"),
    "other-merges": "def train(text, n_merges, count_pairs, merge):\n    return [(1, 2)] * n_merges",
    "tied-to-the-example": _train(until="len(merges) < min(n_merges, 5)"),
    "returns-none": "def train(text, n_merges, count_pairs, merge):\n    merges = []",
    "wrong-parameters": "def train(text, n_merges):\n    return []",
}

UNUSUAL = [
    """
from collections import Counter

def train(text, n_merges, count_pairs, merge):
    ids, merges = list(text.encode()), []
    for new_id in range(256, 256 + n_merges):
        counts = Counter(zip(ids, ids[1:]))
        if not counts:
            break
        (best, _), *_ = counts.most_common(1)
        merged = []
        for id in ids:
            if merged and (merged[-1], id) == best:
                merged[-1] = new_id
            else:
                merged.append(id)
        ids, merges = merged, [*merges, list(best)]
    return tuple(merges)
""",
    _train("count_pairs(ids).most_common(1)[0][0]"),
    """
def train(text, n_merges, count_pairs, merge):
    def learn(ids, merges):
        counts = count_pairs(ids)
        if len(merges) == n_merges or not counts:
            return merges
        best = max(counts, key=lambda pair: counts[pair])
        return learn(merge(ids, best, 256 + len(merges)), merges + [best])

    return learn(list(text.encode()), [])
""",
]

NEAR_MISSES = {
    "same-ids-again": WRONG["counted-once"],
    "counted-once": WRONG["same-ids-again: counted before the loop"],
    "tie-the-other-way": _train("max(sorted(counts, key=list(counts).index), key=counts.get)"),
    "least-frequent-first": WRONG["count-ignored"],
    "count-ignored": WRONG["tie-the-other-way: the greatest pair"],
    "one-place-a-merge": _train("(counts.get(max(counts)), max(counts, key=counts.get))[1]"),
    "one-id-for-all": WRONG["ids-off"],
    "ids-off": WRONG["one-id-for-all"],
    "stops-at-single-pairs": WRONG["too-few-merges"],
    "spaces-lost": WRONG["characters-for-bytes"],
    "characters-for-bytes": WRONG["pairs-of-characters"],
    "too-few-merges": WRONG["stops-at-single-pairs"],
    "too-many-merges": WRONG["same-ids-again"],
    "ids-for-merges": _train(result="list(range(256, 256 + len(merges)))"),
    "counts-for-pairs": WRONG["ids-for-merges"],
    "pairs-of-characters": _train(result="[(str(pair[0]) + str(pair[1]),) for pair in merges]"),
    "not-pairs-of-ids": WRONG["pairs-of-characters"],
    "other-merges": WRONG["least-frequent-first"],
    "tied-to-the-example": WRONG["too-few-merges"],
}

CRASHES = {
    "pairs-run-out": _train(stop="False"),
    "list-for-its-length": _train(ids="merge(ids, best, 256 + merges)"),
    "merges-is-a-list": _train().replace("merges.append(best)", "merges[best] = 256 + len(merges)"),
    "none-used": _train().replace("merges.append(best)", "merges = merges.append(best)"),
    "arguments-do-not-fit": _train(ids="merge(ids, best)"),
}
