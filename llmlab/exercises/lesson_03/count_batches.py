"""Formulas for windows and batches, to be written: tried on texts too short for a window as well, then random ones."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import partial
from itertools import product

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.engine.answers import is_row, is_whole, name_of
from llmlab.exercises.lesson_03.common import SHORT_TEXT, TIED, for_a_short_text, read_or_nothing, windows_of
from llmlab.exercises.lesson_03.sections import BATCHES, LABEL, SHUFFLE, SLIDE, STRIDE

Columns = list[tuple[str, list[int]]]  # the counts of all loaders, by each known mistake

# (n_tokens, max_length, stride, batch_size, drop_last): the plainest first, the texts too short for a window last.
_LOADERS = [
    (n_tokens, max_length, stride, batch_size, drop_last)
    for n_tokens, (max_length, stride), batch_size, drop_last in product(
        (13, 11, 12, 30, 5, 2, 0), ((4, 3), (4, 1), (3, 4), (3, 5)), (2, 5, 1), (False, True)
    )
]

# Formulas that learners write, in n tokens, length T, stride s: the misconception is the first whose counts all agree.
_WINDOW_FORMULAS = (
    ("target-forgotten", lambda n, T, s: max(0, (n - T) // s + 1)),
    ("target-forgotten", lambda n, T, s: (n - T) // s + 1),
    ("target-forgotten", lambda n, T, s: max(0, -(-(n - T + 1) // s))),
    ("negative-count", lambda n, T, s: (n - T - 1) // s + 1),
    ("negative-count", lambda n, T, s: math.ceil((n - T) / s)),
    ("empty-set-overlooked", lambda n, T, s: max(1, (n - T - 1) // s + 1)),
    ("one-window-short", lambda n, T, s: max(0, (n - T - 1) // s)),
    ("one-window-short", lambda n, T, s: (n - T - 1) // s),
    ("last-start-left-out", lambda n, T, s: max(0, -(-(n - T - 1) // s))),
    ("last-start-left-out", lambda n, T, s: -(-(n - T - 1) // s)),
    ("rounded-down", lambda n, T, s: max(0, (n - T) // s)),
    ("rounded-down", lambda n, T, s: (n - T) // s),
    ("rounded-to-nearest", lambda n, T, s: max(0, round((n - T) / s))),
    ("rounded-to-nearest", lambda n, T, s: round((n - T) / s)),
    ("partial-window-counted", lambda n, T, s: -(-n // s)),
    ("partial-window-counted", lambda n, T, s: max(0, -(-(n - 1) // s))),
    ("length-ignored", lambda n, T, s: n // s),
    ("length-ignored", lambda n, T, s: max(0, (n - 1) // s)),
    ("stride-ignored", lambda n, T, s: max(0, n - T)),
    ("stride-ignored", lambda n, T, s: n - T),
    ("stride-ignored", lambda n, T, s: n // T),
    ("stride-ignored", lambda n, T, s: max(0, (n - 1) // T)),
    ("stride-ignored", lambda n, T, s: (n - 1) // T),
)

# The same for batches, in windows w, batch size b and drop_last d.
_BATCH_FORMULAS = (
    ("partial-batch-lost", lambda w, b, d: w // b),
    ("drop-last-ignored", lambda w, b, d: -(-w // b)),
    ("drop-last-inverted", lambda w, b, d: -(-w // b) if d else w // b),
    ("one-batch-too-many", lambda w, b, d: w // b if d else w // b + 1),
    ("one-batch-too-many", lambda w, b, d: w // b if d or not w else w // b + 1),
    ("rounded-to-nearest", lambda w, b, d: w // b if d else round(w / b)),
    ("rounded-to-nearest", lambda w, b, d: round(w / b)),
    ("zero-batches-overlooked", lambda w, b, d: max(1, w // b if d else -(-w // b))),
    ("batch-size-ignored", lambda w, b, d: w),
)


def _count_windows(n_tokens: int, max_length: int, stride: int) -> int:
    return len(windows_of(list(range(n_tokens)), max_length, stride))


def _count_batches(windows: int, batch_size: int, drop_last: bool) -> int:
    sizes = [len(range(windows)[start : start + batch_size]) for start in range(0, windows, batch_size)]
    return sum(size == batch_size or not drop_last for size in sizes)


def _check_count_batches(count_batches: Probe) -> Iterator[str]:
    answers = []
    for case in _LOADERS:
        if case[0] > case[1]:
            got = count_batches(*case)
        else:
            call = partial(count_batches, *case, read=read_or_nothing)
            got = for_a_short_text(call, "0 windows and 0 batches")
        shown = f"`{count_batches.spell(*case)}` gave `{show(got)}`."
        if not is_row(got) or len(got) != 2:
            raise Wrong("not-two-counts", shown)
        if not all(map(is_whole, got)):
            raise Wrong("counts-are-floats", shown)
        answers.append((case, got, shown))
    yield "two whole numbers"

    def require(part: str, numbers: list[int], expected: list[int], models: Columns) -> None:
        for number, true, (_, _, shown) in zip(numbers, expected, answers, strict=True):
            if number != true:
                idea = name_of(models, lambda column: column == numbers) or f"other-{part}"
                raise Wrong(idea, f"{shown} The number of {part} is {true}.")

    cases = [case for case, _, _ in answers]
    windows = [_count_windows(n, T, s) for n, T, s, _, _ in cases]
    batches = [_count_batches(w, b, d) for w, (*_, b, d) in zip(windows, cases, strict=True)]
    swapped = [got for _, got, _ in answers] == [[b, w] for w, b in zip(windows, batches, strict=True)]
    if swapped:
        raise Wrong("counts-swapped", answers[0][2])
    models = [(name, [formula(n, T, s) for n, T, s, _, _ in cases]) for name, formula in _WINDOW_FORMULAS]
    # What the loader hands out after drop_last, instead of what the data set holds.
    used = [w // b * b if d else w for w, (*_, b, d) in zip(windows, cases, strict=True)]
    require("windows", [got[0] for _, got, _ in answers], windows, [*models, ("dropped-windows-left-out", used)])
    models = [
        (name, [formula(w, b, d) for w, (*_, b, d) in zip(windows, cases, strict=True)])
        for name, formula in _BATCH_FORMULAS
    ]
    require("batches", [got[1] for _, got, _ in answers], batches, models)
    yield f"{len(_LOADERS)} small cases, texts too short for a window among them"

    fresh = random.Random()
    for _ in range(20):
        sizes = fresh.randint(20, 300), fresh.randint(1, 20), fresh.randint(1, 25), fresh.randint(1, 9)
        for drop_last in (False, True):
            got = count_batches(*sizes, drop_last, shown="a random loader", fresh=True)
            true = _count_windows(*sizes[:3])
            if got != [true, _count_batches(true, sizes[3], drop_last)]:
                raise Wrong("tied-to-the-example")
    yield "fresh random sizes"


EXERCISE = Exercise(
    kind="function",
    examine=_check_count_batches,
    means="You can now say before training how long an epoch is, and see an empty loader coming.",
    hints=(
        "How many ids does a single window need, its targets included? What does your formula give for one id fewer?",
        "The starts are 0, stride, 2 × stride, … below n_tokens − max_length: count them, never fewer than none. "
        "Batches are windows / batch_size, rounded down when the unfilled batch is dropped, else up.",
        "`windows = max(0, (n_tokens - max_length - 1) // stride + 1)`, then `windows // batch_size` or `-(-windows "
        "// batch_size)`, which rounds up.",
    ),
    variant="How large must n_tokens be at least, so that drop_last=True leaves one batch? Write `smallest_text(...)`.",
    misconceptions={
        "target-forgotten": Misconception(
            "The windows fit if only inputs are counted. A window needs max_length + 1 ids: its last target lies one "
            "after its last input.",
            LABEL,
        ),
        "negative-count": Misconception(
            "For a text too short for one window the count goes below zero. No window is 0 windows.", SLIDE
        ),
        "empty-set-overlooked": Misconception(
            "A text too short for one window still counts as one. It gives an empty data set, and training on it ends "
            "without a word: that is what the count is there to show.",
            SLIDE,
        ),
        "one-window-short": Misconception(
            "The formula counts the steps between windows. There is one window more than steps: the one at position 0.",
            SLIDE,
        ),
        "last-start-left-out": Misconception(
            "Where the windows fill the text exactly, the last one is missing: the last possible start is n_tokens - "
            "max_length - 1 itself, and a `range` stops before its end.",
            SLIDE,
        ),
        "rounded-down": Misconception(
            "The division is rounded down, and a start after the last full step is lost. There are n_tokens - "
            "max_length possible starts, every stride-th of them counts, the first among them: round up.",
            SLIDE,
        ),
        "rounded-to-nearest": Misconception(
            "`round` goes to the nearest whole number, sometimes up and sometimes down. Decide which one it must be: "
            "`//` rounds down, `-(-a // b)` or `math.ceil` up."
        ),
        "short-text-refused": SHORT_TEXT,
        "partial-window-counted": Misconception(
            "Starts are counted whose window runs past the end of the text. A window is always full.", SLIDE
        ),
        "length-ignored": Misconception(
            "Tokens divided by stride leaves out the length of a window: near the end a start has too few ids left.",
            SLIDE,
        ),
        "stride-ignored": Misconception(
            "The count does not use the stride. It says how far the window moves from one start to the next, whatever "
            "its length.",
            STRIDE,
        ),
        "dropped-windows-left-out": Misconception(
            "The windows of an unfilled batch are in the data set, even if the loader drops them: count them all.",
            SHUFFLE,
        ),
        "partial-batch-lost": Misconception(
            "With drop_last=False the last, unfilled batch is handed out too: round up there, not down.", SHUFFLE
        ),
        "drop-last-ignored": Misconception(
            "With drop_last=True the last, unfilled batch is left out: round down there, not up.", SHUFFLE
        ),
        "drop-last-inverted": Misconception(
            "The two cases of drop_last have changed places: True leaves the unfilled batch out, False keeps it.",
            SHUFFLE,
        ),
        "one-batch-too-many": Misconception(
            "Adding 1 counts an extra batch when the windows fill all batches exactly. Round up instead.", BATCHES
        ),
        "zero-batches-overlooked": Misconception(
            "An epoch may have no batch at all: with drop_last=True, fewer windows than batch_size leave none.", SHUFFLE
        ),
        "batch-size-ignored": Misconception(
            "A batch holds batch_size windows, so batches are fewer than windows.", BATCHES
        ),
        "counts-swapped": Misconception("Both counts are right and have changed places: first windows, then batches."),
        "counts-are-floats": Misconception(
            "A count is an int: `/` gives a float even where it comes out even. Use `//`, or `int(...)` where it is "
            "exact.",
            BATCHES,
        ),
        "not-two-counts": Misconception("The function gives two numbers back: `return windows, batches`."),
        "other-windows": Misconception(
            "The number of windows is off. List the starts 0, stride, 2 × stride, … by hand: the last one leaves at "
            "least max_length + 1 ids.",
            SLIDE,
        ),
        "other-batches": Misconception("The windows are right, the number of batches is off.", BATCHES),
        "tied-to-the-example": TIED,
    },
    crashes=(
        Crash(
            "true-or-false-called",
            "TypeError",
            "'bool' object is not callable",
            "`drop_last` is True or False, not a function: ask `if drop_last:`.",
            SHUFFLE,
        ),
        Crash(
            "length-of-a-number",
            "TypeError",
            r"object of type 'int' has no len|'int' object is not (iterable|subscriptable)",
            "`n_tokens` is how many tokens there are, a number. The tokens themselves are not needed to count windows.",
            SLIDE,
        ),
        Crash(
            "range-wants-whole-numbers",
            "TypeError",
            "'float' object cannot be interpreted as an integer",
            "`range` wants whole numbers, and `/` always gives a float: `//` divides whole numbers.",
            SLIDE,
        ),
    ),
)
