"""Windows and their targets, to be written: tried on texts by hand, on all small sizes, then on random ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import product

from llmlab.exercises.engine import Crash, Exercise, Misconception, Probe, Wrong, show
from llmlab.exercises.lesson_03.common import SHORT_TEXT, TIED, for_a_short_text, read_or_nothing, windows_of
from llmlab.exercises.lesson_03.make_windows_mistakes import holds_floats, idea_behind, text_of
from llmlab.exercises.lesson_03.sections import LABEL, MANY, ONE_SHIFT, SLIDE, STRIDE

# (n_tokens, max_length, stride): one more full input than full targets; an exact fit; a ragged end; a gap.
_TEXTS = ((13, 4, 3), (11, 4, 3), (12, 4, 3), (14, 2, 5))


def _check_make_windows(make_windows: Probe) -> Iterator[str]:
    def compare(n_tokens: int, max_length: int, stride: int) -> None:
        ids = text_of(n_tokens)
        call = partial(make_windows, ids, max_length, stride)
        if n_tokens > max_length:
            got = call()
        else:
            got = for_a_short_text(partial(call, read=read_or_nothing), "`[]`")
        if got != windows_of(ids, max_length, stride) or holds_floats(got):
            spelled = make_windows.spell(ids, max_length, stride)
            raise Wrong(idea_behind(got, n_tokens, max_length, stride), f"`{spelled}` gave `{show(got)}`.")

    for sizes in _TEXTS:
        compare(*sizes)
    yield f"{len(_TEXTS)} texts by hand"

    small = list(product(range(9), (1, 2, 3), (1, 2, 4)))
    for sizes in small:
        compare(*sizes)
    yield f"{len(small)} small cases, down to an empty text"

    repeated = [5, 5, 6, 5, 5, 6, 5]
    if (got := make_windows(repeated, 3, 2)) != windows_of(repeated, 3, 2):
        raise Wrong("position-by-value", f"`{make_windows.spell(repeated, 3, 2)}` gave `{show(got)}`.")
    fresh = random.Random()
    for _ in range(20):
        ids = [fresh.randrange(50_257) for _ in range(fresh.randint(20, 60))]
        max_length, stride = fresh.sample(range(1, 10), 2)
        if make_windows(ids, max_length, stride, shown="a random text", fresh=True) != windows_of(
            ids, max_length, stride
        ):
            raise Wrong("tied-to-the-example")
    yield "fresh random texts"


EXERCISE = Exercise(
    kind="function",
    examine=_check_make_windows,
    means="These are the training examples of a language model, and the same windows as `SlidingWindowDataset` gives.",
    hints=(
        "With 13 ids and max_length 4: which is the last position where an input can start, so that its target is "
        "full too?",
        "The target is the slice of the input, moved one place to the right. A window that starts at `start` "
        "therefore needs the ids up to and including `start + max_length`.",
        "`for start in range(0, len(token_ids) - max_length, stride):` and inside it the slices `token_ids[start : "
        "start + max_length]` and `token_ids[start + 1 : start + max_length + 1]`.",
    ),
    variant="Write it without a loop, with `tensor.unfold(0, max_length, stride)` on the ids and on the ids from 1 on.",
    misconceptions={
        "target-not-shifted": Misconception(
            "Each target equals its input: the model would be trained to repeat the token that it reads. The target is "
            "the same stretch one token later.",
            LABEL,
        ),
        "target-starts-with-input": Misconception(
            "A target starts with the first token of its input. It starts one token later, and ends one token later.",
            LABEL,
        ),
        "target-too-long": Misconception(
            "A target holds more ids than its input. Both hold `max_length`: every position has one target.", MANY
        ),
        "target-shifted-twice": Misconception(
            "The targets lie two tokens ahead of the inputs. The next token is one ahead: shift once.", ONE_SHIFT
        ),
        "target-shifted-back": Misconception(
            "The targets lie one token before the inputs: the model would predict what it has already read.", LABEL
        ),
        "target-too-far": Misconception(
            "The targets lie further ahead than the next token, as if they were another window. Each target is its "
            "input one token later, whatever the stride and the length.",
            LABEL,
        ),
        "rows-too-short": Misconception(
            "Inputs and targets hold max_length - 1 ids. To make both max_length long, a stretch of max_length + 1 ids "
            "is needed.",
            MANY,
        ),
        "target-too-short": Misconception(
            "The targets are shorter than their inputs. The last position needs a target too, so the slice for the "
            "targets ends one id after the slice for the inputs.",
            LABEL,
        ),
        "last-target-short": Misconception(
            "The last window has no full target: the text ends before the token after its last input. The starts go "
            "one too far; the last one leaves max_length + 1 ids.",
            SLIDE,
        ),
        "target-wraps-around": Misconception(
            "The last target of a window is the first id of its input: the window was turned round. It must be shifted "
            "along the text, so that the token after it comes in.",
            LABEL,
        ),
        "id-plus-one": Misconception(
            "The 1 was added to the ids themselves. The id after 10 in the vocabulary is not the token after it in "
            "the text: shift the position, not the value.",
            LABEL,
        ),
        "other-list": Misconception(
            "A window holds ids that are not in the list that was given. Does the code use a list from a cell above, "
            "in place of `token_ids`?",
            SLIDE,
        ),
        "single-next-token": Misconception(
            "Each window has one target. Every position of the window is trained, so there are as many targets as "
            "inputs.",
            MANY,
        ),
        "growing-contexts": Misconception(
            "These are the growing contexts within one window. One pair of full lists holds them all: position i of "
            "the target is the label of the first i + 1 inputs.",
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
            "A window runs past the end of the text and is shorter than the others. Windows of different length do not "
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
            "The inputs do not hold `max_length` ids. Is a number written into the code, where the parameter belongs?",
            MANY,
        ),
        "starts-uneven": Misconception(
            "The windows do not start at 0, stride, 2 × stride, … . Is a number written into the code, where the "
            "parameter belongs, or was a window moved so that it fits?",
            STRIDE,
        ),
        "input-too-long": Misconception(
            "The input holds max_length + 1 ids. That many are needed for input and target together.", LABEL
        ),
        "no-targets": Misconception(
            "This is a list of single lists. A training example is a pair: put each input and its target together, as "
            "in `(inputs, targets)`.",
            LABEL,
        ),
        "two-tables": Misconception(
            "All inputs come first and then all targets. The exercise wants one pair for each window: "
            "`list(zip(inputs, targets))` makes it so.",
            LABEL,
        ),
        "not-pairs": Misconception(
            "The result must be a list of pairs (input, target), each of them a list of ids.", LABEL
        ),
        "ids-are-floats": Misconception("Token ids are whole numbers: these are floats.", LABEL),
        "position-by-value": Misconception(
            "With ids that occur more than once the windows are wrong. Does the code look for the position of an id "
            "(`index`)? That finds only its first occurrence: count positions instead.",
            SLIDE,
        ),
        "short-text-refused": SHORT_TEXT,
        "other-windows": Misconception("The form is right, but these are not the windows of this text.", SLIDE),
        "tied-to-the-example": TIED,
    },
    crashes=(
        Crash(
            "past-the-last-token",
            "IndexError",
            "out of range",
            "A position was asked for that the text does not have. The last window must leave one id over for its last "
            "target. (A slice may reach past the end without an error, and is shorter then.)",
            SLIDE,
        ),
        Crash(
            "list-for-a-count",
            "TypeError",
            "'list' object cannot be interpreted as an integer|operand type.*'list' and 'int'",
            "The list of ids stands where a number is wanted: `len(token_ids)` is how many there are.",
            SLIDE,
        ),
        Crash(
            "append-of-two",
            "TypeError",
            r"append\(\) takes exactly one argument",
            "`append` takes one element, and here that is a pair: `windows.append((inputs, targets))`, with "
            "parentheses of its own.",
            SLIDE,
        ),
    ),
)
