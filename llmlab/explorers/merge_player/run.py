"""One text under one setting, merge by merge: the learner's two functions at work, or llmlab's own."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from typing import Any

import regex

from llmlab.bpe import GPT2_PATTERN
from llmlab.explorers.host.learner import is_written

MAX_BYTES = 120  # as many tokens as a glance takes in

Pair = tuple[int, int]
CountPairs = Callable[[list[int]], Mapping[Pair, int]]
Merge = Callable[[list[int], Pair, int], Iterable[int]]


@dataclass(frozen=True)
class CountedPair:
    """A pair of neighbouring tokens: how often it occurs, and at which token of the text first (-1: nowhere)."""

    left: bytes
    right: bytes
    count: int
    first: int


def count_by_zip(ids: list[int]) -> Counter[Pair]:
    """llmlab's own `count_pairs`, for learners who have not written theirs yet."""
    return Counter(pairwise(ids))


def merge_left_to_right(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    """llmlab's own `merge`."""
    merged, place = [], 0
    while place < len(ids):
        found = tuple(ids[place : place + 2]) == pair
        merged.append(new_id if found else ids[place])
        place += 2 if found else 1
    return merged


class Run:
    """All states of one text under one setting, worked out as far as they were asked for."""

    def __init__(
        self, text: bytes, tie_break: str, pretokenize: bool, count_pairs: CountPairs | None, merge: Merge | None
    ) -> None:
        chunks = regex.findall(GPT2_PATTERN, text.decode()) if pretokenize else [text.decode()]
        self.states = [[list(chunk.encode()) for chunk in chunks]]
        self.tokens = [bytes([byte]) for byte in range(256)]
        self.merges: list[tuple[bytes, bytes]] = []
        self.pairs: list[list[tuple[Pair, CountedPair]]] = []  # for each state
        self.tie_break, self.count_pairs, self.merge = tie_break, count_pairs, merge
        self.own_count = self.own_merge = False
        self._others: dict[tuple[int, int], tuple[int, ...]] = {}

    def reach(self, wanted: int) -> int:
        """Work out the states up to `wanted`; returns the last one that there is, at most `wanted`."""
        while len(self.pairs) <= wanted:
            if len(self.pairs) == len(self.states):  # the last state has no pair to merge
                return len(self.states) - 1
            state = self.states[len(self.pairs)]
            pairs = self._ordered(state)
            if pairs:
                self._append_merged(state, pairs[0][0])
            self.pairs.append(pairs)
        return wanted

    def reach_what_works(self, wanted: int) -> int:
        """The same for a look ahead: where a learner's function fails on the way, as far as it got."""
        try:
            return self.reach(wanted)
        except Exception:
            return len(self.pairs) - 1

    def what_if(self, n_merges: int, number: int, most: int) -> tuple[int, ...]:
        """How many tokens are left from `n_merges` on if the pair `number` of that state is merged next."""
        if (n_merges, number) not in self._others:
            other = copy.copy(self)
            other.states = self.states[: n_merges + 1]
            other.tokens = self.tokens[: 256 + n_merges]
            other.merges, other.pairs = self.merges[:n_merges], self.pairs[: n_merges + 1]
            other._append_merged(other.states[n_merges], other.pairs[n_merges][number][0])
            last = other.reach_what_works(most)
            self._others[n_merges, number] = tuple(sum(map(len, state)) for state in other.states[n_merges : last + 1])
        return self._others[n_merges, number]

    def _ordered(self, state: list[list[int]]) -> list[tuple[Pair, CountedPair]]:
        counts: Counter[Pair] = Counter()
        for chunk in state:
            counts.update(self._counted(chunk))
        first: dict[Pair, int] = {}
        place = 0
        for chunk in state:
            for pair in pairwise(chunk):
                first.setdefault(pair, place)
                place += 1
            place += bool(chunk)
        pairs = [
            (pair, CountedPair(self.tokens[pair[0]], self.tokens[pair[1]], count, first.get(pair, -1)))
            for pair, count in counts.items()
            if count > 0
        ]
        if self.tie_break == "lexicographic":
            pairs.sort(key=lambda item: (item[1].left, item[1].right), reverse=True)
        else:
            pairs.sort(key=lambda item: item[1].first if item[1].first >= 0 else len(self.tokens) + place)
        pairs.sort(key=lambda item: -item[1].count)  # a stable sort: the tie rule orders equal counts
        return pairs

    def _counted(self, chunk: list[int]) -> Mapping[Pair, int]:
        found = self.count_pairs(list(chunk)) if self.count_pairs is not None else None
        if not is_written(found):
            return count_by_zip(chunk)
        self.own_count = True
        if not isinstance(found, Mapping):
            raise ValueError(f"count_pairs must return a dictionary pair -> count, got {type(found).__name__}")
        counts = {pair: index(count) for pair, count in found.items()}
        for pair in (pair for pair, count in counts.items() if count):
            if not (isinstance(pair, tuple) and len(pair) == 2 and all(self._is_id(part) for part in pair)):
                raise ValueError(f"count_pairs must count pairs (left id, right id) of the ids it got, not {pair!r}")
        return counts

    def _append_merged(self, state: list[list[int]], pair: Pair) -> None:
        new_id, token = len(self.tokens), self.tokens[pair[0]] + self.tokens[pair[1]]
        if len(token) > sum(map(len, self.states[0])):  # its bytes would double with every merge
            raise ValueError(
                f"{pair} would become a token longer than the text: merge must replace nothing but the pair"
            )
        merged = []
        for chunk in state:
            found = self.merge(list(chunk), pair, new_id) if self.merge is not None else None
            if found is None or not is_written(found):
                merged.append(merge_left_to_right(chunk, pair, new_id))
                continue
            self.own_merge = True
            ids = [index(id) for id in found]
            if len(ids) > 2 * MAX_BYTES or not all(self._is_id(id) or id == new_id for id in ids):
                raise ValueError(f"merge must return the ids with {pair} replaced by {new_id}, got {str(ids)[:80]}")
            merged.append(ids)
        self.tokens.append(token)
        self.merges.append((self.tokens[pair[0]], self.tokens[pair[1]]))
        self.states.append(merged)

    def _is_id(self, id: Any) -> bool:
        return isinstance(id, int) and 0 <= id < len(self.tokens)
