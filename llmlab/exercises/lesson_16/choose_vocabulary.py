"""A decision: the size of the vocabulary, by what was measured in bits per byte and by how long the text is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlab.exercises.engine import Exercise, Misconception, Wrong, show
from llmlab.exercises.engine.answers import is_number, is_whole
from llmlab.exercises.lesson_16.sections import TOKENS

_BYTES_A_MERGE = 40  # of text, at least: else most merges were seen too seldom to be learned from
_CLOSE = 1.05  # so much more than the fewest bits is still close


def _check_vocabulary(answer: Any) -> Iterator[str]:
    n_bytes, measured, size = answer if isinstance(answer, list) and len(answer) == 3 else (None, None, None)
    if not is_whole(n_bytes) or n_bytes < 1 or not is_whole(size) or not _is_measured(measured):
        raise Wrong("not-three-things", f"You answered `{show(answer)}`.")
    if size < 256:
        raise Wrong("fewer-than-the-bytes", f"You chose {size}.")
    if size > 256 and n_bytes / (size - 256) < _BYTES_A_MERGE:
        raise Wrong("more-merges-than-the-text-can-teach", f"{n_bytes:,} bytes, {size - 256:,} merges.")
    rate = f", one for every {n_bytes // (size - 256):,} bytes that are learned from" if size > 256 else ""
    yield f"{size - 256:,} merges{rate}"
    figures = {of: (nats, bits) for of, nats, bits in measured}
    if size not in figures:
        raise Wrong("not-measured", f"You chose {size:,}; measured were {', '.join(f'{of:,}' for of in figures)}.")
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
        and all(row[2] > 0 for row in value)
    )


EXERCISE = Exercise(
    kind="value",
    examine=_check_vocabulary,
    means="A vocabulary is chosen by what a text costs in bits per byte, at the same price in training; the loss per "
    "token cannot choose, because it speaks of other tokens each time.",
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
        "more-merges-than-the-text-can-teach": Misconception(
            f"That is a merge for fewer than {_BYTES_A_MERGE} bytes of text. Most of these tokens would be seen a few "
            "times in all, and their vectors hardly leave the place where chance has put them.",
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
            f"Another size needs fewer bits for the same bytes, by more than {100 * (_CLOSE - 1):.0f} %, at the same "
            "price in training.",
            TOKENS,
        ),
    },
)
