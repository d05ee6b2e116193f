"""The values of the merge player: the text after some merges, and which pair is next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

from llmlab.explorers.merge_player.run import MAX_BYTES, CountedPair, CountPairs, Merge, Run

TEXT = "Owen helps the helper, the helper helps Zoë, and nobody helps the helpless hens."
MAX_MERGES = 40
PAIRS_SHOWN = 6
PAIRS_PRESSED = 8  # pairs in the picture, any of which can be tried
ANCESTORS_SHOWN = 8
RUNS_KEPT = 16


@dataclass(frozen=True)
class MergeTrace:
    """The text after some merges.

    Attributes:
        text: the bytes of the text.
        chunks: the tokens, chunk by chunk; without pre-tokenization there is one chunk.
        merges: the merges that led here, in rank order.
        pairs: the pairs that could be merged now, the next one first, then by count.
        tied: how many of them are as frequent as the next one, itself included; 0 when no pair is left.
        marked: the positions of the left tokens of the next merge, counted through all chunks.
        fewest: with how few merges half as many tokens as bytes, all of them `whole`, can be reached under the best
            setting; None: not within the merges that the player makes.
        sizes: how many tokens are left after each number of merges, as far as there are pairs.
        last_useful: after so many merges no pair occurs twice; None: not within the merges that the player makes.
        instead: which of `pairs` is tried in place of the next one; 0 is the next one itself.
        what_if: how many tokens would be left from here on if that pair were merged next; empty where `instead` is 0.
        tie_break: the setting.
        own_count, own_merge: whether the learner's functions did the work; False means that llmlab's stand in.
        bytes_left_out: bytes of the typed text that the picture has no room for.
    """

    text: bytes
    chunks: tuple[tuple[bytes, ...], ...]
    merges: tuple[tuple[bytes, bytes], ...]
    pairs: tuple[CountedPair, ...]
    tied: int
    marked: tuple[int, ...]
    fewest: int | None
    sizes: tuple[int, ...]
    last_useful: int | None
    instead: int
    what_if: tuple[int, ...]
    tie_break: str
    own_count: bool
    own_merge: bool
    bytes_left_out: int

    @property
    def tokens(self) -> tuple[bytes, ...]:
        return tuple(token for chunk in self.chunks for token in chunk)

    @property
    def newest(self) -> bytes | None:
        """What the latest merge made."""
        return b"".join(self.merges[-1]) if self.merges else None

    @property
    def lossless(self) -> bool:
        """Whether the tokens still spell the text."""
        return b"".join(self.tokens) == self.text

    @property
    def halved(self) -> bool:
        return 0 < 2 * len(self.tokens) <= len(self.text) and self.lossless

    @property
    def whole(self) -> bool:
        """Whether no token holds a part of a character, and none reaches over a space into the next word."""
        return all(map(is_whole, self.tokens))

    @property
    def lineage(self) -> tuple[tuple[int, int, bytes, bytes], ...]:
        """The merges behind the newest token, it first: (depth, number of the merge from 1, left, right)."""
        made_by = {b"".join(pair): number for number, pair in reversed(list(enumerate(self.merges, 1)))}

        def ancestors(token: bytes, depth: int) -> Iterable[tuple[int, int, bytes, bytes]]:
            if token in made_by:
                left, right = self.merges[made_by[token] - 1]
                yield depth, made_by[token], left, right
                yield from ancestors(left, depth + 1)
                yield from ancestors(right, depth + 1)

        return () if self.newest is None else tuple(ancestors(self.newest, 0))


def is_whole(token: bytes) -> bool:
    """Whether a token holds whole characters, and a space at most at its beginning."""
    try:
        return " " not in token.decode()[1:]
    except UnicodeDecodeError:
        return False


@lru_cache(maxsize=64)
def _fewest(text: bytes) -> int | None:
    """The fewest merges that halve the text with whole tokens, over both tie rules, with and without cutting."""
    settings = product(("first", "lexicographic"), (False, True))
    runs = [Run(text, tie_break, pretokenize, None, None) for tie_break, pretokenize in settings]
    for n_merges in range(MAX_MERGES + 1):
        for run in runs:
            state = run.states[run.reach(n_merges)]
            tokens = [run.tokens[id] for chunk in state for id in chunk]
            if 0 < 2 * len(tokens) <= len(text) and all(map(is_whole, tokens)):
                return n_merges
    return None


def compute(
    state: dict[str, Any],
    count_pairs: CountPairs | None = None,
    merge: Merge | None = None,
    runs: dict[tuple, Run] | None = None,
) -> MergeTrace:
    """The trace of a state of the merge player.

    Args:
        state: text, merges, instead, tie_break and pretokenize.
        count_pairs: the learner's `count_pairs(ids)`; None, or a function that is not written yet (it returns None or
            ...), lets llmlab's own stand in.
        merge: the learner's `merge(ids, pair, new_id)`, likewise.
        runs: where the runs with these two functions are kept from call to call.

    Raises:
        ValueError: a function returned something other than counts of pairs, or ids.
        Exception: whatever a function raises.
    """
    typed = state["text"].encode("utf-8", errors="replace")
    text = typed[:MAX_BYTES].decode("utf-8", errors="ignore").encode()  # never half a character at the end
    runs = {} if runs is None else runs
    setting = (text, state["tie_break"], state["pretokenize"])
    if setting not in runs:
        while len(runs) >= RUNS_KEPT:
            del runs[next(iter(runs))]
        runs[setting] = Run(*setting, count_pairs, merge)
    run = runs[setting]
    n_merges = run.reach(state["merges"])
    pairs = run.pairs[n_merges]
    marked, place = [], 0
    for chunk in run.states[n_merges]:
        last = -1  # a token takes part in one merge only
        for i, pair in enumerate(pairwise(chunk), place):
            if pairs and pair == pairs[0][0] and i > last:
                marked.append(i)
                last = i + 1
        place += len(chunk)
    last = run.reach_what_works(MAX_MERGES)
    sizes = tuple(sum(map(len, state)) for state in run.states[: last + 1])
    twice = [number for number in range(last + 1) if run.pairs[number] and run.pairs[number][0][1].count > 1]
    instead = min(state["instead"], max(0, len(pairs) - 1))
    return MergeTrace(
        text=text,
        chunks=tuple(tuple(run.tokens[id] for id in chunk) for chunk in run.states[n_merges]),
        merges=tuple(run.merges[:n_merges]),
        pairs=tuple(counted for _, counted in pairs),
        tied=sum(counted.count == pairs[0][1].count for _, counted in pairs),
        marked=tuple(marked),
        fewest=_fewest(text),
        sizes=sizes,
        last_useful=twice[-1] + 1 if twice and twice[-1] < last else 0 if not twice else None,
        instead=instead,
        what_if=run.what_if(n_merges, instead, MAX_MERGES) if instead else (),
        tie_break=state["tie_break"],
        own_count=run.own_count,
        own_merge=run.own_merge,
        bytes_left_out=len(typed) - len(text),
    )
