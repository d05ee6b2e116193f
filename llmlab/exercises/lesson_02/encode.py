"""Encode by rank"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from llmlab.exercises.engine import Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.lesson_02.common import (
    Pair,
    is_whole,
    merge_first,
    merge_pair,
    named,
    pair_counts,
)
from llmlab.exercises.lesson_02.sections import BYTES, RANK, REPEAT


def _table(*merges: str) -> list[Pair]:
    """Merges written as "l e": both parts are a character's bytes or made by an earlier merge."""
    ids = {bytes([byte]): byte for byte in range(256)}
    table = []
    for number, merge in enumerate(merges):
        left, right = (bytes.fromhex(part[2:]) if part.startswith("0x") else part.encode() for part in merge.split())
        table.append((ids[left], ids[right]))
        ids[left + right] = 256 + number
    return table


_WORDS = _table(
    "e n", "l e", "v en", "e l", "a a", "0xc3 0xab", "s s", "h e", "he l", "t o", "i n", "n g", "u g", "h u", "h ug",
    "n 0x20"
)  # fmt: skip
_SAMPLES = "eleven aaa lenses Zoë hello_there aaaaa_toto vessel tingng sing hug xyz e"
_TEXTS = tuple((text, _WORDS) for text in [*_SAMPLES.split(), "sun hug", ""])


def _trained(ids: list[int], n_merges: int) -> list[Pair]:
    """The merges that a row of ids teaches."""
    merges: list[Pair] = []
    while len(merges) < n_merges and len(ids) > 1:
        counts = pair_counts(ids)
        merges.append(max(counts, key=counts.__getitem__))
        ids = merge_pair(ids, merges[-1], 255 + len(merges))
    return merges


def _ranks(merges: list[Pair]) -> dict[Pair, int]:
    return {tuple(pair): rank for rank, pair in enumerate(merges)}


def _by_rank(text: str, merges: list[Pair]) -> list[int]:
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge_pair(ids, tuple(pair), 256 + rank)
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


def _token_ids(merges: list[Pair]) -> dict[bytes, int]:
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    return {token: id for id, token in reversed(list(enumerate(tokens)))}


def _matching(ends: Callable) -> Callable:
    """An encoder that goes through the text once; `ends` picks where the next token ends."""

    def encode(text: str, merges: list[Pair]) -> list[int]:
        data, known, ids, start = text.encode(), _token_ids(merges), [], 0
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
            ids = merge_pair(ids, tuple(pair), new_id(rank))
        return ids

    return encode


def _left_to_right(text: str, merges: list[Pair]) -> list[int]:
    """One walk over the bytes, without a second look."""
    ids, ranks, row = list(text.encode()), _ranks(merges), []
    while ids:
        rank = ranks.get(tuple(ids[:2]))
        row.append(ids[0] if rank is None else 256 + rank)
        ids = ids[1 if rank is None else 2 :]
    return row


def _word_by_word(pattern: str) -> Callable:
    return lambda text, merges: [id for word in re.findall(pattern, text) for id in _by_rank(word, merges)]


def _first_place_only(text: str, merges: list[Pair]) -> list[int]:
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge_first(ids, tuple(pair), 256 + rank)
    return ids


_ENCODING: dict[str, tuple[Callable, ...]] = {
    "longest-match": (_matching(_longest),),
    "prefix-extension": (_matching(_extended),),
    "leftmost-first": (_choosing(lambda found, ids: min(found, key=lambda one: one[1])), _left_to_right),
    "latest-merge-first": (
        _choosing(lambda found, ids: max(found, key=lambda one: (one[0], -one[1]))),
        _in_one_pass(lambda merges: merges[::-1]),
    ),
    "most-frequent-first": (
        _choosing(_most_frequent),
        lambda text, merges: _by_rank(text, _trained(list(text.encode()), len(merges))),
    ),
    "one-merge-only": (
        _choosing(lambda found, ids: min(found), most=1),
        _in_one_pass(lambda merges: merges[:1]),
    ),
    "cut-into-words": (_word_by_word(r"\S+"), _word_by_word(r" ?\S+|\s+")),
    "one-place-a-merge": (_first_place_only,),
    "rightmost-place": (_choosing(lambda found, ids: min(found, key=lambda one: (one[0], -one[1]))),),
    "nothing-merged": (lambda text, merges: list(text.encode()),),
    "characters-for-bytes": (_choosing(lambda found, ids: min(found), start=lambda text: [ord(c) for c in text]),),
    "rank-for-id": (
        lambda text, merges: [id - 256 if id >= 256 else id for id in _by_rank(text, merges)],
        _in_one_pass(list, new_id=lambda rank: rank),
        _in_one_pass(list, new_id=lambda rank: 257 + rank),
    ),
}


def _check_encode(encode: Probe) -> Iterator[str]:
    results = []
    for text, merges in _TEXTS:
        got = encode(text, merges, shown=f"{encode.name}({text!r}, merges)")
        if not (isinstance(got, list) and all(map(is_whole, got))):
            raise Wrong("not-a-row-of-ids", f"For {text!r} it gave `{show(got)}`.")
        results.append(got)
    for (text, merges), got in zip(_TEXTS, results, strict=True):
        if got != _by_rank(text, merges):
            tokens = {id: token for token, id in _token_ids(merges).items()}
            pieces = [tokens[id].decode("utf-8", "backslashreplace") if id in tokens else "?" for id in got]
            name = named(_ENCODING, _TEXTS, results, "other-ids")
            raise Wrong(
                name, f"With the merges en, le, ven, el, … {text!r} became `{' | '.join(pieces)}`, ids `{show(got)}`."
            )
    yield f"{len(_TEXTS)} texts by hand, an empty one and one with an accent among them"

    fresh = random.Random()
    for _ in range(20):
        merges = _trained(fresh.choices(b"abc ", k=120), fresh.randint(20, 30))
        text = "".join(fresh.choices("abc ", k=fresh.randint(40, 120)))  # long enough to meet the late merges, too
        if encode(text, merges, shown="a random text", fresh=True) != _by_rank(text, merges):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts and merges"


EXERCISE = Exercise(
    title="Encode by rank",
    kind="function",
    examine=_check_encode,
    means="This is how GPT-2 encodes (chunk by chunk: see 'Cut first, then merge'), and `BPETokenizer` gives the same "
    "ids with `pattern=None`.",
    hints=(
        "The trainer merged its pairs in a certain order. What does the text look like after its first merge?",
        "Encoding repeats the training without counting: of all pairs that are there, the one with the lowest rank is "
        "merged first; then look again, until no pair is left that has a rank.",
        "`for rank, pair in enumerate(merges):` and inside it your `merge` from 02.2 with `256 + rank`. Or: "
        "`min(zip(ids, ids[1:]), key=lambda pair: ranks.get(pair, len(ranks)))`, again and again.",
    ),
    variant="Count the steps: with 50,000 merges and a word of 6 bytes, which of the two ways in the last hint is "
    "faster?",
    misconceptions={
        "longest-match": Misconception(
            "This is greedy longest match: it takes the longest token that fits, from the left. Byte pair encoding "
            "does not look for long tokens: it applies the merges in the order in which they were learned.",
            RANK,
        ),
        "prefix-extension": Misconception(
            "This is prefix extension: a token grows byte by byte as long as each longer piece is a token as well. It "
            "cannot even find `ven`, because `ve` is no token. Apply the merges by rank.",
            RANK,
        ),
        "leftmost-first": Misconception(
            "The leftmost pair that has a merge was taken. Of all pairs in the row, the one with the lowest rank goes "
            "first, wherever it stands.",
            RANK,
        ),
        "latest-merge-first": Misconception(
            "The merge that was learned last went first. It is the other way round: rank 0 first.", RANK
        ),
        "most-frequent-first": Misconception(
            "The pair that is most frequent in this text went first. That is training; when encoding, the merges and "
            "their order are fixed, and the counts of the new text do not matter.",
            RANK,
        ),
        "one-merge-only": Misconception(
            "Only one merge was made. Look again after each one, until no pair is left that has a rank. (Does a "
            "`return` stand inside the loop?)",
            RANK,
        ),
        "one-place-a-merge": Misconception(
            "Each merge was made at one place only. The pair may stand at several.", RANK
        ),
        "rightmost-place": Misconception(
            "Where a pair overlaps itself, as in `aaa`, the left place is merged, as in training.", REPEAT
        ),
        "cut-into-words": Misconception(
            "The text was cut into words first. Here it is one row: a space is a byte like any other, it must not get "
            "lost, and a merge may cross it.",
            RANK,
        ),
        "nothing-merged": Misconception("These are the bytes. No merge was applied.", RANK),
        "characters-for-bytes": Misconception(
            "The row started from code points (`ord`), not from bytes. `text.encode()` gives the bytes: `ë` is two of "
            "them.",
            BYTES,
        ),
        "rank-for-id": Misconception(
            "The merged tokens did not get their own ids. Ids 0 to 255 are the bytes, and ranks count from 0: the "
            "merge of rank r makes id 256 + r.",
            RANK,
        ),
        "not-a-row-of-ids": Misconception("The result must be a list of ids, whole numbers.", RANK),
        "other-ids": Misconception(
            "These are not the ids. Do it by hand for one word: write its bytes, find the pair with the lowest rank, "
            "merge it, look again.",
            RANK,
        ),
        "tied-to-the-example": Misconception(
            "The words of the example hold, and random texts with other merges do not. Is a merge, or a number of "
            "merges, written into the code?",
            RANK,
        ),
    },
)
