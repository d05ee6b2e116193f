"""A text cut into what is learned from and what is measured on; needs no PyTorch."""

from __future__ import annotations

import random

import regex

from llmlab.utils.arguments import require_number
from llmlab.windows import SEPARATOR

_NEWLINE = r"(?>\r\n|[\n\r\x85\u2028])"
# Where a text may be cut: after any match of the first of these that has one near the place asked for. Quantifiers
# with a second + give nothing back, so that a long run of stops or spaces costs one pass.
_BOUNDARIES = [
    regex.compile(regex.escape(SEPARATOR)),
    regex.compile(rf"{_NEWLINE}(?:[ \t\u3000]*+{_NEWLINE})++|\u2029"),  # paragraph
    regex.compile(_NEWLINE),
    # Sentence: the stops of scripts that write a space after them, then those of scripts that need none.
    regex.compile(r"(?<![.!?…])[.!?…]++[\p{Pf}\p{Pe}\"']*+\s++|(?<![。！？｡؟۔।॥])[。！？｡؟۔।॥]++[\p{Pf}\p{Pe}]*+\s*+"),
    regex.compile(r"\s++"),
    regex.compile(r"\X"),  # a character as a reader sees it: an accent or a vowel sign stays with its letter
]


def split_text(text: str, validation_share: float = 0.1) -> tuple[str, str]:
    """The beginning of a text, to learn from, and its end, to measure on; joined they are the text.

    The cut is after a document, else a paragraph, a line, a sentence, a space, and else after any character, wherever
    the first of these is to be found near enough: the validation part has the share asked for within a quarter of it
    (of the other share, if that is smaller), or within one character. So a tenth is 7.5 to 12.5 % of any text, be it
    English, Chinese, one word per line, or one line.

    Raises:
        TypeError: the text is not a str, or the share not a number.
        ValueError: the share is not between 0 and 1, or the text has fewer than two characters.

    >>> split_text("One line. Another line. A third one, and the last.", 0.5)
    ('One line. Another line. ', 'A third one, and the last.')
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}")
    _require_share(validation_share)
    if len(text) < 2:
        raise ValueError(f"a text of {len(text)} characters cannot be cut in two: use a longer one")
    wanted = round(len(text) * (1 - validation_share))
    reach = int(len(text) * min(validation_share, 1 - validation_share) / 4)
    first, last = max(1, wanted - reach), min(len(text) - 1, wanted + reach)
    for boundary in _BOUNDARIES:
        # With a little on both sides, so that no boundary is seen in part, such as half of a Windows line end.
        ends = (match.end() for match in boundary.finditer(text, max(0, first - 50), last + 50))
        if place := min((end for end in ends if first <= end <= last), key=lambda end: abs(end - wanted), default=0):
            break
    else:
        place = min(max(wanted, 1), len(text) - 1)
    return text[:place], text[place:]


def split_documents(
    text: str, validation_share: float = 0.1, *, seed: int = 0, separator: str = SEPARATOR
) -> tuple[str, str]:
    """Training text and validation text, from whole documents chosen at random: no document is in both.

    Raises:
        TypeError: the text is not a str, or the share not a number.
        ValueError: the share is not between 0 and 1, or there are fewer than two documents.

    >>> split_documents("a<|endoftext|>b<|endoftext|>c<|endoftext|>d", 0.25)
    ('a<|endoftext|>b<|endoftext|>c', 'd')
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str, got {type(text).__name__}: join documents with {separator!r}")
    _require_share(validation_share)
    documents = [document for document in text.split(separator) if document.strip()]
    if len(documents) < 2:
        raise ValueError(f"at least two documents are needed, separated by {separator!r}, got {len(documents)}")
    n_validation = min(max(1, round(validation_share * len(documents))), len(documents) - 1)
    chosen = set(random.Random(seed).sample(range(len(documents)), n_validation))
    parts = ([d for i, d in enumerate(documents) if (i in chosen) == wanted] for wanted in (False, True))
    training, validation = (separator.join(part) for part in parts)
    return training, validation


def _require_share(validation_share: float) -> None:
    require_number("validation_share", validation_share)
    if not 0 < validation_share < 1:
        raise ValueError(f"validation_share must be between 0 and 1, got {validation_share}")
