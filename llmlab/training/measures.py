"""What is said of a model in a number: its loss in bits per byte, and the longest passage that it copied; no PyTorch.

Source for the first: Shannon 1951, "Prediction and entropy of printed English", who measured bits per letter.
"""

from __future__ import annotations

import math

from llmlab.utils.arguments import as_count, require_kind, require_number


def bits_per_byte(loss: float, n_tokens: int, n_bytes: int) -> float:
    """A loss in nats per token as bits per byte of the text, which compares models whatever their tokens are.

    Args:
        loss: the mean over the tokens of a text, in nats.
        n_tokens: of that text.
        n_bytes: of the same text, in UTF-8.

    Raises:
        TypeError, ValueError: a loss that is no number, or counts that are none.

    >>> round(bits_per_byte(2.0, n_tokens=300, n_bytes=700), 3)
    1.237
    """
    require_number("loss", loss)
    return loss * as_count("n_tokens", n_tokens) / math.log(2) / as_count("n_bytes", n_bytes)


def longest_copy(written: str, source: str) -> str:
    """The longest passage of `written` that stands in `source` word for word; the first of equally long ones.

    Raises:
        TypeError: one of the two is not a str.

    >>> longest_copy("a calm sea at night", "the calm sea, at night")
    ' calm sea'
    """
    require_kind("written", written, str, "a str")
    require_kind("source", source, str, "a str")
    start, best = 0, ""
    for end in range(1, len(written) + 1):
        while written[start:end] not in source:  # ends at the empty passage, which stands everywhere
            start += 1
        best = max(best, written[start:end], key=len)
    return best
