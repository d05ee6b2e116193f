"""Encoding one chunk: apply the merges in the order of their ranks (lesson 02).

Of all pairs in the chunk, always the one of lowest rank is merged, the leftmost if there are several. That is not the
same as taking the longest token that fits. Two forms of it: one to read, and one for chunks of many thousand symbols.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise, repeat

BYTES = [bytes([byte]) for byte in range(256)]  # what all merges are made of
_NEVER = 1 << 60  # the rank of a pair that no merge joins
_LONG = 100  # symbols; beyond this, finding the best pair by looking at all of them takes too long
_CACHED_CHUNKS = 1 << 16  # a text of 1 MB has about 15,000 distinct chunks


def checked_merges(merges: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The merges as a list, checked: each part is a byte or made by an earlier merge, and no merge comes twice."""
    if not isinstance(merges, Iterable):
        raise TypeError(f"merges must be pairs of bytes in rank order, got {merges!r}: write [] for none")
    known: set[bytes] = set(BYTES)
    checked: dict[tuple[bytes, bytes], int] = {}
    for number, merge in enumerate(merges):
        pair = tuple(merge) if isinstance(merge, Iterable) else ()
        if len(pair) != 2 or not all(isinstance(part, bytes) for part in pair):
            raise TypeError(f"merge {number} must be a pair of bytes, got {merge!r}")
        left, right = pair
        for part in pair:
            if part not in known:
                raise ValueError(f"merge {number} uses {part!r}, which is neither a byte nor made by an earlier merge")
        if (left, right) in checked:
            raise ValueError(f"merge {number} is merge {checked[left, right]} again: {pair!r}")
        checked[left, right] = number
        known.add(left + right)
    return list(checked)


def merge_by_rank(ids: list[int], ranks: Mapping[tuple[int, int], int], merged: Sequence[int]) -> list[int]:
    """The ids of a chunk, given those of its bytes.

    Args:
        ids: the ids of the bytes; changed in place.
        ranks: pair of ids -> rank of its merge.
        merged: rank -> id of what the merge makes.

    >>> merge_by_rank([7, 8, 9], {(8, 9): 0, (7, 8): 1}, [10, 11])
    [7, 10]
    """
    if len(ids) > _LONG:
        return _merge_long(ids, ranks, merged)
    pair_ranks = list(map(ranks.get, pairwise(ids), repeat(_NEVER)))  # a loop, run in C
    while pair_ranks and (lowest := min(pair_ranks)) < _NEVER:
        i = pair_ranks.index(lowest)
        ids[i] = new = merged[lowest]
        # One id and one pair are gone, and the pairs to the left and right have a new member.
        del ids[i + 1], pair_ranks[i]
        if i > 0:
            pair_ranks[i - 1] = ranks.get((ids[i - 1], new), _NEVER)
        if i < len(pair_ranks):
            pair_ranks[i] = ranks.get((new, ids[i + 1]), _NEVER)
    return ids


def _merge_long(of_bytes: list[int], ranks: Mapping[tuple, int], merged: Sequence[int]) -> list[int]:
    """The same merges in the same order: a heap hands out the best pair, and a linked list spares moving the ids."""
    # None is an end that pairs with nothing; an id that was merged into the one on its left becomes None, too.
    ids: list[int | None] = [*of_bytes, None]
    following, preceding = list(range(1, len(ids) + 1)), list(range(-1, len(ids) - 1))
    heap = [(ranks[pair], i) for i, pair in enumerate(pairwise(ids)) if pair in ranks]
    heapq.heapify(heap)  # by rank, then by place
    while heap:
        rank, i = heapq.heappop(heap)
        second = following[i]
        if ids[i] is None or ranks.get((ids[i], ids[second])) != rank:
            continue  # an earlier merge took one of the two
        third = following[second]
        ids[i], ids[second] = merged[rank], None
        following[i], preceding[third] = third, i
        for left in (preceding[i], i):
            pair_rank = ranks.get((ids[left], ids[following[left]])) if left >= 0 else None
            if pair_rank is not None:
                heapq.heappush(heap, (pair_rank, left))
    return [id for id in ids if id is not None]


class ChunkCache(dict[str, list[int]]):
    """Chunk -> ids, worked out when first asked for. Emptied when full, so that it does not grow with the text."""

    def __init__(self, encode_chunk: Callable[[str], list[int]]) -> None:
        self.encode_chunk = encode_chunk

    def __missing__(self, chunk: str) -> list[int]:
        ids = self.encode_chunk(chunk)
        if len(chunk) <= _LONG:  # a long chunk hardly comes again, and would take the room of many
            if len(self) >= _CACHED_CHUNKS:
                self.clear()
            self[chunk] = ids
        return ids
