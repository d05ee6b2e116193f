"""The lines of a block, to be put in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.lesson_09.sections import BLOCK

_LINES = {
    "a": "x = x + thought",
    "b": "heard = attention(normed)",
    "c": "return x",
    "d": "normed = norm_1(x)",
    "e": "thought = feed_forward(normed)",
    "f": "x = x + heard",
    "g": "normed = norm_2(x)",
}
_ORDER = "dbfgeac"


def _check_block_order(answer: Any) -> Iterator[str]:
    letters = "".join(map(str, answer)) if isinstance(answer, list) else answer
    if not isinstance(letters, str):
        raise Wrong("not-all-lines", f"You answered `{show(answer)}`.")
    letters = "".join(letter for letter in letters.lower() if letter.isalnum())
    if letters != _ORDER:
        raise Wrong(_order_misconception(letters), f"You answered `{show(letters)}`.")
    yield "d b f g e a c"


def _order_misconception(letters: str) -> str:
    """Which rule an order breaks: all lines, names made before they are used, then what each sub-layer reads and "
    "adds to."""
    if sorted(letters) != sorted(_LINES):
        return "not-all-lines"
    at = {letter: place for place, letter in enumerate(letters)}
    if at["c"] != len(letters) - 1:
        return "returns-too-early"
    norms_before = {half: [n for n in "dg" if at[n] < at[half]] for half in "be"}
    if at["f"] < at["b"] or at["a"] < at["e"] or not norms_before["b"] or not norms_before["e"]:
        return "used-before-made"
    read = {half: max(norms, key=at.__getitem__) for half, norms in norms_before.items()}
    if read["b"] == read["e"]:
        return "one-norm-for-both"
    if read != {"b": "d", "e": "g"}:
        return "norms-swapped"
    if at["e"] < at["b"]:
        return "feed-forward-first"
    return "side-by-side"  # the second norm reads the stream before attention's part is added


EXERCISE = Exercise(
    kind="value",
    examine=_check_block_order,
    means="Twice the same three steps: norm a copy of the stream, let the sub-layer read it, add what it gives to the "
    "stream. Attention comes first, so that the feed-forward layer works on what was heard.",
    hints=(
        "Which line can come first, if `normed` has to be made before anything reads it, and attention is the first "
        "sub-layer?",
        "Each sub-layer takes three lines: norm, the sub-layer itself, the sum. The second norm must read a stream to "
        "which attention's part has been added.",
        "d, b, f for attention, then g, e, a for feed-forward, and c.",
    ),
    variant="Some models let both sub-layers read the same normed stream and add both sums at once (a parallel block). "
    "Which lines does that need, and what can be computed at the same time?",
    misconceptions={
        "feed-forward-first": Misconception(
            "Feed-forward comes before attention. First hear what the other tokens have, then work on it.",
            BLOCK,
        ),
        "side-by-side": Misconception(
            "The second norm reads the stream before attention's part was added, so the feed-forward layer never hears "
            "of it in this block. Add first, then norm for the next sub-layer.",
            BLOCK,
        ),
        "one-norm-for-both": Misconception(
            "Both sub-layers read the output of the same norm. Each has a norm of its own, directly before it.", BLOCK
        ),
        "norms-swapped": Misconception(
            "The norms have changed places: norm_1 stands before attention, norm_2 before feed-forward.", BLOCK
        ),
        "used-before-made": Misconception(
            "A line uses a name that no line before it has made. `normed` must be there before a sub-layer reads it, "
            "and `heard` and `thought` before they are added. (A norm *after* the sum would be post-norm.)",
            BLOCK,
        ),
        "returns-too-early": Misconception("What stands after `return x` is never reached: that line is last.", BLOCK),
        "not-all-lines": Misconception(
            "The answer is one text with each of the seven letters a to g exactly once, such as `'abcdefg'`.", BLOCK
        ),
    },
)
