"""A decision: the size of the vocabulary, by what was measured on the text, in bits per byte."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_number, is_whole
from llmlab.exercises.lesson_16.sections import TOKENS

_BYTES_A_MERGE = 40  # of text: with fewer, half of the tokens that were made stand in it about seven times or less
_CLOSE = 1.05  # so much more than the fewest bits is still close


def _check_vocabulary(answer: Any) -> Iterator[str]:
    three: list[Any] = answer if isinstance(answer, list) and len(answer) == 3 else [None] * 3
    n_bytes, measured, size = three
    if not is_whole(n_bytes) or n_bytes < 1 or not is_whole(size) or not _is_measured(measured):
        raise Wrong("not-three-things", f"You answered `{show(answer)}`.")
    if size < 256:
        raise Wrong("fewer-than-the-bytes", f"You chose {size}.")
    if fault := _what_cannot_be(measured):
        turned = [[of, bits, nats] for of, nats, bits in measured]
        raise Wrong("impossible-rows" if _what_cannot_be(turned) else "nats-and-bits-swapped", fault)
    yield "rows as a tokenizer can have them: a token has a byte at least, and no fewer in a larger vocabulary"
    figures = {of: (nats, bits) for of, nats, bits in measured}
    few = size > 256 and n_bytes / (size - 256) < _BYTES_A_MERGE
    if size not in figures:
        shown = f"You chose {size:,}; measured were {', '.join(f'{of:,.0f}' for of in figures)}."
        raise Wrong("not-measured-and-few-bytes-a-merge" if few else "not-measured", shown)
    rate = f", one for every {n_bytes // (size - 256):,} bytes that are learned from" if size > 256 else ""
    yield f"{size - 256:,} merges{rate}{': little for each, so only the measurement speaks for them' if few else ''}"
    fewest = min(bits for _, bits in figures.values())
    bits = figures[size][1]
    if bits > _CLOSE * fewest:
        lowest_loss = size == min(figures) and figures[size][0] == min(nats for nats, _ in figures.values())
        shown = f"{size:,} tokens: {show(float(bits))} bits per byte, the best of the measured {show(float(fewest))}."
        raise Wrong("lowest-loss-per-token" if lowest_loss else "more-bits-than-needed", shown)
    yield f"{show(float(bits))} bits per byte, where the best of those measured has {show(float(fewest))}"
    yield f"a table of {size:,} rows: {64 * size:,} weights at width 64, and as many sums for each token that is chosen"


def _is_measured(value: Any) -> bool:
    """Whether a plain value is a list of (size, nats per token, bits per byte)."""
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(row, list) and len(row) == 3 and all(map(is_number, row)) for row in value)
        and all(number > 0 and math.isfinite(number) for row in value for number in row)
    )


def _what_cannot_be(rows: list[list[float]]) -> str:
    """What no tokenizer could have given, in words; "" where there is nothing.

    Each row says how many bytes a token has, nats / (ln 2 · bits): 1 for bytes alone, else 1 at least. The merges of a
    larger vocabulary begin with those of a smaller one, so its tokens are as long or longer.
    """
    lengths = {of: _bytes_a_token(nats, bits) for of, nats, bits in sorted(rows)}
    for of, (least, most) in lengths.items():
        if most < 1:
            return f"With {of:,.0f} entries a token would have less than a byte, {most:.2f} at most."
        if of <= 256 and least > 1:
            return f"With {of:,.0f} entries each token is a byte, and here it would have {least:.2f} bytes or more."
    for (of, (least, _)), (larger, (_, most)) in pairwise(lengths.items()):
        if most < least:
            few = f"With {of:,.0f} entries a token would have {least:.2f} bytes or more"
            return f"{few}, and with {larger:,.0f} entries {most:.2f} or less."
    return ""


def _bytes_a_token(nats: float, bits: float) -> tuple[float, float]:
    """The least and the most bytes of a token that two rounded numbers leave open."""
    half_nats, half_bits = _half_a_place(nats), _half_a_place(bits)
    most = (nats + half_nats) / (bits - half_bits) / math.log(2) if bits > half_bits else math.inf
    return (nats - half_nats) / (bits + half_bits) / math.log(2), most


def _half_a_place(number: float) -> float:
    """How far a number may be from what it was rounded from, to two decimals, one or none."""
    places = 0 if isinstance(number, int) else 1 if number == round(number, 1) else 2
    return 0.51 * 10**-places


EXERCISE = Exercise(
    kind="value",
    examine=_check_vocabulary,
    means="A vocabulary is chosen by what a text costs in bits per byte, with as many steps of as many tokens; the "
    "loss per token cannot choose, because it speaks of other tokens each time.",
    hints=(
        "Which column of the table speaks of the same thing in every row?",
        "Compare bits per byte. Where two are close, the smaller vocabulary has the smaller table and merges that were "
        "seen more often.",
        "With the log of the keeper 700 is a good choice: 444 merges, one for every 405 bytes of text, and by far the "
        "fewest bits of the three.",
    ),
    variant="Measure 256 itself, bytes without a merge. What does a window of 64 tokens hold then, and what does that "
    "do to the bits?",
    misconceptions={
        "not-three-things": Misconception(
            "The answer is three things: `n_bytes, measured, vocab_size`, a whole number, the rows (size, nats per "
            "token, bits per byte) as they were printed, at least two of them, and the size that you choose.",
            TOKENS,
        ),
        "fewer-than-the-bytes": Misconception(
            "A vocabulary of bytes and merges has 256 tokens at least: one for each byte, so that any text has ids.",
            TOKENS,
        ),
        "nats-and-bits-swapped": Misconception(
            "The columns have changed places: turned round, the rows fit. First the size, then nats per token, then "
            "bits per byte.",
            TOKENS,
        ),
        "impossible-rows": Misconception(
            "A row says how many bytes a token has: nats per token / (0.693 · bits per byte). That is 1 at least, and "
            "more merges never make it smaller. Copy the rows once more as they were printed, all for the same text.",
            TOKENS,
        ),
        "not-measured-and-few-bytes-a-merge": Misconception(
            f"This size was not measured, and it has a merge for fewer than {_BYTES_A_MERGE} bytes of text: many of "
            "its tokens would be seen only a few times. That it pays all the same, only a measurement could say: add "
            "it to the loop above, or choose one of those in the table.",
            TOKENS,
        ),
        "not-measured": Misconception(
            "This size was not measured, so nothing speaks for it yet. Add it to the loop above, or choose one of "
            "those in the table.",
            TOKENS,
        ),
        "lowest-loss-per-token": Misconception(
            "It has the lowest loss per token, because its tokens are the shortest: there is less to guess in each, "
            "and there are more of them. Per byte of the same text it costs more than another.",
            TOKENS,
        ),
        "more-bits-than-needed": Misconception(
            f"Another size needs fewer bits for the same bytes, by more than {100 * (_CLOSE - 1):.0f} %, with as many "
            "steps of as many tokens.",
            TOKENS,
        ),
    },
)
