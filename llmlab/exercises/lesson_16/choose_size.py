"""Two decisions: how large the model is, and how many steps it is trained, within the seconds that there are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_number, is_whole
from llmlab.exercises.lesson_16.sections import SIZE
from llmlab.gpt import GPTConfig, count_operations, count_parameters

_BATCH = 16
_HARDLY, _BY_HEART = 1, 100  # times that the text is read
_NARROWEST = 8  # numbers in a head
_SLOWEST = 1e6  # operations a second: no machine that runs Python is slower
_LEARNED = 0.9  # of the tokens; the rest is measured on
_SIZES = ("vocab_size", "context_length", "d_model", "n_heads", "n_layers")


def _check_size(answer: Any) -> Iterator[str]:
    five: list[Any] = answer if isinstance(answer, list) and len(answer) == 5 else [None] * 5
    n_tokens, seconds, speed, size, steps = five
    counts = size if isinstance(size, list) and len(size) == len(_SIZES) else [None]
    if not all(is_whole(n) and n > 0 for n in (n_tokens, steps, *counts)) or not all(
        is_number(n) and 0 < n < math.inf for n in (seconds, speed)
    ):
        raise Wrong("not-five-things", f"You answered `{show(answer)}`.")
    if speed < _SLOWEST:
        raise Wrong("speed-in-billions", f"You gave a speed of {show(speed)} operations a second.")
    _, context_length, d_model, n_heads, _ = size
    if d_model % n_heads:
        raise Wrong("heads-do-not-divide", f"{n_heads} heads share {d_model} numbers.")
    if d_model // n_heads < _NARROWEST:
        raise Wrong("heads-too-narrow", f"{n_heads} heads share {d_model} numbers: {d_model // n_heads} each.")
    if context_length > n_tokens // 10:
        raise Wrong("window-longer-than-what-is-measured", f"{context_length:,} tokens of {n_tokens:,}.")
    config = GPTConfig(**dict(zip(_SIZES, size, strict=True)), tie_weights=True)
    weights = count_parameters(config).total
    operations = 3 * count_operations(config, context_length, batch_size=_BATCH).total * steps  # forward 1, backward 2
    needed = round(operations / speed, 1)  # as the lesson prints it
    billions = f"{operations / 1e9:,.{0 if operations > 1e10 else 1}f}"
    cost = f"{weights:,} weights, {billions} · 10⁹ operations, {needed:,.1f} of {seconds:,.1f} seconds"
    if needed > seconds:
        raise Wrong("longer-than-there-is", f"{cost}.")
    yield cost
    read = steps * _BATCH * context_length / (_LEARNED * n_tokens)
    if read < _HARDLY:
        raise Wrong("not-read-once", f"{steps:,} steps of {_BATCH} windows read {read:.2f} of what is learned from.")
    if read > _BY_HEART:
        shown = f"{steps:,} steps of {_BATCH} windows read what is learned from {read:,.0f} times."
        raise Wrong("read-until-by-heart", shown)
    yield f"the part that is learned from is read {read:.1f} times"
    if weights > 50 * n_tokens:
        raise Wrong("far-more-weights-than-text", f"{weights:,} weights, {n_tokens:,} tokens.")
    yield f"{weights / n_tokens:.1f} weights for each token of the text"


EXERCISE = Exercise(
    kind="value",
    examine=_check_size,
    means="Size and steps share one budget: what a larger model takes for each token, it has to save in tokens. You "
    "know before the first step what the run will take.",
    hints=(
        "How many operations does your machine do in the seconds that you have?",
        "Operations = 3 · forward pass · steps. Twice the width is about four times the work of the blocks, so it "
        "costs steps. The text should be read a few times, and not a hundred times.",
        "For the log of the keeper and half a minute: `(700, 64, 64, 4, 2)` and 300 steps.",
    ),
    variant="Ask for ten times the seconds. What would you spend them on first: width, layers, context or steps?",
    misconceptions={
        "not-five-things": Misconception(
            "The answer is five things: `n_tokens, seconds, speed, size, steps`. `size` holds five counts: vocab_size, "
            "context_length, d_model, n_heads, n_layers. All are finite and above 0.",
            SIZE,
        ),
        "speed-in-billions": Misconception(
            "`speed` is a count of operations in one second, and no machine that runs this is so slow. What is printed "
            "as 20 · 10⁹ is typed `20e9`.",
            SIZE,
        ),
        "heads-do-not-divide": Misconception("The heads share the width equally: n_heads must divide d_model.", SIZE),
        "heads-too-narrow": Misconception(
            f"Fewer than {_NARROWEST} numbers are left for each head. A query and a key that short can hardly tell one "
            "token from another: take fewer heads, or a greater width.",
            SIZE,
        ),
        "window-longer-than-what-is-measured": Misconception(
            "The context is longer than a tenth of the text, and a tenth is what the validation loss is measured on: "
            "hardly one window of it would be full. Take a shorter context, or a longer text.",
            SIZE,
        ),
        "longer-than-there-is": Misconception(
            "That takes longer than you have. Twice the width is nearly four times the work of the blocks; twice the "
            "layers, steps or context is about twice the work. Which of them can give way?",
            SIZE,
        ),
        "not-read-once": Misconception(
            "What is learned from is not read once. What has not been read cannot be learned, so a part of the text is "
            "wasted: more steps, and if the seconds do not allow them, a smaller model.",
            SIZE,
        ),
        "read-until-by-heart": Misconception(
            f"What is learned from is read more than {_BY_HEART} times. Mostly the validation loss has turned "
            "long before that: fewer steps, or more text.",
            SIZE,
        ),
        "far-more-weights-than-text": Misconception(
            "There are more than 50 weights for each token of the text: room enough to keep the text itself. A "
            "smaller model has to find what its parts have in common.",
            SIZE,
        ),
    },
)
