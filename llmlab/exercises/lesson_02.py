"""The six exercises of lesson 02, byte pair encoding: what each check tries, what it recognises, what it says.

For each coded exercise there is one definition of the right answer and a list of algorithms that learners write
instead. A wrong answer is compared with all of them on the same small examples; the misconception is the first whose
results all agree. Fresh random inputs follow and decide, and their message shows none of their numbers.
"""

from __future__ import annotations

import codecs
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations, groupby, pairwise
from typing import Any

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Wrong, plain, show

BYTES = "Start from bytes"
REPEAT = "Count, merge, repeat"
TIES = "When pairs tie"
RANK = "Encode by rank"
HALF = "Half a character"
PACKING = "Packing, padding, and the end of a text"

_TIED_TO_EXAMPLE = Misconception(
    "The small examples hold, and random ones do not. Is a value from an example written into the code?", REPEAT
)


def _named(algorithms: Mapping[str, Sequence[Callable]], cases: Sequence[tuple], results: list, other: str) -> str:
    """The first misconception one of whose algorithms gives all `results`, else `other`."""
    for name, several in algorithms.items():
        if any([algorithm(*case) for case in cases] == results for algorithm in several):
            return name
    return other


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# 02.1 ------------------------------------------------------------------------------------------------------------

Pair = tuple[int, int]

_ROWS = (([3, 1, 4, 1, 4, 3],), ([7, 7, 7, 7],), ([2, 1, 1, 1, 2],), ([8, 9],), ([5],), ([],))


def _pair_counts(ids: list[int]) -> dict[Pair, int]:
    return dict(Counter(pairwise(ids)))


def _without_overlap(ids: list[int]) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for pair in set(pairwise(ids)):
        counts[pair] = _merge(ids, pair, -1).count(-1)
    return dict(counts)


_COUNTING: dict[str, tuple[Callable, ...]] = {
    "overlaps-left-out": (_without_overlap,),
    "every-second-pair": (lambda ids: dict(Counter(zip(ids[::2], ids[1::2], strict=False))),),
    "order-ignored": (lambda ids: dict(Counter(tuple(sorted(pair)) for pair in pairwise(ids))),),
    "each-pair-once": (lambda ids: dict.fromkeys(pairwise(ids), 1),),
    "last-pair-missing": (lambda ids: _pair_counts(ids[:-1]), lambda ids: _pair_counts(ids[1:])),
    "wraps-around": (lambda ids: dict(Counter(zip(ids, ids[1:] + ids[:1], strict=True))),),
    "not-neighbours": (
        lambda ids: dict(Counter(combinations(ids, 2))),
        lambda ids: dict(Counter(zip(ids, ids[2:], strict=False))),
    ),
    "equal-neighbours-skipped": (lambda ids: {p: n for p, n in _pair_counts(ids).items() if p[0] != p[1]},),
    "pair-reversed": (lambda ids: {(b, a): n for (a, b), n in _pair_counts(ids).items()},),
    "counts-one-off": (
        lambda ids: {pair: n - 1 for pair, n in _pair_counts(ids).items() if n > 1},
        lambda ids: {pair: n + 1 for pair, n in _pair_counts(ids).items()},
    ),
}


def _read_counts(result: Any, args: tuple) -> Any:
    """A dictionary pair -> count of plain ints; a count of zero is the same as no entry."""
    if result is None or result is ...:
        return result
    row = f"the row `{show(args[0])}`" if args in _ROWS else "a random row"
    if not isinstance(result, Mapping):
        raise Wrong("not-a-dictionary", f"For {row} it gave a value of type `{type(result).__name__}`.")
    counts = {}
    for key, count in result.items():
        pair, count = plain(key), plain(count)
        if count is ...:
            return ...
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(_is_whole, pair))):
            key = tuple(pair) if isinstance(key, tuple) else pair
            raise Wrong("keys-are-not-pairs", f"For {row} one key is `{show(key)}`.")
        if not _is_whole(count):
            raise Wrong("counts-are-not-whole", f"For {row} the count of `{show(tuple(pair))}` is `{show(count)}`.")
        if count:
            counts[tuple(pair)] = count
    return counts


def _check_count_pairs(count_pairs: Probe) -> Iterator[str]:
    results = [count_pairs(*case, read=_read_counts) for case in _ROWS]
    for case, got in zip(_ROWS, results, strict=True):
        if got != _pair_counts(*case):
            name = _named(_COUNTING, _ROWS, results, "other-counts")
            raise Wrong(name, f"`{count_pairs.spell(*case)}` gave `{show(got)}`.")
    yield f"{len(_ROWS)} rows by hand, an empty one among them"

    fresh = random.Random()
    for _ in range(20):
        ids = fresh.choices(range(fresh.randint(2, 300)), k=fresh.randint(10, 80))
        if count_pairs(ids, shown="a random row", fresh=True, read=_read_counts) != _pair_counts(ids):
            raise Wrong("tied-to-the-example")
    yield "fresh random rows"


COUNT_PAIRS = Exercise(
    id="02.1",
    title="Count the pairs",
    kind="function",
    examine=_check_count_pairs,
    means="This is the first half of the trainer: the largest count decides which pair is merged.",
    hints=(
        "A row of 5 ids has how many pairs of neighbours? And a row of 1?",
        "Walk along the row and look at each id together with the one after it. `zip(ids, ids[1:])` does that; a "
        "dictionary keeps the counts.",
        "`for pair in zip(ids, ids[1:]):` and inside it `counts[pair] = counts.get(pair, 0) + 1`.",
    ),
    variant="Write it in one line with `collections.Counter`. Which pair does `max(counts, key=counts.get)` give in a "
    "tie?",
    misconceptions={
        "overlaps-left-out": Misconception(
            "In a run such as 7 7 7 the pair (7, 7) stands at two places, and both count. (Merging is different: there "
            "an id can be used only once.)",
            REPEAT,
        ),
        "every-second-pair": Misconception(
            "The row was cut into separate pairs. Every id but the last has a right neighbour, so the pairs overlap.",
            REPEAT,
        ),
        "order-ignored": Misconception(
            "(1, 4) and (4, 1) were counted together. A pair has an order: `he` is not `eh`.", REPEAT
        ),
        "each-pair-once": Misconception(
            "Each pair has the count 1, however often it occurs. Add to the count that is there already.", REPEAT
        ),
        "last-pair-missing": Misconception(
            "The pair at one end of the row is missing. A row of n ids has n - 1 pairs: does the range stop too early, "
            "or start too late?",
            REPEAT,
        ),
        "wraps-around": Misconception("The last id was paired with the first one. A text has an end.", REPEAT),
        "not-neighbours": Misconception("Ids were paired that do not stand next to each other.", REPEAT),
        "equal-neighbours-skipped": Misconception(
            "Pairs of two equal ids are missing. They are merged like all others: `ll`, `ss`, or two spaces.", REPEAT
        ),
        "pair-reversed": Misconception("Each pair is turned round: the left id comes first.", REPEAT),
        "counts-one-off": Misconception(
            "Every count is off by one. What is the count of a pair when it is seen for the first time?", REPEAT
        ),
        "not-a-dictionary": Misconception(
            "The result must be a dictionary: the pair is the key, the count is the value.", REPEAT
        ),
        "keys-are-not-pairs": Misconception("Each key must be a pair of ids, `(left, right)`.", REPEAT),
        "counts-are-not-whole": Misconception("A count is a whole number.", REPEAT),
        "other-counts": Misconception(
            "These are not the counts of neighbouring pairs. Write the pairs of the row below on paper, one for each "
            "id that has a right neighbour, and count.",
            REPEAT,
        ),
        "tied-to-the-example": _TIED_TO_EXAMPLE,
    },
)


# 02.2 ------------------------------------------------------------------------------------------------------------

_MERGES = (
    ([5, 1, 2, 3, 1, 2], (1, 2), 300),
    ([7, 7, 7], (7, 7), 256),
    ([4, 7, 7, 7, 7, 7, 4], (7, 7), 256),
    ([2, 1, 2, 1, 1], (1, 2), 256),
    ([1, 2, 4], (1, 2), 9),
    ([31, 2, 1, 2, 1, 23], (1, 2), 256),
    ([3, 4, 5], (1, 2), 9),
    ([6], (6, 6), 9),
    ([], (1, 2), 9),
)


def _merge(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    merged, rest = [], list(ids)
    while rest:
        found = tuple(rest[:2]) == pair
        merged.append(new_id if found else rest[0])
        rest = rest[2 if found else 1 :]
    return merged


def _merge_overlapping(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    at = [tuple(ids[i : i + 2]) == pair for i in range(len(ids))]
    return [new_id if at[i] else ids[i] for i in range(len(ids)) if at[i] or not (i and at[i - 1])]


def _merge_first(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    place = next((i for i, found in enumerate(pairwise(ids)) if found == pair), None)
    return list(ids) if place is None else [*ids[:place], new_id, *ids[place + 2 :]]


def _merge_without_the_end(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    merged, i = [], 0
    while i < len(ids) - 1:
        found = tuple(ids[i : i + 2]) == pair
        merged.append(new_id if found else ids[i])
        i += 2 if found else 1
    return merged


def _merge_runs(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    return [id for id, run in groupby(_merge(ids, pair, new_id)) for _ in (range(1) if id == new_id else run)]


def _merge_either_order(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    merged, i = [], 0
    while i < len(ids):
        found = tuple(ids[i : i + 2]) in (pair, pair[::-1])
        merged.append(new_id if found else ids[i])
        i += 2 if found else 1
    return merged


def _merge_as_text(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    return [int(part) for part in " ".join(map(str, ids)).replace(f"{pair[0]} {pair[1]}", str(new_id)).split()]


_MERGING: dict[str, tuple[Callable, ...]] = {
    "nothing-merged": (lambda ids, pair, new_id: list(ids),),
    "only-the-first": (_merge_first,),
    "overlap-merged-twice": (_merge_overlapping,),
    "right-member-stays": (
        lambda ids, pair, new_id: [
            new_id if tuple(ids[i : i + 2]) == pair else ids[i] for i in range(len(ids))
        ],
        lambda ids, pair, new_id: [new_id if found == pair else found[0] for found in pairwise(ids)],
    ),
    "right-to-left": (lambda ids, pair, new_id: _merge(ids[::-1], pair[::-1], new_id)[::-1],),
    "last-id-lost": (_merge_without_the_end,),
    "last-id-twice": (lambda ids, pair, new_id: _merge_without_the_end(ids, pair, new_id) + ids[-1:],),
    "order-ignored": (_merge_either_order,),
    "members-replaced": (lambda ids, pair, new_id: [new_id if id in pair else id for id in ids],),
    "runs-collapsed": (_merge_runs,),
    "new-id-missing": (
        lambda ids, pair, new_id: _merge(ids, pair, 256),
        lambda ids, pair, new_id: [id for id in _merge(ids, pair, -1) if id != -1],
    ),
    "digits-matched": (_merge_as_text,),
}  # fmt: skip


def _check_merge(merge: Probe) -> Iterator[str]:
    results = []
    for case in _MERGES:
        got = merge(*case)
        if not (isinstance(got, list) and all(map(_is_whole, got))):
            raise Wrong("not-a-row-of-ids", f"`{merge.spell(*case)}` gave `{show(got)}`.")
        results.append(got)
    for case, got in zip(_MERGES, results, strict=True):
        if got != _merge(*case):
            name = _named(_MERGING, _MERGES, results, "other-ids")
            raise Wrong(name, f"`{merge.spell(*case)}` gave `{show(got)}`.")
    yield f"{len(_MERGES)} rows by hand, runs of equal ids among them"

    fresh = random.Random()
    for _ in range(20):
        ids = fresh.choices([*range(fresh.randint(1, 6)), 11], k=fresh.randint(10, 80))
        pair = tuple(fresh.choices(range(6), k=2))
        if merge(ids, pair, 256, shown="a random row", fresh=True) != _merge(ids, pair, 256):
            raise Wrong("tied-to-the-example")
    yield "fresh random rows"


MERGE = Exercise(
    id="02.2",
    title="Merge a pair",
    kind="function",
    examine=_check_merge,
    means="This is the second half of the trainer. Together with the counts it makes a tokenizer.",
    hints=(
        "In 7 7 7 the pair (7, 7) stands at two places. How many of them can be merged?",
        "Go from left to right with a position of your own. Where the pair begins, take the new id and move on by two, "
        "else take the id and move on by one.",
        "`while i < len(ids):`, inside it `if tuple(ids[i : i + 2]) == pair:` append new_id, `i += 2`, else append "
        "ids[i], `i += 1`.",
    ),
    variant="Write `unmerge(ids, pair, new_id)`, which undoes it. Is `unmerge(merge(ids, …), …)` always the same as "
    "ids?",
    misconceptions={
        "nothing-merged": Misconception("The row came back as it was: the pair was not found.", REPEAT),
        "only-the-first": Misconception("Only the first place was merged. A merge takes all of them.", REPEAT),
        "overlap-merged-twice": Misconception(
            "In 7 7 7 the middle id was used twice, and the row got longer than it is: two merged tokens stand for "
            "four ids. After a merge, go on behind it.",
            REPEAT,
        ),
        "right-member-stays": Misconception(
            "The right id of the pair is still there, after the new one. The new id stands for both. (Adding 2 to `i` "
            "inside a `for` loop skips nothing: the loop sets `i` anew each time. A `while` loop leaves it to you.)",
            REPEAT,
        ),
        "right-to-left": Misconception(
            "In 7 7 7 the last two were merged. Everybody merges from the left, and it must be the same each time: "
            "otherwise a text has other ids when it is encoded than when it was learned.",
            REPEAT,
        ),
        "last-id-lost": Misconception(
            "The last id is lost when it belongs to no pair. The loop must take it along.", REPEAT
        ),
        "last-id-twice": Misconception(
            "The last id was added at the end even where it had been merged already. It must be there once.", REPEAT
        ),
        "order-ignored": Misconception("The pair was also merged where it stands the other way round.", REPEAT),
        "members-replaced": Misconception(
            "Each of the two ids was replaced wherever it occurs. Only the two together, in this order, make the pair.",
            REPEAT,
        ),
        "runs-collapsed": Misconception(
            "A whole run became a single id. One new id stands for exactly two: in 7 7 7 7 there are two of them.",
            REPEAT,
        ),
        "new-id-missing": Misconception(
            "The pairs were found, but `new_id` does not stand in their place. It is an argument: use it, whatever its "
            "value.",
            REPEAT,
        ),
        "digits-matched": Misconception(
            "The row was searched as text, and the digits of longer ids were taken for the pair: `31 2` is not `1 2`. "
            "Compare ids, not digits.",
            REPEAT,
        ),
        "not-a-row-of-ids": Misconception("The result must be a list of ids, whole numbers.", REPEAT),
        "other-ids": Misconception(
            "This is not the row with the pair replaced. Do it on paper for the row below, from left to right.", REPEAT
        ),
        "tied-to-the-example": _TIED_TO_EXAMPLE,
    },
)


# 02.3 ------------------------------------------------------------------------------------------------------------

_TIED_TEXT = "nothing nothing"


def _check_ties(answer: Any) -> Iterator[str]:
    if isinstance(answer, list) and len(answer) == 2:
        answer = [
            "".join(one) if isinstance(one, list) and all(isinstance(x, str) for x in one) else one for one in answer
        ]
    if not (
        isinstance(answer, list) and len(answer) == 2 and all(isinstance(one, str) and len(one) == 2 for one in answer)
    ):
        raise Wrong("not-two-pairs", f"You answered `{show(answer)}`.")
    first, greatest = answer
    if (first, greatest) != ("no", "th"):
        shown = f"You answered `{show(first)}` for the first, `{show(greatest)}` for the greatest."
        raise Wrong(_ties_misconception(first, greatest), shown)
    yield "no is the first of the tied pairs"
    yield "th is the greatest"


def _ties_misconception(first: str, greatest: str) -> str:
    tied = {"no", "ot", "th", "hi", "in", "ng"}
    if (first, greatest) == ("th", "no"):
        return "rules-swapped"
    if not {first, greatest} <= tied:
        return "not-tied"
    if first == greatest:
        return "one-for-both"
    if greatest == "hi":
        return "smallest-taken"
    if first == "ng" or greatest == "ng":
        return "last-taken"
    return "look-again"


PREDICT_TIES = Exercise(
    id="02.3",
    title="Who wins a tie?",
    kind="value",
    examine=_check_ties,
    means="Six pairs occur twice. The first in the text is `no`; the greatest, as in a dictionary read backwards, is "
    "`th`. Two trainers that are both right learn different merges.",
    hints=(
        "List the pairs of letters in the order of the text: which of them occur twice?",
        "'first' reads the text from the left. 'lexicographic' compares the pairs as words in a dictionary and takes "
        "the one that comes last there.",
        "In the order of the text: no, ot, th, hi, in, ng. In a dictionary: hi, in, ng, no, ot, th.",
    ),
    variant="What if the smallest pair won? Run the two trainers below with a text of your own and look for ties.",
    misconceptions={
        "rules-swapped": Misconception("Both pairs are right and have changed places.", TIES),
        "one-for-both": Misconception(
            "The two rules pick different pairs here. That is the point: the counts alone do not decide which merge is "
            "learned.",
            TIES,
        ),
        "smallest-taken": Misconception(
            "`hi` is the smallest of the six, the first in a dictionary. The rule takes the greatest.", TIES
        ),
        "last-taken": Misconception(
            "`ng` is the last of the six in the text. 'first' starts from the left, and 'lexicographic' does not look "
            "at places.",
            TIES,
        ),
        "not-tied": Misconception(
            "One of these pairs is not among the most frequent ones. Six pairs occur twice: those inside `nothing`. "
            "The pairs with the space occur once.",
            TIES,
        ),
        "not-two-pairs": Misconception('The answer is two pairs of letters in quotes, for example `"ab", "cd"`.', TIES),
        "look-again": Misconception(
            "Both pairs are tied, but at least one is not the winner. List the six in the order of the text, and once "
            "more in alphabetical order.",
            TIES,
        ),
    },
)


# 02.4 ------------------------------------------------------------------------------------------------------------


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
        counts = _pair_counts(ids)
        merges.append(max(counts, key=counts.__getitem__))
        ids = _merge(ids, merges[-1], 255 + len(merges))
    return merges


def _ranks(merges: list[Pair]) -> dict[Pair, int]:
    return {tuple(pair): rank for rank, pair in enumerate(merges)}


def _by_rank(text: str, merges: list[Pair]) -> list[int]:
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = _merge(ids, tuple(pair), 256 + rank)
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
            ids = _merge(ids, tuple(pair), new_id(rank))
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
        ids = _merge_first(ids, tuple(pair), 256 + rank)
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
        if not (isinstance(got, list) and all(map(_is_whole, got))):
            raise Wrong("not-a-row-of-ids", f"For {text!r} it gave `{show(got)}`.")
        results.append(got)
    for (text, merges), got in zip(_TEXTS, results, strict=True):
        if got != _by_rank(text, merges):
            tokens = {id: token for token, id in _token_ids(merges).items()}
            pieces = [tokens[id].decode("utf-8", "backslashreplace") if id in tokens else "?" for id in got]
            name = _named(_ENCODING, _TEXTS, results, "other-ids")
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


ENCODE = Exercise(
    id="02.4",
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


# 02.5 ------------------------------------------------------------------------------------------------------------

_STREAMS = (
    ([b"Zo", b"\xc3", b"\xab", b" plays"],),
    ([b"caf\xc3", b"\xa9 au", b" lait"],),
    ([b" \xf0\x9f", b"\x8e", b"\xb9", b"!"],),
    ([b"\xc3\xab\xc3", b"\xaf"],),
    ([b"one", b" two"],),
    ([b"na\xc3"],),
    ([],),
)


def _streamed(tokens: list[bytes]) -> list[str]:
    """After each token, the characters that became complete: those of the text so far without those before."""
    whole = [b"".join(tokens[:n]).decode("utf-8", "ignore") for n in range(len(tokens) + 1)]
    return [later[len(earlier) :] for earlier, later in pairwise(whole)]


def _all_or_nothing(tokens: list[bytes]) -> list[str]:
    held, texts = b"", []
    for token in tokens:
        held += token
        try:
            texts.append(held.decode())
            held = b""
        except UnicodeDecodeError:
            texts.append("")
    return texts


def _or_nothing(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def _holding(rest: Callable[[bytes, str], bytes]) -> Callable:
    """A decoder that shows the whole characters of what it holds; `rest` picks what it goes on holding."""

    def stream(tokens: list[bytes]) -> list[str]:
        held, texts = b"", []
        for token in tokens:
            held += token
            texts.append(held.decode("utf-8", "ignore"))
            held = rest(held, texts[-1])
        return texts

    return stream


def _flushed(tokens: list[bytes]) -> list[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return [decoder.decode(token, final=number == len(tokens)) for number, token in enumerate(tokens, 1)]


_STREAMING: dict[str, tuple[Callable, ...]] = {
    "half-characters-shown": (lambda tokens: [token.decode("utf-8", "replace") for token in tokens],),
    "half-characters-lost": (
        lambda tokens: [token.decode("utf-8", "ignore") for token in tokens],
        lambda tokens: [_or_nothing(token) for token in tokens],
        _holding(lambda held, text: b"" if text else held),
    ),
    "whole-characters-held-back": (_all_or_nothing,),
    "text-repeated": (
        lambda tokens: [b"".join(tokens[: n + 1]).decode("utf-8", "ignore") for n in range(len(tokens))],
        lambda tokens: [b"".join(tokens[: n + 1]).decode("utf-8", "replace") for n in range(len(tokens))],
        lambda tokens: [_or_nothing(b"".join(tokens[: n + 1])) for n in range(len(tokens))],
        _holding(lambda held, text: held[len(text) :]),
    ),
    "last-half-shown": (_flushed,),
    "nothing-until-the-end": (
        lambda tokens: [""] * (len(tokens) - 1) + [b"".join(tokens).decode("utf-8", "ignore")] * bool(tokens),
    ),
    "bytes-as-characters": (lambda tokens: [token.decode("latin-1") for token in tokens],),
}


def _check_stream(stream: Probe) -> Iterator[str]:
    def spell(case: tuple) -> str:
        return f"{stream.name}({case[0]})"

    results = []
    for case in _STREAMS:
        got = stream(*case, shown=spell(case))
        if not (isinstance(got, list) and all(isinstance(text, str) for text in got)):
            raise Wrong("not-texts", f"`{spell(case)}` gave `{show(got)}`.")
        results.append(got)
    for case, got in zip(_STREAMS, results, strict=True):
        if got != _streamed(*case):
            name = _named(_STREAMING, _STREAMS, results, "")
            name = name or ("not-one-text-a-token" if len(got) != len(case[0]) else "other-texts")
            raise Wrong(name, f"`{spell(case)}` gave `{show(got)}`.")
    yield f"{len(_STREAMS)} rows of tokens by hand, one that ends inside a character among them"

    fresh = random.Random()
    for _ in range(20):
        data = "".join(fresh.choices("abc é—🎹ñ", k=fresh.randint(5, 30))).encode()
        cuts = sorted(fresh.sample(range(1, len(data)), k=min(8, len(data) - 1)))
        tokens = [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
        if stream(tokens, shown="random tokens", fresh=True) != _streamed(tokens):
            raise Wrong("tied-to-the-example")
    yield "fresh random tokens"


STREAM = Exercise(
    id="02.5",
    title="Stream whole characters",
    kind="function",
    examine=_check_stream,
    means="This is what stands between a model and the reader who watches it write.",
    hints=(
        'The tokens are b"Zo", b"\\xc3", b"\\xab". What can be shown after each of them?',
        "Keep the bytes that are not shown yet. After each token, show the characters that are complete, and keep the "
        "bytes of the one that is not.",
        '`codecs.getincrementaldecoder("utf-8")()` keeps them for you: call its `decode(token)` for each token. '
        'By hand: `text = held.decode(errors="ignore")`, then `held = held[len(text.encode()) :]`.',
    ),
    variant='What should happen at the end, if bytes are still held back? Try `decoder.decode(b"", final=True)`.',
    misconceptions={
        "half-characters-shown": Misconception(
            "Each token was decoded by itself, and a reader sees `�` where a character is in two tokens. A token need "
            "not be readable text: keep its unfinished bytes for the next one.",
            HALF,
        ),
        "half-characters-lost": Misconception(
            "The bytes of unfinished characters were thrown away, and the character never appears.", HALF
        ),
        "whole-characters-held-back": Misconception(
            'Characters that are complete have to wait because one after them is not. In b"caf\\xc3" the `caf` can '
            "be shown at once.",
            HALF,
        ),
        "text-repeated": Misconception(
            "A text repeats what was shown before. Give only what is new: have all bytes been removed that were shown? "
            "(`len` of a text counts characters, and a character can have several bytes.)",
            HALF,
        ),
        "last-half-shown": Misconception(
            "The text breaks off in the middle of a character, and that half was shown as `�`. Hold it back for ever: "
            "it never became a character.",
            HALF,
        ),
        "nothing-until-the-end": Misconception(
            "The text comes all at once after the last token. Streaming shows each character as soon as it is "
            "complete.",
            HALF,
        ),
        "bytes-as-characters": Misconception(
            "Each byte was read as a character of its own (Latin-1): `ë` became `Ã«`. The bytes are UTF-8.", BYTES
        ),
        "not-one-text-a-token": Misconception(
            'The result must hold one text for each token, `""` where no character became complete.', HALF
        ),
        "not-texts": Misconception("The result must be a list of texts (`str`), not of bytes or numbers.", HALF),
        "other-texts": Misconception("These are not the characters that become complete with each token.", HALF),
        "tied-to-the-example": Misconception(
            "The small examples hold, and random tokens do not. UTF-8 characters have one to four bytes.", HALF
        ),
    },
)


# 02.6 ------------------------------------------------------------------------------------------------------------


def _check_packing(answer: Any) -> Iterator[str]:
    letter = answer.strip().strip("()").lower() if isinstance(answer, str) else answer
    wrong = {"a": "filled-with-the-separator", "c": "separator-ends-windows", "d": "padding-is-trained"}
    if letter != "b":
        misconception = wrong.get(letter, "not-an-option") if isinstance(letter, str) else "not-an-option"
        raise Wrong(misconception, f"You answered `{show(answer)}`.")
    yield "b, one row with a separator between the letters, cut into full windows"


CHOOSE_PACKING = Exercise(
    id="02.6",
    title="Packing or padding?",
    kind="value",
    examine=_check_packing,
    means="Packing wastes nothing: every position is a token of a letter or a separator, and each is worth predicting. "
    "Padding fills a row up with ids that mean nothing, and the loss must leave them out.",
    hints=(
        "What does a model learn from a position whose target is a filler?",
        "The separator says that a document ends. It is learned like any other token, so it must stand where documents "
        "end, and nowhere else.",
        "Only in b is the separator between documents, and nothing is filled up.",
    ),
    variant="Take `pack` from `llmlab.windows`, and count the ids of three short texts packed, and padded to the "
    "longest.",
    misconceptions={
        "filled-with-the-separator": Misconception(
            "That is padding with the separator, and counting it: the model would learn that after a separator come "
            "hundreds more. A filler must be left out of the loss; a separator stands once, between two documents.",
            PACKING,
        ),
        "separator-ends-windows": Misconception(
            "The separator marks the end of a document, not of a window. Windows end where the context length says so, "
            "in the middle of a sentence if need be.",
            PACKING,
        ),
        "padding-is-trained": Misconception(
            "That is padding, and the loss counts the fillers: a large part of the targets would be filler. With "
            "padding, the loss must ignore them.",
            PACKING,
        ),
        "not-an-option": Misconception('Answer with the letter of an option in quotes: "a", "b", "c" or "d".'),
    },
)

EXERCISES = (COUNT_PAIRS, MERGE, PREDICT_TIES, ENCODE, STREAM, CHOOSE_PACKING)
