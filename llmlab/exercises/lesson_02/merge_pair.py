"""The merge of a pair, to be written: tried on lists by hand, with runs of equal ids, then random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import groupby, pairwise

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.lesson_02.common import (
    TIED_TO_EXAMPLE,
    Algorithms,
    Pair,
    is_list_of_ids,
    merge_first,
    merge_pair,
    named,
)
from llmlab.exercises.lesson_02.sections import REPEAT

_MERGES: tuple[tuple[list[int], Pair, int], ...] = (
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


def _merge_overlapping(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    at = [tuple(ids[i : i + 2]) == pair for i in range(len(ids))]
    return [new_id if at[i] else ids[i] for i in range(len(ids)) if at[i] or not (i and at[i - 1])]


def _merge_without_the_end(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    merged, i = [], 0
    while i < len(ids) - 1:
        found = tuple(ids[i : i + 2]) == pair
        merged.append(new_id if found else ids[i])
        i += 2 if found else 1
    return merged


def _merge_runs(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    return [id for id, run in groupby(merge_pair(ids, pair, new_id)) for _ in (range(1) if id == new_id else run)]


def _merge_either_order(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    merged, i = [], 0
    while i < len(ids):
        found = tuple(ids[i : i + 2]) in (pair, pair[::-1])
        merged.append(new_id if found else ids[i])
        i += 2 if found else 1
    return merged


def _merge_at_left_ids(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    merged, i = [], 0
    while i < len(ids):
        merged.append(new_id if ids[i] == pair[0] else ids[i])
        i += 2 if ids[i] == pair[0] else 1
    return merged


def _merge_as_text(ids: list[int], pair: Pair, new_id: int) -> list[int]:
    return [int(part) for part in " ".join(map(str, ids)).replace(f"{pair[0]} {pair[1]}", str(new_id)).split()]


_MERGING: Algorithms = {
    "nothing-merged": (lambda ids, pair, new_id: list(ids),),
    "only-the-first": (merge_first,),
    "overlap-merged-twice": (_merge_overlapping,),
    "right-member-stays": (
        lambda ids, pair, new_id: [
            new_id if tuple(ids[i : i + 2]) == pair else ids[i] for i in range(len(ids))
        ],
        lambda ids, pair, new_id: [new_id if found == pair else found[0] for found in pairwise(ids)],
    ),
    "right-to-left": (lambda ids, pair, new_id: merge_pair(ids[::-1], pair[::-1], new_id)[::-1],),
    "last-id-lost": (_merge_without_the_end,),
    "last-id-twice": (lambda ids, pair, new_id: _merge_without_the_end(ids, pair, new_id) + ids[-1:],),
    "order-ignored": (_merge_either_order,),
    "left-id-alone": (
        _merge_at_left_ids,
        lambda ids, pair, new_id: [new_id if id == pair[0] else id for id in ids],
    ),
    "members-replaced": (lambda ids, pair, new_id: [new_id if id in pair else id for id in ids],),
    "runs-collapsed": (_merge_runs,),
    "new-id-missing": (
        lambda ids, pair, new_id: merge_pair(ids, pair, 256),
        lambda ids, pair, new_id: [id for id in merge_pair(ids, pair, -1) if id != -1],
    ),
    "digits-matched": (_merge_as_text,),
}  # fmt: skip


def _check_merge(merge: Probe) -> Iterator[str]:
    results = []
    for case in _MERGES:
        got = merge(*case)
        if not is_list_of_ids(got):
            raise Wrong("not-a-list-of-ids", f"`{merge.spell(*case)}` gave `{show(got)}`.")
        results.append(got)
    for case, got in zip(_MERGES, results, strict=True):
        if got != merge_pair(*case):
            name = named(_MERGING, _MERGES, results) or "other-ids"
            raise Wrong(name, f"`{merge.spell(*case)}` gave `{show(got)}`.")
    yield f"{len(_MERGES)} lists by hand, runs of equal ids among them"

    fresh = random.Random()
    for _ in range(20):
        ids = fresh.choices([*range(fresh.randint(1, 6)), 11], k=fresh.randint(10, 80))
        place = fresh.randrange(len(ids) - 1)
        pair = (ids[place], ids[place + 1])  # a pair that is there; those that are not stand among the lists by hand
        if merge(ids, pair, 256, shown="a random list", fresh=True) != merge_pair(ids, pair, 256):
            raise Wrong("tied-to-the-example")
    yield "fresh random lists"


EXERCISE = Exercise(
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
        "nothing-merged": Misconception(
            "The list came back as it was. Was a list compared with a tuple? They are never equal: `[1, 2] == (1, 2)` "
            "is `False`, and a slice of a list is a list.",
            REPEAT,
        ),
        "only-the-first": Misconception("Only the first place was merged. A merge takes all of them.", REPEAT),
        "overlap-merged-twice": Misconception(
            "In 7 7 7 the middle id was used twice, and the text got longer than it is: two merged tokens stand for "
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
        "left-id-alone": Misconception(
            "The new id stands wherever the *left* id of the pair occurs. Look at the id after it, too: only the two "
            "together make the pair.",
            REPEAT,
        ),
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
            "The list was searched as text, and the digits of longer ids were taken for the pair: `31 2` is not `1 2`. "
            "Compare ids, not digits.",
            REPEAT,
        ),
        "not-a-list-of-ids": Misconception("The result must be a list of ids, whole numbers.", REPEAT),
        "other-ids": Misconception(
            "This is not the list with the pair replaced. Do it on paper for the list below, from left to right.",
            REPEAT,
        ),
        "tied-to-the-example": TIED_TO_EXAMPLE,
    },
    crashes=(
        Crash(
            "past-the-last-id",
            "IndexError",
            "out of range",
            "The last id has no right neighbour, so at the last place there is no `ids[i + 1]`: ask first whether "
            "`i + 1 < len(ids)`. (A slice, `ids[i : i + 2]`, may reach past the end.)",
            REPEAT,
        ),
        Crash(
            "id-for-a-list",
            "TypeError",
            "can only concatenate list|'int' object is not iterable",
            "A list grows by `append(id)`, or by `+ [id]`: a single id is not a list.",
            REPEAT,
        ),
    ),
)
