"""The bytes of a cache, to be written: tried on three caches whose sizes all differ, then on random ones."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial
from operator import eq

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_number, name_of
from llmlab.exercises.lesson_13.sections import BYTES

_SIZES = ("n_layers", "n_kv_heads", "d_head", "length", "batch_size", "bytes_per_number")
_CASES = (
    (12, 3, 64, 1000, 5, 2),
    (7, 1, 16, 33, 2, 4),
    (3, 2, 5, 11, 13, 1),
)


def _wrong_bytes(layers: int, heads: int, width: int, length: int, batch: int, size: int) -> dict[str, float]:
    right = 2 * layers * heads * width * length * batch * size
    return {
        "keys-only": right // 2,
        "queries-too": right // 2 * 3,
        "layers-forgotten": right // layers,
        "heads-forgotten": right // heads,
        "width-forgotten": right // width,
        "length-forgotten": right // length,
        "batch-forgotten": right // batch,
        "numbers-not-bytes": right // size,
        "bits-not-bytes": 8 * right,
        "length-squared": right * length,
        "weights-stored": layers * heads * length * length * batch * size,
    }


def _number_for_a_name(values: list[float]) -> tuple[str, int] | None:
    """A size in whose place the same whole number stands in all cases, and that number; None where there is none."""
    for place, name in enumerate(_SIZES):
        others = [2 * math.prod(case) // case[place] for case in _CASES]
        number = values[0] // others[0] if abs(values[0]) < math.inf else 0
        if number > 0 and values == [number * other for other in others]:
            return name, int(number)
    return None


def _check_bytes(function: Probe) -> Iterator[str]:
    models = [(name, [_wrong_bytes(*case)[name] for case in _CASES]) for name in _wrong_bytes(*_CASES[0])]
    values = [function(*case) for case in _CASES]
    for case, value in zip(_CASES, values, strict=True):
        if not is_number(value):
            raise Wrong("not-a-number", f"`{function.spell(*case)}` gave `{show(value)}`.")
    rights = [2 * math.prod(case) for case in _CASES]
    for case, value, right in zip(_CASES, values, rights, strict=True):
        if value != right:
            idea, shown = name_of(models, partial(eq, values)), ""
            if idea is None:
                tied = _number_for_a_name(values)
                shown = f" It would be right if `{tied[0]}` were {tied[1]}." if tied else ""
                idea = "tied-to-the-example" if tied or any(map(eq, values, rights)) else "other-count"
            raise Wrong(idea, f"`{function.spell(*case)}` gave `{show(value)}`; right is `{right}`.{shown}")
    yield "three caches whose sizes all differ"
    fresh = random.Random()
    for turn in range(12):
        sizes = [fresh.randint(1, 99) for _ in _SIZES]  # exact as floats, too
        sizes[turn % len(sizes)] = fresh.randint(1001, 1099)  # each size in turn above those of the examples
        if function(*sizes, fresh=True) != 2 * math.prod(sizes):
            raise Wrong("tied-to-the-example", "Seen on random sizes.")
    yield "fresh random sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_bytes,
    means="The cache grows with every one of the six, and with nothing else: not with the vocabulary, not with the "
    "feed-forward layers, and not with the number of *query* heads.",
    hints=(
        "What is kept for one token, in one layer, for one head: how many vectors of which width?",
        "One key and one value of d_head numbers. All layers, heads, tokens and texts have their own.",
        "`2 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number`",
    ),
    variant="A model keeps keys and values only for the last 4,096 tokens (a sliding window). How does your function "
    "change, and from which length on does it matter?",
    misconceptions={
        "keys-only": Misconception("Keys and values are two vectors: this is half of what is kept.", BYTES),
        "queries-too": Misconception(
            "Queries are not kept: a query is used in its own step and never again. Two vectors, not three.", BYTES
        ),
        "layers-forgotten": Misconception("Each layer has keys and values of its own.", BYTES),
        "heads-forgotten": Misconception("Each head of keys and values has its own vectors.", BYTES),
        "width-forgotten": Misconception("A vector holds d_head numbers.", BYTES),
        "length-forgotten": Misconception("Every token of the text is kept.", BYTES),
        "batch-forgotten": Misconception("Each text of the batch has a cache of its own.", BYTES),
        "numbers-not-bytes": Misconception("These are numbers. Each takes bytes_per_number bytes.", BYTES),
        "bits-not-bytes": Misconception("These are bits: the size of a number was already given in bytes.", BYTES),
        "length-squared": Misconception("The length enters once: a token's key and value are kept once.", BYTES),
        "weights-stored": Misconception(
            "That counts the attention weights, length × length. They are made and used in a step, and not kept.", BYTES
        ),
        "not-a-number": Misconception("The function returns one number, the bytes."),
        "other-count": Misconception(
            "This is not the count: two vectors of d_head numbers for each token, layer, head and text.", BYTES
        ),
        "tied-to-the-example": Misconception(
            "The count is right for some sizes and not for others. Does a number stand where a name belongs?", BYTES
        ),
    },
    crashes=(
        Crash(
            "called-not-multiplied",
            "TypeError",
            r"'(int|float)' object is not callable",
            "A number stands in front of a parenthesis, so Python calls it. Is a `*` missing?",
            BYTES,
        ),
    ),
)
