"""Encoders: the right one, and those that learners write instead, each under the name of its idea."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from llmlab.exercises.lesson_02.common import Algorithms, Pair, merge_first, merge_pair, pair_counts


def trained(ids: list[int], n_merges: int) -> list[Pair]:
    """The merges that a list of ids teaches."""
    merges: list[Pair] = []
    while len(merges) < n_merges and len(ids) > 1:
        counts = pair_counts(ids)
        merges.append(max(counts, key=counts.__getitem__))
        ids = merge_pair(ids, merges[-1], 255 + len(merges))
    return merges


def _ranks(merges: list[Pair]) -> dict[Pair, int]:
    return {_as_pair(pair): rank for rank, pair in enumerate(merges)}


def _as_pair(pair: Sequence[int]) -> Pair:
    """A tuple, also where a learner's merges are lists."""
    left, right = pair
    return left, right


def by_rank(text: str, merges: list[Pair]) -> list[int]:
    """The right ids, from the definition: one merge after the other, each wherever it fits."""
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge_pair(ids, _as_pair(pair), 256 + rank)
    return ids


def _choosing(choose: Callable, most: int = 10**6, start: Callable = lambda text: list(text.encode())) -> Callable:
    """An encoder that merges one place after the other; `choose` picks from [(rank, place)] and the ids."""

    def encode(text: str, merges: list[Pair]) -> list[int]:
        ids, ranks = start(text), _ranks(merges)
        for _ in range(most):
            found = [(ranks[pair], place) for place, pair in enumerate(pairwise(ids)) if pair in ranks]
            if not found:
                break
            rank, place = choose(found, ids)
            ids[place : place + 2] = [256 + rank]
        return ids

    return encode


def _most_frequent(found: list[tuple[int, int]], ids: list[int]) -> tuple[int, int]:
    counts = Counter(rank for rank, _ in found)
    return max(found, key=lambda one: (counts[one[0]], -one[1]))


def token_ids(merges: list[Pair]) -> dict[bytes, int]:
    """The id of each token that the merges make, the smallest where two spell the same bytes."""
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return {token: id for id, token in reversed(list(enumerate(tokens)))}


def _matching(ends: Callable) -> Callable:
    """An encoder that goes through the text once; `ends` picks where the next token ends."""

    def encode(text: str, merges: list[Pair]) -> list[int]:
        data, known, ids, start = text.encode(), token_ids(merges), [], 0
        while start < len(data):
            end = ends(data, start, known)
            ids.append(known[data[start:end]])
            start = end
        return ids

    return encode


def _longest(data: bytes, start: int, known: dict[bytes, int]) -> int:
    return max(end for end in range(start + 1, len(data) + 1) if data[start:end] in known)


def _extended(data: bytes, start: int, known: dict[bytes, int]) -> int:
    end = start + 1
    while end < len(data) and data[start : end + 1] in known:
        end += 1
    return end


def _in_one_pass(order: Callable, new_id: Callable = lambda rank: 256 + rank) -> Callable:
    """An encoder that goes once through the merges, each with its rank, in the order that `order` puts them in."""

    def encode(text: str, merges: list[Pair]) -> list[int]:
        ids = list(text.encode())
        for rank, pair in order(list(enumerate(merges))):
            ids = merge_pair(ids, _as_pair(pair), new_id(rank))
        return ids

    return encode


def _left_to_right(text: str, merges: list[Pair]) -> list[int]:
    """One walk over the bytes, without a second look."""
    ids, ranks, row = list(text.encode()), _ranks(merges), []
    while ids:
        rank = ranks.get(_as_pair(ids[:2])) if len(ids) > 1 else None
        row.append(ids[0] if rank is None else 256 + rank)
        ids = ids[1 if rank is None else 2 :]
    return row


def _word_by_word(pattern: str) -> Callable:
    return lambda text, merges: [id for word in re.findall(pattern, text) for id in by_rank(word, merges)]


def _lowest_rank_only(text: str, merges: list[Pair]) -> list[int]:
    """One round: the pair of lowest rank, wherever it stands, and no second look."""
    ids = list(text.encode())
    there = set(pairwise(ids))
    rank = next((rank for rank, pair in enumerate(merges) if _as_pair(pair) in there), None)
    return ids if rank is None else merge_pair(ids, _as_pair(merges[rank]), 256 + rank)


def _first_place_only(text: str, merges: list[Pair]) -> list[int]:
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge_first(ids, _as_pair(pair), 256 + rank)
    return ids


ENCODING: Algorithms = {
    "longest-match": (_matching(_longest),),
    "prefix-extension": (_matching(_extended),),
    "leftmost-first": (_choosing(lambda found, ids: min(found, key=lambda one: one[1])), _left_to_right),
    "latest-merge-first": (
        _choosing(lambda found, ids: max(found, key=lambda one: (one[0], -one[1]))),
        _in_one_pass(lambda merges: merges[::-1]),
    ),
    "most-frequent-first": (
        _choosing(_most_frequent),
        lambda text, merges: by_rank(text, trained(list(text.encode()), len(merges))),
    ),
    "one-merge-only": (
        _choosing(lambda found, ids: min(found), most=1),
        _lowest_rank_only,
        _in_one_pass(lambda merges: merges[:1]),
    ),
    "cut-into-words": (_word_by_word(r"\S+"), _word_by_word(r" ?\S+|\s+")),
    "one-place-a-merge": (_first_place_only,),
    "rightmost-place": (_choosing(lambda found, ids: min(found, key=lambda one: (one[0], -one[1]))),),
    "nothing-merged": (lambda text, merges: list(text.encode()),),
    "characters-for-bytes": (_choosing(lambda found, ids: min(found), start=lambda text: [ord(c) for c in text]),),
    "rank-for-id": (
        lambda text, merges: [id - 256 if id >= 256 else id for id in by_rank(text, merges)],
        _in_one_pass(list, new_id=lambda rank: rank),
        _in_one_pass(list, new_id=lambda rank: 257 + rank),
    ),
}
