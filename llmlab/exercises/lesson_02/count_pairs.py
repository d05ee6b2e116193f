"""The counts of neighbours, to be written: tried on lists by hand, with overlaps and an empty one, then random ones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, plain, show
from llmlab.exercises.engine.answers import is_whole
from llmlab.exercises.lesson_02.common import TIED_TO_EXAMPLE, Algorithms, Pair, merge_pair, named, pair_counts
from llmlab.exercises.lesson_02.sections import REPEAT

_LONG = (([3, 1, 4, 1, 4, 3],), ([7, 7, 7, 7],), ([2, 1, 1, 1, 2],), ([8, 9],))
# Apart from the others: a `return` in the loop gives nothing back for them.
_SHORT: tuple[tuple[list[int]], ...] = (([5],), ([],))


def _without_overlap(ids: list[int]) -> dict[Pair, int]:
    counts: Counter[Pair] = Counter()
    for pair in set(pairwise(ids)):
        counts[pair] = merge_pair(ids, pair, -1).count(-1)
    return dict(counts)


_COUNTING: Algorithms = {
    "overlaps-left-out": (_without_overlap,),
    "every-second-pair": (lambda ids: dict(Counter(zip(ids[::2], ids[1::2], strict=False))),),
    "order-ignored": (lambda ids: dict(Counter(tuple(sorted(pair)) for pair in pairwise(ids))),),
    "each-pair-once": (lambda ids: dict.fromkeys(pairwise(ids), 1),),
    "return-in-the-loop": (lambda ids: {pair: 1 for pair in [*pairwise(ids)][:1]},),
    "last-pair-missing": (lambda ids: pair_counts(ids[:-1]), lambda ids: pair_counts(ids[1:])),
    "wraps-around": (lambda ids: dict(Counter(zip(ids, ids[1:] + ids[:1], strict=True))),),
    "not-neighbours": (
        lambda ids: dict(Counter(combinations(ids, 2))),
        lambda ids: dict(Counter(zip(ids, ids[2:], strict=False))),
    ),
    "equal-neighbours-skipped": (lambda ids: {p: n for p, n in pair_counts(ids).items() if p[0] != p[1]},),
    "pair-reversed": (lambda ids: {(b, a): n for (a, b), n in pair_counts(ids).items()},),
    "counts-one-off": (
        lambda ids: {pair: n - 1 for pair, n in pair_counts(ids).items() if n > 1},
        lambda ids: {pair: n + 1 for pair, n in pair_counts(ids).items()},
    ),
}


def _read_counts(result: Any, args: tuple) -> Any:
    """A dictionary pair -> count of plain ints; a count of zero is the same as no entry."""
    if result is None or result is ...:
        return result
    given = f"`{show(args[0])}`" if args in (*_LONG, *_SHORT) else "a random list"
    if not isinstance(result, Mapping):
        raise Wrong("not-a-dictionary", f"For {given} it gave a value of type `{type(result).__name__}`.")
    counts = {}
    for key, count in result.items():
        pair, count = plain(key), plain(count)
        if count is ...:
            return ...
        if not (isinstance(pair, list) and len(pair) == 2 and all(map(is_whole, pair))):
            key = tuple(pair) if isinstance(key, tuple) else pair
            raise Wrong("keys-are-not-pairs", f"For {given} one key is `{show(key)}`.")
        if not is_whole(count):
            raise Wrong("counts-are-not-whole", f"For {given} the count of `{show(tuple(pair))}` is `{show(count)}`.")
        if count:
            counts[tuple(pair)] = count
    return counts


def _check_count_pairs(count_pairs: Probe) -> Iterator[str]:
    for cases in (_LONG, _SHORT):
        results = [count_pairs(*case, read=_read_counts) for case in cases]
        for case, got in zip(cases, results, strict=True):
            if got != pair_counts(*case):
                name = (named(_COUNTING, _LONG, results) if cases is _LONG else None) or "other-counts"
                raise Wrong(name, f"`{count_pairs.spell(*case)}` gave `{show(got)}`.")
    yield f"{len(_LONG + _SHORT)} lists by hand, an empty one among them"

    fresh = random.Random()
    for _ in range(20):
        ids = fresh.choices(range(fresh.randint(2, 300)), k=fresh.randint(10, 80))
        if count_pairs(ids, shown="a random list", fresh=True, read=_read_counts) != pair_counts(ids):
            raise Wrong("tied-to-the-example")
    yield "fresh random lists"


EXERCISE = Exercise(
    kind="function",
    examine=_check_count_pairs,
    means="This is the first half of the trainer: the largest count decides which pair is merged.",
    hints=(
        "A list of 5 ids has how many pairs of neighbours? And a list of 1?",
        "Walk along the list and look at each id together with the one after it. `zip(ids, ids[1:])` does that; a "
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
            "The list was cut into separate pairs. Every id but the last has a right neighbour, so the pairs overlap.",
            REPEAT,
        ),
        "order-ignored": Misconception(
            "(1, 4) and (4, 1) were counted together. A pair has an order: `he` is not `eh`.", REPEAT
        ),
        "each-pair-once": Misconception(
            "Each pair has the count 1, however often it occurs. Add to the count that is there already.", REPEAT
        ),
        "return-in-the-loop": Misconception(
            "Only the first pair was counted. Does the `return` stand inside the loop? It ends the function at once.",
            REPEAT,
        ),
        "last-pair-missing": Misconception(
            "The pair at one end of the list is missing. A list of n ids has n - 1 pairs: does the range stop too "
            "early, or start too late?",
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
            "These are not the counts of neighbouring pairs. Write the pairs of the list below on paper, one for each "
            "id that has a right neighbour, and count.",
            REPEAT,
        ),
        "tied-to-the-example": TIED_TO_EXAMPLE,
    },
    crashes=(
        Crash(
            "past-the-last-pair",
            "IndexError",
            "out of range",
            "The last id has no right neighbour: the last pair begins one place before the end, so `i` runs over "
            "`range(len(ids) - 1)`.",
            REPEAT,
        ),
        Crash(
            "first-time-seen",
            "KeyError",
            r"^\(",
            "This pair has no count yet, the first time it is seen: `counts.get(pair, 0)` gives 0 then.",
            REPEAT,
        ),
        Crash(
            "slice-as-key",
            "TypeError",
            "unhashable type: 'list'",
            "A list cannot be the key of a dictionary, and a slice of a list is a list. Make a tuple of the two ids: "
            "`(ids[i], ids[i + 1])`.",
            REPEAT,
        ),
    ),
)
