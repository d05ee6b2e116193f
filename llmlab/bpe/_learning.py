"""The inner loop of byte pair encoding: which pairs to merge, in which order (lesson 02).

The trainer of the lesson counts all pairs anew before every merge. This one finds the same merges and counts only once.
Afterwards it keeps the counts up to date, because a merge changes nothing but the neighbours of the pair it merges:

- equal chunks are merged in equal ways, so each distinct chunk is kept once, with the number of times it occurs;
- every pair knows the places where it occurs, so a merge visits those and nothing else;
- the symbols form a linked list, so merging two of them moves none of the others;
- a heap hands out the most frequent pair. Its entries are corrected only when they come up.

The time is about proportional to the length of the distinct chunks, where the lesson's trainer takes that length times
the number of merges. Sennrich et al. 2016 sketch the idea ("index data structures, and update incrementally").
"""

from __future__ import annotations

import contextlib
import gc
import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

_EDGE = -1  # stands before the first chunk, between chunks and after the last: no pair contains it
_GONE = -2  # a symbol that was merged into the one on its left

_UPSIDE_DOWN = bytes(reversed(range(256)))  # turns byte b into 255 - b


@contextlib.contextmanager
def collector_at_rest() -> Iterator[None]:
    """Python looks for no reference cycles meanwhile: for work that makes none, but very many lists."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def learn_merges(
    chunks: Mapping[bytes, int], n_merges: int, min_frequency: int = 1, tie_break: str = "first"
) -> list[tuple[bytes, bytes]]:
    """The merges that byte pair encoding learns from `chunks`, in rank order, as pairs of byte strings.

    Args:
        chunks: how often each distinct chunk of the text occurs, in the order of first appearance.
        n_merges: how many merges to learn; fewer are returned when the pairs run out.
        min_frequency: a pair that occurs less often is not merged.
        tie_break: which of several equally frequent pairs is merged: "first" or "lexicographic", see `train_bpe`.

    >>> learn_merges({b"low": 5, b"lower": 2, b"newest": 6}, n_merges=3)
    [(b'w', b'e'), (b'l', b'o'), (b'n', b'e')]
    """
    # All chunks in one row of symbols: 0-255 for bytes, 256 for the first merge, and so on. A symbol's weight says how
    # often its chunk occurs.
    symbols, weights = [_EDGE], [0]
    for chunk, frequency in chunks.items():
        symbols += chunk
        symbols.append(_EDGE)
        weights += [frequency] * len(chunk)
        weights.append(0)
    all_places = list(range(len(symbols)))
    following = all_places[1:] + [0]  # the place of the next symbol that is not gone
    preceding = [0] + all_places[:-1]  # the place of the previous one

    # A pair's place is that of its left symbol. Overlapping places count, all three of them in "aaaa".
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for place, pair in zip(all_places, pairwise(symbols), strict=False):
        if _EDGE not in pair:
            places[pair].append(place)
            counts[pair] += weights[place]
    del all_places

    tokens = [bytes([byte]) for byte in range(256)]

    def heap_entry(pair: tuple[int, int]) -> tuple:
        """The smallest entry belongs to the pair to merge next: the greatest count, then the tie rule.

        "first" compares places in the row of *distinct* chunks. That is the order of first occurrences in the text:
        equal chunks look alike at every step, so a pair's first occurrence in the text lies in the first appearance of
        some chunk, and the row holds exactly these first appearances, in the order of the text.
        """
        if tie_break == "first":
            return -counts[pair], places[pair][0], pair
        # The greatest byte string must become the smallest: flip the bytes, and put a string before its own beginning.
        left, right = (tokens[symbol].translate(_UPSIDE_DOWN).decode("latin-1") + "\u0100" for symbol in pair)
        return -counts[pair], left, right, pair

    heap = [heap_entry(pair) for pair, count in counts.items() if count >= min_frequency]
    heapq.heapify(heap)
    merges: list[tuple[bytes, bytes]] = []

    while heap and len(merges) < n_merges:
        entry = heapq.heappop(heap)
        pair = left, right = entry[-1]
        if counts[pair] < min_frequency:
            continue
        # A pair gains occurrences only while its newer symbol is being made; afterwards it can only lose some. So an
        # outdated entry comes up too early, never too late: bring it up to date, and put it back if it has changed.
        found = places[pair]
        gone = 0
        while symbols[found[gone]] != left or symbols[following[found[gone]]] != right:
            gone += 1
        del found[:gone]
        if entry != (current := heap_entry(pair)):
            heapq.heappush(heap, current)
            continue

        merges.append((tokens[left], tokens[right]))
        tokens.append(tokens[left] + tokens[right])
        merged = len(tokens) - 1

        # Merge from left to right, and note for each neighbour where it now stands beside the merged symbol.
        before: dict[int, list[int]] = defaultdict(list)  # left neighbour -> places of (neighbour, merged)
        after: dict[int, list[int]] = defaultdict(list)  # right neighbour -> places of (merged, neighbour)
        for place in places.pop(pair):
            second = following[place]
            if symbols[place] != left or symbols[second] != right:
                continue  # destroyed by an earlier merge, or it overlaps the place before: "aaa" is (aa, a)
            neighbour, third = preceding[place], following[second]
            before[symbols[neighbour]].append(neighbour)
            after[symbols[third]].append(place)
            symbols[place], symbols[second] = merged, _GONE
            following[place], preceding[third] = third, place

        # Each note is one occurrence lost by an old pair and one won by a new pair. In "abab" the first merge of (a, b)
        # notes (ab, a), and the second one takes that back: there, the old pair (merged, left) loses an occurrence.
        changes = [((symbol, left), (symbol, merged), noted) for symbol, noted in before.items()]
        changes += [((right, symbol), (merged, symbol), noted) for symbol, noted in after.items()]
        for old, new, noted in changes:
            if _EDGE not in new:
                occurrences = sum(map(weights.__getitem__, noted))
                counts[old] -= occurrences
                counts[new] += occurrences
                places[new] += noted
        del counts[pair]
        for _, new, _ in changes:
            if counts.get(new, 0) >= min_frequency:
                heapq.heappush(heap, heap_entry(new))
    return merges
