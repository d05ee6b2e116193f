"""A text cut into what is learned from and what is measured on; needs no PyTorch."""

from __future__ import annotations

import random

from llmlab.utils.arguments import require_number
from llmlab.windows import SEPARATOR


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
    require_number("validation_share", validation_share)
    if not 0 < validation_share < 1:
        raise ValueError(f"validation_share must be between 0 and 1, got {validation_share}")
    documents = [document for document in text.split(separator) if document.strip()]
    if len(documents) < 2:
        raise ValueError(f"at least two documents are needed, separated by {separator!r}, got {len(documents)}")
    n_validation = min(max(1, round(validation_share * len(documents))), len(documents) - 1)
    chosen = set(random.Random(seed).sample(range(len(documents)), n_validation))
    parts = ([d for i, d in enumerate(documents) if (i in chosen) == wanted] for wanted in (False, True))
    training, validation = (separator.join(part) for part in parts)
    return training, validation
