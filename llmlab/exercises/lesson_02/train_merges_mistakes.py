"""Trainers: the right one, and those that learners write instead, each under the name of its idea."""

from __future__ import annotations

from collections.abc import Callable

from llmlab.exercises.lesson_02.common import Algorithms, Pair, merge_first, merge_pair, pair_counts

Choose = Callable[[dict[Pair, int]], Pair]


def first_of_equals(counts: dict[Pair, int]) -> Pair:
    """The most frequent pair; of several the one whose first place comes first, in the order of insertion."""
    return max(counts, key=counts.__getitem__)


def trainer(
    choose: Choose = first_of_equals,
    *,
    new_id: Callable[[int], int] = lambda rank: 256 + rank,
    merge: Callable = merge_pair,
    at_least: int = 1,
    start: Callable[[str], list[int]] = lambda text: list(text.encode()),
) -> Callable[[str, int], list[Pair]]:
    """A trainer that counts the pairs anew before each merge; what it does otherwise is the argument."""

    def train(text: str, n_merges: int) -> list[Pair]:
        merges: list[Pair] = []
        ids = start(text)
        while len(merges) < n_merges:
            counts = pair_counts(ids)
            if not counts or max(counts.values()) < at_least:
                break
            merges.append(choose(counts))
            ids = merge(ids, merges[-1], new_id(len(merges) - 1))
        return merges

    return train


right = trainer()


def _first_counts_only(text: str, n_merges: int) -> list[Pair]:
    """The pairs of the bytes, by how often they occur there."""
    counts = pair_counts(list(text.encode()))
    return sorted(counts, key=lambda pair: -counts[pair])[:n_merges]


def _never_merged(text: str, n_merges: int) -> list[Pair]:
    counts = pair_counts(list(text.encode()))
    return [first_of_equals(counts)] * n_merges if counts else []


def _last_of_equals(counts: dict[Pair, int]) -> Pair:
    return max(reversed(counts), key=counts.__getitem__)


TRAINING: Algorithms = {
    "same-ids-again": (_never_merged,),
    "counted-once": (_first_counts_only,),
    "tie-the-other-way": (
        trainer(_last_of_equals),
        trainer(lambda counts: max(counts, key=lambda pair: (counts[pair], pair))),
        trainer(lambda counts: min(counts, key=lambda pair: (-counts[pair], pair))),
    ),
    "least-frequent-first": (trainer(lambda counts: min(counts, key=counts.__getitem__)),),
    "count-ignored": (trainer(lambda counts: next(iter(counts))), trainer(max)),
    "one-place-a-merge": (trainer(merge=merge_first),),
    "one-id-for-all": (trainer(new_id=lambda rank: 256),),
    "ids-off": (
        trainer(new_id=lambda rank: 257 + rank),
        trainer(new_id=lambda rank: 255 + rank),
        trainer(new_id=lambda rank: rank),
    ),
    "stops-at-single-pairs": (trainer(at_least=2),),
    "spaces-lost": (trainer(start=lambda text: [byte for word in text.split() for byte in word.encode()]),),
    "characters-for-bytes": (trainer(start=lambda text: [ord(character) for character in text]),),
}
