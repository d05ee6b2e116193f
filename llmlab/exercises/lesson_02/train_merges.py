"""The training loop, to be written: tried on texts with ties, runs, accents and too few pairs, then on random ones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import is_whole
from llmlab.exercises.lesson_02.common import Pair, is_list_of_ids, merge_pair, named
from llmlab.exercises.lesson_02.sections import BYTES, REPEAT, TIES, TRAINER
from llmlab.exercises.lesson_02.train_merges_mistakes import TRAINING, right

# (text, n_merges): the plainest first; ties; runs; a space inside; an accent; pairs that run out.
_TEXTS = (
    ("then the hen", 2),
    ("then the hen", 5),
    ("nothing nothing", 4),
    ("aaaaaaaa aaa", 3),
    ("to be to be", 4),
    ("Zoë, ëë", 3),
    ("ab", 5),
)
# No merge at all: apart from the others, because a `return` in the loop gives nothing back for them.
_NONE = (("abc", 0), ("x", 3), ("", 3))


def _read_merges(result: Any, args: tuple) -> Any:
    """Pairs of ids as tuples; anything else as it is."""
    value = plain(result)
    if isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        return [tuple(pair) for pair in value]
    return value


def _is_merges(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(pair, tuple) and all(map(is_whole, pair)) for pair in value)


def _encoded(text: str, merges: list[Pair]) -> list[int]:
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge_pair(ids, pair, 256 + rank)
    return ids


def _count_pairs(ids: list[int]) -> Counter[Pair]:
    return Counter(pairwise(ids))  # a Counter, so that `most_common` works in an answer


def _shape_of(got: Any, text: str, n_merges: int) -> str:
    """Which idea gives a result that is no list of pairs of ids."""
    if is_list_of_ids(got) and got == _encoded(text, right(text, n_merges)):
        return "ids-for-merges"
    if is_list_of_ids(got) and got[:1] == [max(_count_pairs(list(text.encode())).values(), default=None)]:
        return "counts-for-pairs"
    if isinstance(got, list) and any(isinstance(part, str) for pair in got if isinstance(pair, tuple) for part in pair):
        return "pairs-of-characters"
    return "not-pairs-of-ids"


def _check_train(train: Probe) -> Iterator[str]:
    def trained(text: str, n_merges: int, **how: Any) -> Any:
        shown = f"{train.name}({text!r}, {n_merges}, count_pairs, merge)"
        return train(text, n_merges, _count_pairs, merge_pair, **{"shown": shown, **how}, read=_read_merges)

    for texts in (_TEXTS, _NONE):
        results = []
        for text, n_merges in texts:
            got = trained(text, n_merges)
            if not _is_merges(got):
                call = f"`{train.name}({text!r}, {n_merges}, …)`"
                raise Wrong(_shape_of(got, text, n_merges), f"{call} gave `{show(got)}`.")
            results.append(got)
        for (text, n_merges), got in zip(texts, results, strict=True):
            expected = right(text, n_merges)
            if got != expected:
                shown = f"`{train.name}({text!r}, {n_merges}, …)` gave `{show(got)}`; it should be `{show(expected)}`."
                name = named(TRAINING, texts, results) if texts is _TEXTS else None
                raise Wrong(name or _idea(got, expected), shown)
    yield f"{len(_TEXTS + _NONE)} texts by hand, ties and texts without a pair among them"

    fresh = random.Random()
    for _ in range(15):
        text = "".join(fresh.choices("abc é", k=fresh.randint(30, 60)))
        n_merges = fresh.randint(5, 12)
        if trained(text, n_merges, shown="a random text", fresh=True) != right(text, n_merges):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts"


def _idea(got: list[Pair], expected: list[Pair]) -> str:
    if got == expected[: len(got)]:
        return "too-few-merges"
    if expected == got[: len(expected)]:
        return "too-many-merges"
    return "other-merges"


EXERCISE = Exercise(
    kind="function",
    examine=_check_train,
    means="This is the trainer of byte pair encoding. `train_bpe` finds the same merges, only faster.",
    hints=(
        "What does the loop know after one merge that it did not know before: the ids, the counts, or both?",
        "In the loop: count the pairs of the ids as they are now, take the pair with the largest count, put `merge`'s "
        "result in the place of the ids, note the pair. Leave the loop where the counts are empty.",
        "`counts = count_pairs(ids)`, `best = max(counts, key=counts.get)`, `ids = merge(ids, best, 256 + "
        "len(merges))`, `merges.append(best)`.",
    ),
    variant="Give it a `min_frequency`: it stops when the best pair occurs less often. Which merges of the story go?",
    misconceptions={
        "same-ids-again": Misconception(
            "The same pair was taken again and again: the counts did not change from merge to merge. `merge` gives a "
            "new list back: is it assigned to the ids? And does `count_pairs` stand inside the loop?",
            TRAINER,
        ),
        "counted-once": Misconception(
            "These are the pairs of the bytes, ordered by their counts at the start. After each merge there are other "
            "neighbours: the pairs must be counted anew, on the merged ids.",
            TRAINER,
        ),
        "tie-the-other-way": Misconception(
            "Where pairs are equally frequent, another one was taken. Here the pair that comes first in the sequence "
            "wins. `max(counts, key=counts.get)` gives the first of equals, if the counts are in their own order.",
            TIES,
        ),
        "least-frequent-first": Misconception("The pair with the smallest count was taken; it is the largest.", REPEAT),
        "count-ignored": Misconception(
            "A pair was taken whatever its count. `max` of a dictionary looks at its keys alone: with `key=counts.get` "
            "it looks at the counts.",
            REPEAT,
        ),
        "one-place-a-merge": Misconception(
            "Each merge was made at one place only. `merge` replaces the pair wherever it stands.", REPEAT
        ),
        "one-id-for-all": Misconception(
            "Each merge made id 256 again, so two different tokens have one id. The next merge makes the next id: "
            "256 + rank.",
            TRAINER,
        ),
        "ids-off": Misconception(
            "The right pairs, but the ids that the merges make are off. Ids 0 to 255 are the bytes, so the first merge "
            "makes 256, and the merge of rank r makes 256 + r.",
            TRAINER,
        ),
        "stops-at-single-pairs": Misconception(
            "It stopped where no pair occurs twice. That is a minimum frequency of 2, which this exercise does not "
            "set: a pair that occurs once is merged like any other.",
            TRAINER,
        ),
        "spaces-lost": Misconception(
            "The spaces are gone. A space is a byte like any other here, and a merge may cross it.", TRAINER
        ),
        "characters-for-bytes": Misconception(
            "The ids started from code points (`ord`), not from bytes. `text.encode()` gives the bytes: `ë` is two of "
            "them.",
            BYTES,
        ),
        "too-few-merges": Misconception(
            "The merges are right as far as they go, but some are missing. Does the loop end one too early, or does a "
            "`return` stand inside it?",
            TRAINER,
        ),
        "too-many-merges": Misconception(
            "The merges begin right, and there are more than `n_merges`. When does the loop end?", TRAINER
        ),
        "ids-for-merges": Misconception(
            "This is the text in its new ids. What was learned are the merges: return their list.", TRAINER
        ),
        "counts-for-pairs": Misconception(
            "These begin with the largest count, not with the pair that has it. `max(counts.values())` gives the "
            "count; `max(counts, key=counts.get)` gives its pair.",
            TRAINER,
        ),
        "pairs-of-characters": Misconception(
            "These are pairs of characters. The ids are numbers: start from the bytes, `list(text.encode())`.", BYTES
        ),
        "not-pairs-of-ids": Misconception(
            "The result must be a list of pairs of ids, `(left, right)`, in the order in which they were merged.",
            TRAINER,
        ),
        "other-merges": Misconception(
            "These are not the merges. Do it on paper for the text below: count, take the most frequent, merge, count "
            "again.",
            REPEAT,
        ),
        "tied-to-the-example": Misconception(
            "The small texts hold, and random ones do not. Is a number or a text from an example written into the "
            "code?",
            TRAINER,
        ),
    },
    crashes=(
        Crash(
            "pairs-run-out",
            "ValueError",
            r"max\(\) (arg is an empty|iterable argument is empty)",
            "No pair is left: the text has become a single token, or had fewer than two bytes. Leave the loop when the "
            "counts are empty.",
            TRAINER,
        ),
        Crash(
            "list-for-its-length",
            "TypeError",
            r"unsupported operand type.*('int' and 'list'|'list' and 'int')",
            "A number and a list cannot be added. The next new id is 256 and the number of merges so far, "
            "`256 + len(merges)`.",
            TRAINER,
        ),
        Crash(
            "merges-is-a-list",
            "TypeError",
            "list indices must be integers or slices, not tuple",
            "The merges are a list, and grow by `merges.append(pair)`; a pair is no position in a list.",
            TRAINER,
        ),
    ),
)
