"""The six exercises of lesson 03, sliding windows: what each check tries, what it recognises, what it says.

Expected values come from the definitions (a window starts at every multiple of the stride where its targets still fit),
not from the solutions. Small cases tried in a fixed order come first, so that a message shows the same numbers every
time; fresh random sizes follow and decide, and their message shows no numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch.nn.functional import cross_entropy, log_softmax, one_hot, softmax
from torch.utils.data import DataLoader

from llmlab.exercises.core import Exercise, Misconception
from llmlab.exercises.probes import Probe, Wrong, plain, show

LABEL = "The next token is the label"
MANY = "One window, many predictions"
SLIDE = "Slide the window"
STRIDE = "Stride: overlap and gaps"
BATCHES = "From windows to batches"
SHUFFLE = "Shuffle and the last batch"
ONE_SHIFT = "One shift, not two"

_TIED = Misconception(
    "The small examples hold, and random ones do not. Is a number from an example written into the code, where one of "
    "the parameters belongs?",
    SLIDE,
)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# 03.1 ------------------------------------------------------------------------------------------------------------


def _check_trained_positions(answer: Any) -> Iterator[str]:
    letter = answer.strip().strip("()").lower() if isinstance(answer, str) else answer
    wrong = {"a": "one-loss-one-prediction", "b": "batch-adds-nothing", "c": "only-the-last-position"}
    if letter != "d":
        misconception = wrong.get(letter, "not-an-option") if isinstance(letter, str) else "not-an-option"
        raise Wrong(misconception, f"You answered `{show(answer)}`.")
    yield "d, every position of every window"


TRAINED_POSITIONS = Exercise(
    id="03.1",
    title="How many predictions does a batch train?",
    kind="value",
    examine=_check_trained_positions,
    means="Each position predicts its own next token, so 8 windows of 4 positions give 8 × 4 = 32 predictions with a "
    "target, and one step learns from all of them.",
    hints=(
        "Look at the target row of a single window: how many ids does it hold, and what is each of them for?",
        "Position 0 predicts from 1 token, position 1 from 2, … : a window of length 4 is four training examples.",
        "Count the entries of `targets`: its shape is (8, 4), and none of them is left out.",
    ),
    variant="How many would it be with a batch of 2 windows of 256 tokens?",
    misconceptions={
        "one-loss-one-prediction": Misconception(
            "The batch does give one loss, but that number is a mean over many predictions, not one prediction.", MANY
        ),
        "batch-adds-nothing": Misconception(
            "4 is what one window trains. The other 7 windows of the batch have targets of their own.", MANY
        ),
        "only-the-last-position": Misconception(
            "8 would be right if only the last position of each window were trained. Every position is: each one has "
            "the token after it as its target. (When generating text, the last position is the one that is read.)",
            MANY,
        ),
        "not-an-option": Misconception('Answer with the letter of an option in quotes: "a", "b", "c" or "d".'),
    },
)


# 03.2 ------------------------------------------------------------------------------------------------------------

# (n_tokens, max_length, stride): one more full input than full targets; an exact fit; a ragged end; a gap.
_TEXTS = ((13, 4, 3), (11, 4, 3), (12, 4, 3), (14, 2, 5))


def _text(n_tokens: int) -> list[int]:
    """Ids 10, 20, 30, …: each is recognised in a result, and none is another one plus 1."""
    return [10 * (position + 1) for position in range(n_tokens)]


def _windows(ids: list[int], max_length: int, stride: int) -> list[list[list[int]]]:
    starts = [start for start in range(len(ids)) if start % stride == 0 and start + max_length + 1 <= len(ids)]
    return [[ids[start : start + max_length], ids[start + 1 : start + 1 + max_length]] for start in starts]


def _check_make_windows(make_windows: Probe) -> Iterator[str]:
    def compare(n_tokens: int, max_length: int, stride: int) -> None:
        ids = _text(n_tokens)
        got = make_windows(ids, max_length, stride)
        if got != _windows(ids, max_length, stride) or _holds_floats(got):
            call = make_windows.spell(ids, max_length, stride)
            raise Wrong(_windows_misconception(got, n_tokens, max_length, stride), f"`{call}` gave `{show(got)}`.")

    for sizes in _TEXTS:
        compare(*sizes)
    yield f"{len(_TEXTS)} texts by hand"

    small = list(product(range(9), (1, 2, 3), (1, 2, 4)))
    for sizes in small:
        compare(*sizes)
    yield f"{len(small)} small cases, down to an empty text"

    repeated = [5, 5, 6, 5, 5, 6, 5]
    if (got := make_windows(repeated, 3, 2)) != _windows(repeated, 3, 2):
        raise Wrong("position-by-value", f"`{make_windows.spell(repeated, 3, 2)}` gave `{show(got)}`.")
    fresh = random.Random()
    for _ in range(20):
        ids = [fresh.randrange(50_257) for _ in range(fresh.randint(20, 60))]
        max_length, stride = fresh.sample(range(1, 10), 2)
        if make_windows(ids, max_length, stride, shown="a random text", fresh=True) != _windows(
            ids, max_length, stride
        ):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts"


def _windows_misconception(got: Any, n_tokens: int, max_length: int, stride: int) -> str:
    """Which idea gives this wrong result: type, then shift, then lengths, then where the windows start."""
    ids, expected = _text(n_tokens), _windows(_text(n_tokens), max_length, stride)
    if not isinstance(got, list):
        return "not-pairs"
    if not got:
        return "windows-missing"
    if len(got) == 2 and all(_is_table(table) and len(table) == len(expected) != 2 for table in got):
        return "two-tables"
    if expected and got == expected[0]:
        return "one-pair-only"
    if all(_is_row(window) for window in got):
        return "no-targets"
    if not all(isinstance(pair, list) and len(pair) == 2 and _is_row(pair[0]) for pair in got):
        return "not-pairs"
    inputs, targets = [pair[0] for pair in got], [pair[1] for pair in got]
    if len(got) > 2 and [len(row) for row in inputs[:3]] == [1, 2, 3] and max_length > 1:
        return "growing-contexts"
    if any(not isinstance(row, list) or (len(row) == 1 < len(inputs[0])) for row in targets[:1]):
        return "single-next-token"
    if not all(_is_row(row) for row in targets):
        return "not-pairs"
    if _holds_floats(got):
        return "ids-are-floats"

    if inputs[0] and targets[0]:
        shift = targets[0][0] - inputs[0][0]  # neighbouring ids differ by 10
        named = {0: "target-not-shifted", 20: "target-shifted-twice", -10: "target-shifted-back", 1: "id-plus-one"}
        if shift in named:
            return named[shift]
        if targets[0][0] in ids and shift > 20:
            return "target-too-far"
    if targets[0] == inputs[0][1:] + inputs[0][:1]:
        return "target-wraps-around"

    starts = [ids.index(row[0]) if row and row[0] in ids else -1 for row in inputs]
    steps = {later - earlier for earlier, later in zip(starts, starts[1:], strict=False)}
    if len(inputs[0]) == stride != max_length and steps <= {max_length}:
        return "stride-and-length-swapped"
    if len(inputs[0]) == max_length + 1:
        return "input-too-long"
    if all(len(row) == max_length - 1 for row in inputs + targets):
        return "rows-too-short"
    if not all(token in ids for row in inputs + targets for token in row):
        return "window-padded"
    if any(len(row) < max_length for row in inputs):
        return "window-past-the-end"
    if any(len(row) < max_length for row in targets):
        return "target-too-short"
    if steps == {1} != {stride}:
        return "stride-ignored"
    if steps == {max_length} != {stride}:
        return "stride-is-the-length"
    if len(inputs[0]) != max_length:
        return "length-ignored"
    if steps - {stride}:
        return "starts-uneven"
    return "windows-missing" if got == expected[: len(got)] else "other-windows"


def _holds_floats(value: Any) -> bool:
    return any(map(_holds_floats, value)) if isinstance(value, list) else isinstance(value, float)


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(token, int | float) for token in value)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_row(row) for row in value)


MAKE_WINDOWS = Exercise(
    id="03.2",
    title="Write the windows",
    kind="function",
    examine=_check_make_windows,
    means="These are the training examples of a language model, and the same windows as `SlidingWindowDataset` gives.",
    hints=(
        "With 13 ids and max_length 4: which is the last position where an input can start, so that its target row is "
        "full too?",
        "The target row is the slice of the input, moved one place to the right. A window that starts at `start` "
        "therefore needs the ids up to and including `start + max_length`.",
        "`for start in range(0, len(token_ids) - max_length, stride):` and inside it the slices `token_ids[start : "
        "start + max_length]` and `token_ids[start + 1 : start + max_length + 1]`.",
    ),
    variant="Write it without a loop, with `tensor.unfold(0, max_length, stride)` on the ids and on the ids from 1 on.",
    misconceptions={
        "target-not-shifted": Misconception(
            "Each target row equals its input row: the model would be trained to repeat the token that it reads. The "
            "target is the same row one token later.",
            LABEL,
        ),
        "target-shifted-twice": Misconception(
            "The targets lie two tokens ahead of the inputs. The next token is one ahead: shift once.", ONE_SHIFT
        ),
        "target-shifted-back": Misconception(
            "The targets lie one token before the inputs: the model would predict what it has already read.", LABEL
        ),
        "target-too-far": Misconception(
            "The targets lie further ahead than the next token, as if they were another window. Each target row is its "
            "input row one token later, whatever the stride and the length.",
            LABEL,
        ),
        "rows-too-short": Misconception(
            "The rows hold max_length - 1 ids: a stretch of max_length ids was cut out and then divided into input and "
            "target. Together they need max_length + 1.",
            MANY,
        ),
        "target-too-short": Misconception(
            "A target row is shorter than its input row. The last position needs a target too, so the slice for the "
            "targets ends one id after the slice for the inputs, and the text must reach that far.",
            LABEL,
        ),
        "target-wraps-around": Misconception(
            "The last target of a row is the first id of its input. The row was turned round; it must be shifted "
            "along the text, so that the token after the window comes in.",
            LABEL,
        ),
        "id-plus-one": Misconception(
            "The 1 was added to the ids themselves. The id after 10 in the vocabulary is not the token after it in "
            "the text: shift the position, not the value.",
            LABEL,
        ),
        "single-next-token": Misconception(
            "Each window has one target. Every position of the window is trained, so there are as many targets as "
            "inputs: the target is a row.",
            MANY,
        ),
        "growing-contexts": Misconception(
            "These are the growing contexts within one window. One pair of full rows holds them all: position i of "
            "the target row is the label of the first i + 1 inputs.",
            MANY,
        ),
        "stride-ignored": Misconception(
            "The windows start at every position: `stride` says how many ids lie between one start and the next.", SLIDE
        ),
        "stride-is-the-length": Misconception(
            "The windows move by their own length. That is one choice of stride; use `stride`, whatever its value.",
            STRIDE,
        ),
        "stride-and-length-swapped": Misconception(
            "Length and stride have changed places: `max_length` ids in a window, `stride` ids between starts.", STRIDE
        ),
        "window-past-the-end": Misconception(
            "A window runs past the end of the text and is shorter than the others. Rows of different length do not "
            "fit into one tensor: stop at the last start where input and target are both full.",
            SLIDE,
        ),
        "windows-missing": Misconception(
            "Windows that fit are missing at the end. Does your range end too early (the last start leaves just "
            "`max_length + 1` ids), or does a `return` stand inside the loop?",
            SLIDE,
        ),
        "one-pair-only": Misconception(
            "This is the first pair alone. The result is a list of all pairs: does a `return` stand inside the loop?",
            SLIDE,
        ),
        "window-padded": Misconception(
            "A window was filled up with ids that do not stand in the text. Leave out a window that does not fit.",
            SLIDE,
        ),
        "length-ignored": Misconception(
            "The rows do not hold `max_length` ids. Is a number written into the code, where the parameter belongs?",
            MANY,
        ),
        "starts-uneven": Misconception(
            "The windows do not start at 0, stride, 2 × stride, … . Is a number written into the code, where the "
            "parameter belongs, or was a window moved so that it fits?",
            STRIDE,
        ),
        "input-too-long": Misconception(
            "The input row holds max_length + 1 ids. That many are needed for input and target together.", LABEL
        ),
        "no-targets": Misconception(
            "This is a list of single rows. A training example is a pair: put each input row and its target row "
            "together, as in `(inputs, targets)`.",
            LABEL,
        ),
        "two-tables": Misconception(
            "All inputs come first and then all targets. The exercise wants one pair a window: `list(zip(inputs, "
            "targets))` makes it so.",
            LABEL,
        ),
        "not-pairs": Misconception(
            "The result must be a list of pairs (input row, target row), each row a list of ids.", LABEL
        ),
        "ids-are-floats": Misconception(
            "Token ids are whole numbers, they look up rows of a table: these are floats.", LABEL
        ),
        "position-by-value": Misconception(
            "With ids that occur more than once the windows are wrong. Does the code look for the position of an id "
            "(`index`)? That finds only its first occurrence: count positions instead.",
            SLIDE,
        ),
        "other-windows": Misconception("The rows have the right form but are not the windows of this text.", SLIDE),
        "tied-to-the-example": _TIED,
    },
)


# 03.3 ------------------------------------------------------------------------------------------------------------


def _check_trained_tokens(answer: Any) -> Iterator[str]:
    if not (isinstance(answer, list) and len(answer) == 2 and all(isinstance(count, int | float) for count in answer)):
        raise Wrong("not-two-counts", f"You answered `{show(answer)}`.")
    four, five = answer
    if (four, five) != (996, 800):
        raise Wrong(
            _trained_misconception(four, five), f"You answered {show(four)} at stride 4, {show(five)} at stride 5."
        )
    yield "996 at stride 4"
    yield "800 at stride 5"


def _trained_misconception(four: float, five: float) -> str:
    if (four, five) == (800, 996):
        return "strides-swapped"
    if {four, five} <= {249, 250, 200, 199}:
        return "windows-counted"
    if four == 1000:
        return "first-token-counted"
    if five in (996, 999, 1000, 995):
        return "gap-overlooked"
    if four == 999:
        return "tail-counted"
    if four == 992 or five == 796:
        return "first-window-forgotten"
    return "count-again"


TRAINED_TOKENS = Exercise(
    id="03.3",
    title="What does a stride skip?",
    kind="value",
    examine=_check_trained_tokens,
    means="Stride 4: 249 windows × 4 targets = 996, only the last 3 tokens are missed. Stride 5: 200 windows × 4 = "
    "800, one token in five is never a target. A stride above the context length leaves gaps.",
    hints=(
        "At stride 5 with windows of 4: the first window's targets are tokens 1 to 4. Which are the second window's?",
        "Count windows first: starts are 0, stride, 2 × stride, … up to 1,000 − 5 = 995. Then targets: 4 a window, as "
        "long as the windows do not overlap.",
        "`len(range(0, 996, 4)) * 4` and `len(range(0, 996, 5)) * 4`.",
    ),
    variant="At which strides is every one of the 999 tokens a target at least once? Try 1, 2 and 3.",
    misconceptions={
        "gap-overlooked": Misconception(
            "Stride = length + 1 does skip something. The targets of a window at 0 are tokens 1 to 4, those of the "
            "next window, at 5, are tokens 6 to 9: token 5 is an input of the second and a target of none.",
            STRIDE,
        ),
        "first-token-counted": Misconception(
            "1,000 counts a token that cannot be a target: the first one has nothing before it to be predicted from. "
            "And a 250th window at stride 4 would need one token more than there are, as its last target.",
            LABEL,
        ),
        "tail-counted": Misconception(
            "999 tokens could be targets, but a window must be full: at stride 4 the last start is 992, its targets "
            "end at token 996, and the 3 tokens after it make no window.",
            SLIDE,
        ),
        "windows-counted": Misconception(
            "Those are windows. Each window of length 4 trains 4 tokens, one target for every position.", MANY
        ),
        "strides-swapped": Misconception(
            "Both numbers are right and have changed places: the larger stride makes fewer windows.", STRIDE
        ),
        "first-window-forgotten": Misconception(
            "One window is missing: (last start) / stride counts the steps between windows, and there is one window "
            "more than steps.",
            SLIDE,
        ),
        "not-two-counts": Misconception("The answer is two numbers: `trained_at_stride_4, trained_at_stride_5`."),
        "count-again": Misconception(
            "Count in two steps. A window needs 5 ids, 4 inputs and one more target, so starts run from 0 to at most "
            "995 in steps of the stride; each window then trains 4 tokens.",
            STRIDE,
        ),
    },
)


# 03.4 ------------------------------------------------------------------------------------------------------------

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
    ("one-window-short", lambda n, T, s: max(0, -(-(n - T - 1) // s))),
    ("one-window-short", lambda n, T, s: max(0, (n - T) // s)),
    ("partial-window-counted", lambda n, T, s: -(-n // s)),
    ("partial-window-counted", lambda n, T, s: max(0, -(-(n - 1) // s))),
    ("length-ignored", lambda n, T, s: n // s),
    ("length-ignored", lambda n, T, s: max(0, (n - 1) // s)),
    ("stride-ignored", lambda n, T, s: max(0, n - T)),
    ("stride-ignored", lambda n, T, s: n - T),
    ("stride-ignored", lambda n, T, s: n // T),
    ("stride-ignored", lambda n, T, s: max(0, (n - 1) // T)),
)
# The same for batches, in windows w, batch size b and drop_last d.
_BATCH_FORMULAS = (
    ("partial-batch-lost", lambda w, b, d: w // b),
    ("drop-last-ignored", lambda w, b, d: -(-w // b)),
    ("drop-last-inverted", lambda w, b, d: -(-w // b) if d else w // b),
    ("one-batch-too-many", lambda w, b, d: w // b if d else w // b + 1),
    ("one-batch-too-many", lambda w, b, d: w // b if d or not w else w // b + 1),
    ("zero-batches-overlooked", lambda w, b, d: max(1, w // b if d else -(-w // b))),
    ("batch-size-ignored", lambda w, b, d: w),
)


def _count_windows(n_tokens: int, max_length: int, stride: int) -> int:
    return len(_windows(list(range(n_tokens)), max_length, stride))


def _count_batches(windows: int, batch_size: int, drop_last: bool) -> int:
    sizes = [len(range(windows)[start : start + batch_size]) for start in range(0, windows, batch_size)]
    return sum(size == batch_size or not drop_last for size in sizes)


def _check_count_batches(count_batches: Probe) -> Iterator[str]:
    answers = []
    for case in _LOADERS:
        got = count_batches(*case)
        shown = f"`{count_batches.spell(*case)}` gave `{show(got)}`."
        if not (isinstance(got, list) and len(got) == 2 and all(isinstance(count, int | float) for count in got)):
            raise Wrong("not-two-counts", shown)
        if not all(_is_whole(count) for count in got):
            raise Wrong("counts-are-floats", shown)
        answers.append((case, got, shown))
    yield "two whole numbers"

    def require(part: str, numbers: list[int], expected: list[int], formulas: dict[str, list[list[int]]]) -> None:
        for number, true, (_, _, shown) in zip(numbers, expected, answers, strict=True):
            if number != true:
                agrees = [name for name, columns in formulas.items() if numbers in columns]
                raise Wrong(agrees[0] if agrees else f"other-{part}", f"{shown} The number of {part} is {true}.")

    cases = [case for case, _, _ in answers]
    windows = [_count_windows(n, T, s) for n, T, s, _, _ in cases]
    batches = [_count_batches(w, b, d) for w, (*_, b, d) in zip(windows, cases, strict=True)]
    swapped = [got for _, got, _ in answers] == [[b, w] for w, b in zip(windows, batches, strict=True)]
    if swapped:
        raise Wrong("counts-swapped", answers[0][2])
    window_columns: dict[str, list[list[int]]] = {}
    for name, formula in _WINDOW_FORMULAS:
        window_columns.setdefault(name, []).append([formula(n, T, s) for n, T, s, _, _ in cases])
    # What the loader hands out after drop_last, instead of what the data set holds.
    used = [w // b * b if d else w for w, (*_, b, d) in zip(windows, cases, strict=True)]
    window_columns["dropped-windows-left-out"] = [used]
    require("windows", [got[0] for _, got, _ in answers], windows, window_columns)
    batch_columns: dict[str, list[list[int]]] = {}
    for name, formula in _BATCH_FORMULAS:
        column = [formula(w, b, d) for w, (*_, b, d) in zip(windows, cases, strict=True)]
        batch_columns.setdefault(name, []).append(column)
    require("batches", [got[1] for _, got, _ in answers], batches, batch_columns)
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


COUNT_BATCHES = Exercise(
    id="03.4",
    title="Count windows and batches",
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
        "tied-to-the-example": _TIED,
    },
)


# 03.5 ------------------------------------------------------------------------------------------------------------


def _epochs(result: Any, args: tuple) -> list[list[list[int]]] | None:
    """Two epochs of a loader: for each batch the numbers of its windows, read from the first id of each input."""
    if result is None:
        return None
    if not isinstance(result, DataLoader):
        raise Wrong("not-a-loader", f"It gave a value of type `{type(result).__name__}`.")
    return [[_window_numbers(batch) for batch in result] for _ in range(2)]


def _window_numbers(batch: Any) -> list[int]:
    batch = plain(batch)
    if not (isinstance(batch, list) and len(batch) == 2 and all(_is_table(rows) for rows in batch)):
        raise Wrong("not-batches-of-pairs", f"A batch was `{show(batch)}`.")
    return [row[0] for row in batch[0]]


def _check_make_loader(make_loader: Probe) -> Iterator[str]:
    def load(n: int, batch_size: int, shuffle: bool, drop_last: bool, seed: int | None = None) -> list[list[list[int]]]:
        dataset = [(torch.tensor([number, number + 1]), torch.tensor([number + 1, number + 2])) for number in range(n)]
        options = {"batch_size": batch_size, "shuffle": shuffle, "drop_last": drop_last}
        shown = f"{make_loader.name}({n} windows, {', '.join(f'{name}={value}' for name, value in options.items())})"
        if seed is not None:
            options["generator"] = torch.Generator().manual_seed(seed)
        return make_loader(dataset, **options, shown=shown, read=_epochs)

    def chained(epoch: list[list[int]]) -> list[int]:
        return [number for batch in epoch for number in batch]

    plain_epoch = [[0, 1, 2], [3, 4, 5], [6]]
    first, second = load(7, 3, shuffle=False, drop_last=False)
    shown = f"For 7 windows, batch_size=3, shuffle=False, drop_last=False, the windows came in batches `{show(first)}`."
    sizes = [len(batch) for batch in first]
    if max(sizes, default=0) != 3 or (sizes != [3, 3, 1] and sizes != [3, 3]):
        raise Wrong("batch-size-lost", f"For 7 windows and batch_size=3, the batches had {show(sizes)} windows.")
    if sizes == [3, 3]:
        raise Wrong("drop-last-not-passed-on", "drop_last=False, yet of 7 windows in batches of 3 one was dropped.")
    dropping = [len(batch) for batch in load(7, 3, shuffle=False, drop_last=True)[0]]
    if dropping != [3, 3]:
        raise Wrong(
            "drop-last-not-passed-on", f"With drop_last=True and batch_size=3, 7 windows gave batches of {dropping}."
        )
    yield "batch size and drop_last"

    # 40 windows: by chance in order once in 10^47 shuffles.
    shuffled = [chained(epoch) for epoch in load(40, 4, shuffle=True, drop_last=False)]
    in_order = list(range(40))
    if first != plain_epoch or second != plain_epoch:
        if shuffled[0] == in_order:
            raise Wrong("shuffle-inverted", shown)
        raise Wrong("shuffle-always", shown)
    if shuffled[0] == shuffled[1] == in_order:
        raise Wrong("shuffle-never", "With shuffle=True, 40 windows came in their order, twice.")
    if sorted(shuffled[0]) != in_order or sorted(shuffled[1]) != in_order:
        raise Wrong("windows-lost", "With shuffle=True, not every one of 40 windows came exactly once in an epoch.")
    if shuffled[0] == shuffled[1]:
        raise Wrong("shuffled-once", "With shuffle=True, two epochs over 40 windows came in the same order.")
    yield "shuffle on and off, each epoch anew"

    def order(seed: int) -> list[int]:
        return chained(load(40, 4, shuffle=True, drop_last=False, seed=seed)[0])

    seed, other = random.Random().sample(range(10**9), 2)
    if order(seed) != order(seed):
        raise Wrong("generator-dropped", "Two generators with the same seed gave 40 windows in different orders.")
    if order(seed) == order(other):
        raise Wrong("generator-replaced", "Generators with different seeds gave 40 windows in the same order.")
    yield "the generator decides the order"


MAKE_LOADER = Exercise(
    id="03.5",
    title="Find the bug: the loader that will not listen",
    kind="function",
    examine=_check_make_loader,
    means="The loader does what its caller says, and with a seeded generator it does the same again tomorrow.",
    hints=(
        "Call it with shuffle=False and look at the order of the windows. Is that what you asked for?",
        "A parameter that is accepted and never used raises no error. Follow each name of the `def` line into the "
        "body.",
        "`shuffle=True` in the call of DataLoader is a constant: write `shuffle=shuffle`.",
    ),
    variant="What happens to the last batch when drop_last=True and there are fewer windows than batch_size? Try it.",
    misconceptions={
        "shuffle-always": Misconception(
            "shuffle=False still shuffles: the loader takes the argument and passes on something else.", SHUFFLE
        ),
        "shuffle-never": Misconception(
            "shuffle=True does not shuffle any more: with another constant, or with none, the caller is ignored just "
            "the same. Pass on the argument.",
            SHUFFLE,
        ),
        "shuffle-inverted": Misconception("It shuffles when told not to, and the other way round.", SHUFFLE),
        "shuffled-once": Misconception(
            "The order was drawn once, when the loader was made. Shuffling means a new order in each epoch.", SHUFFLE
        ),
        "drop-last-not-passed-on": Misconception(
            "`drop_last` does not reach the loader as the caller gave it.", SHUFFLE
        ),
        "batch-size-lost": Misconception("`batch_size` does not reach the loader as the caller gave it.", BATCHES),
        "generator-dropped": Misconception(
            "The generator is accepted and not used: the order comes from PyTorch's global generator, and a seeded "
            "run cannot be repeated.",
            SHUFFLE,
        ),
        "generator-replaced": Misconception(
            "The order does not depend on the caller's generator: is another one made inside?", SHUFFLE
        ),
        "windows-lost": Misconception("An epoch must hand out every window once.", SHUFFLE),
        "not-a-loader": Misconception("The function gives back a `torch.utils.data.DataLoader`.", BATCHES),
        "not-batches-of-pairs": Misconception(
            "A batch must be a pair of tensors, inputs (B, T) and targets (B, T).", BATCHES
        ),
    },
)


# 03.6 ------------------------------------------------------------------------------------------------------------


def _wrong_losses(logits: torch.Tensor, targets: torch.Tensor) -> dict[str, list[float]]:
    """What each known mistake gives on the example: misconception -> losses."""
    B, T, V = logits.shape
    each = cross_entropy(logits.transpose(1, 2), targets, reduction="none")  # (B, T)

    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return cross_entropy(logits.reshape(-1, V), targets.reshape(-1))

    losses = {
        "shifted-twice": [loss(logits[:, :-1], targets[:, 1:])],
        "shifted-back": [loss(logits[:, 1:], targets[:, :-1])],
        "only-the-last-position": [each[:, -1].mean(), each[:, -1].sum()],
        "last-position-left-out": [each[:, :-1].mean()],
        "first-position-left-out": [each[:, 1:].mean()],
        "only-the-first-window": [each[0].mean()],
        "softmax-first": [
            loss(softmax(logits, -1), targets),
            -softmax(logits, -1).gather(2, targets[..., None]).mean(),
        ],
        "softmax-over-the-wrong-axis": [
            -log_softmax(logits, axis).gather(2, targets[..., None]).mean() for axis in (0, 1)
        ],
        "sum-instead-of-mean": [each.sum(), each.sum() / B, each.sum() / T],
        "rows-mixed": [
            loss(logits.transpose(1, 2), targets),
            loss(logits.transpose(0, 1), targets),
            loss(logits, targets.T),
            cross_entropy(logits.reshape(B, V, T), targets),
        ],
        "sign-missing": [-each.mean()],
        "mean-over-the-vocabulary": [(log_softmax(logits, -1) * one_hot(targets, V)).mean() * sign for sign in (1, -1)],
        "perplexity": [each.mean().exp()],
    }
    return {name: [float(value) for value in values] for name, values in losses.items()}


def _example_batch(B: int, T: int, V: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(B, T, V, generator=generator)
    return logits, torch.randint(V, (B, T), generator=generator)


def _written_example() -> tuple[torch.Tensor, torch.Tensor]:
    """B=2, T=3, V=5, in numbers that no version of a random generator changes."""
    B, T, V = 2, 3, 5
    logits = torch.tensor([(7 * i * i + 3 * i) % 11 - 5 for i in range(B * T * V)]).reshape(B, T, V) * 0.5
    return logits, torch.tensor([[3, 1, 4], [1, 0, 2]])


def _loss_by_hand(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Mean over every position of log(sum of exp(logits)) minus the target's logit, in double precision."""
    losses = [
        math.log(sum(math.exp(value) for value in row)) - row[target]
        for rows, row_targets in zip(logits.double().tolist(), targets.tolist(), strict=True)
        for row, target in zip(rows, row_targets, strict=True)
    ]
    return sum(losses) / len(losses)


def _close(got: float, expected: float) -> bool:
    return math.isclose(got, expected, rel_tol=1e-5, abs_tol=1e-5)  # float32 sums of up to 100 terms stay within 1e-6


def _gradient(result: Any, args: tuple) -> list[list[float]]:
    """How strongly each position's logits act on the loss, (B, T)."""
    if not (isinstance(result, torch.Tensor) and result.requires_grad):
        raise Wrong("no-gradient", "The loss does not lead back to the logits, so `loss.backward()` cannot train.")
    (gradient,) = torch.autograd.grad(result, args[0])
    return gradient.abs().sum(-1).tolist()


def _check_next_token_loss(next_token_loss: Probe) -> Iterator[str]:
    logits, targets = _written_example()
    name = next_token_loss.name
    got = next_token_loss(logits, targets, shown=f"{name}(logits (2, 3, 5), targets (2, 3))")
    expected = _loss_by_hand(logits, targets)
    shown = f"For logits of shape (2, 3, 5) it gave `{show(got)}`, the mean over all 6 positions is {expected:.4f}."
    if not isinstance(got, int | float):
        raise Wrong("not-a-scalar", f"For logits of shape (2, 3, 5) it gave `{show(got)}`.")
    if not _close(got, expected):
        models = _wrong_losses(logits, targets)
        agrees = [name for name, values in models.items() if any(_close(got, value) for value in values)]
        raise Wrong("loss-is-nan" if math.isnan(got) else agrees[0] if agrees else "other-loss", shown)
    yield "one number, right on an example by hand"

    leaf = logits.clone().requires_grad_()
    reaches = next_token_loss(leaf, targets, shown=f"{name}(logits (2, 3, 5), targets (2, 3))", read=_gradient)
    if not all(value > 0 for row in reaches for value in row):
        raise Wrong("no-gradient", "At least one position gets no gradient.")
    yield "every position gets gradient"

    fresh = random.Random()
    shapes = [(1, 4, 3), (3, 1, 4), *([*fresh.sample(range(2, 9), 3)] for _ in range(8))]
    for B, T, V in shapes:
        logits, targets = _example_batch(B, T, V, seed=fresh.getrandbits(60))
        got = next_token_loss(logits, targets, shown="a random batch", fresh=True)
        if not isinstance(got, int | float) or not _close(got, _loss_by_hand(logits, targets)):
            raise Wrong("tied-to-the-example")
    yield "fresh random batches of other shapes"


NEXT_TOKEN_LOSS = Exercise(
    id="03.6",
    title="Find the bug: one shift too many",
    kind="function",
    examine=_check_next_token_loss,
    means="The data set shifts, the loss does not: every logit meets the token right after its input, and all "
    "positions count.",
    hints=(
        "The data set gives targets[b, t] = the token after inputs[b, t]. Which target do the logits at t belong to?",
        "Two places could do the shift, the data set or the loss. It has been done in the data set; here logits and "
        "targets at the same position belong together.",
        "`cross_entropy(logits.flatten(0, 1), targets.flatten())`, without any slice.",
    ),
    variant="Give the loss untrained logits, all zero, with V = 50,257. Which number comes out, and why is it ln V?",
    misconceptions={
        "shifted-twice": Misconception(
            "Logits at t are compared with the target of t + 1: the shift of the data set and one more. The model "
            "would learn to predict the token after the next.",
            ONE_SHIFT,
        ),
        "shifted-back": Misconception(
            "Logits at t + 1 are compared with the target of t, which the model has already read as its input: the "
            "shift of the data set has been taken back.",
            ONE_SHIFT,
        ),
        "only-the-last-position": Misconception(
            "Only the last position of each window is counted. Every position has a target and is trained.", MANY
        ),
        "last-position-left-out": Misconception(
            "The last position is left out. Its target is there: the data set put the token after the window into it.",
            ONE_SHIFT,
        ),
        "first-position-left-out": Misconception(
            "The first position is left out. It has a target like all others: the second token of the window.", MANY
        ),
        "only-the-first-window": Misconception("Only the first window of the batch is counted.", BATCHES),
        "softmax-first": Misconception(
            "Probabilities go where logits or log-probabilities belong. `cross_entropy` takes logits and applies "
            "log-softmax itself: a softmax before it flattens the loss.",
            ONE_SHIFT,
        ),
        "softmax-over-the-wrong-axis": Misconception(
            "The softmax ran over windows or positions. It must run over the vocabulary, the last axis.", MANY
        ),
        "sum-instead-of-mean": Misconception(
            "The losses are added up over an axis where the mean is wanted: the number would grow with the batch or "
            "the window.",
            MANY,
        ),
        "rows-mixed": Misconception(
            "A reshape has mixed positions and vocabulary, or windows and positions. Flatten (B, T, V) to (B·T, V) "
            "and (B, T) to (B·T), or move V to axis 1 with `transpose(1, 2)`; `view` and `reshape` move no axis.",
            MANY,
        ),
        "sign-missing": Misconception(
            "The sign is missing: the loss is minus the log-probability of the target.", LABEL
        ),
        "mean-over-the-vocabulary": Misconception(
            "The mean also runs over the vocabulary. Only the entry of the target counts: average over B·T positions.",
            MANY,
        ),
        "perplexity": Misconception("This is exp(loss), the perplexity. The loss is the mean before `exp`.", MANY),
        "loss-is-nan": Misconception("The loss is not a number: a mean over nothing, or the log of zero?", MANY),
        "not-a-scalar": Misconception("The loss is one number, the mean over all positions of all windows.", MANY),
        "no-gradient": Misconception(
            "The number is right, but it cannot train: gradient must flow from the loss to the logits of every "
            "position. Keep it a tensor, without `.item()` or `detach()`.",
            MANY,
        ),
        "other-loss": Misconception(
            "This is not the mean cross-entropy over all positions. For a single position: minus the log-softmax of "
            "its logits, at its target.",
            MANY,
        ),
        "tied-to-the-example": Misconception(
            "The example holds, and batches of other shapes do not. Is a size of the example written into the code?",
            MANY,
        ),
    },
)

EXERCISES = (TRAINED_POSITIONS, MAKE_WINDOWS, TRAINED_TOKENS, COUNT_BATCHES, MAKE_LOADER, NEXT_TOKEN_LOSS)
