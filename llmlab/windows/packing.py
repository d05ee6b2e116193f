"""Documents joined to one sequence of ids, and how any tokenizer is asked to encode them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

SEPARATOR = "<|endoftext|>"


def pack(documents: Iterable[str], tokenizer: Any, separator: str = SEPARATOR) -> list[int]:
    """Encode documents one by one and join them with the separator's one id, so that windows run full across them.

    Raises:
        TypeError: `documents` is a single str, an element or the separator is not a str, or the tokenizer has no
            `encode`.
        ValueError: the tokenizer does not know `separator` as one token, or a document contains it.

    >>> from llmlab.bpe import gpt2_encoding
    >>> pack(["one", "two"], gpt2_encoding())
    [505, 50256, 11545]
    """
    if isinstance(documents, str):
        raise TypeError("documents must be an iterable of str, got one str: write [text] for a single document")
    if not isinstance(documents, Iterable):
        raise TypeError(f"documents must be an iterable of str, got {type(documents).__name__}")
    if not isinstance(separator, str):
        raise TypeError(f"separator must be a str, got {separator!r}: give the name of the token, not its id")
    separator_ids = encode(tokenizer, separator, separator)
    if len(separator_ids) != 1:
        raise ValueError(
            f"the separator {separator!r} must be one token, this tokenizer makes {len(separator_ids)} of it: "
            "give the tokenizer that special token, or name one that it has"
        )
    ids: list[int] = []
    for number, document in enumerate(documents):
        if not isinstance(document, str):
            raise TypeError(f"document {number} must be a str, got {type(document).__name__}")
        if separator in document:
            raise ValueError(f"document {number} contains the separator {separator!r}: split it there first")
        if number:
            ids += separator_ids
        ids += tokenizer.encode(document)
    return ids


def encode(tokenizer: Any, text: str, special_token: str) -> list[int]:
    """Encode with `special_token` allowed, for tokenizers that must be told (tiktoken's) and those that need not."""
    if isinstance(tokenizer, str | type) or not callable(getattr(tokenizer, "encode", None)):
        given = tokenizer if isinstance(tokenizer, str | type) else type(tokenizer)
        raise TypeError(
            f"tokenizer must be an object with an encode(text) method, got {given!r}: "
            "pass one such as llmlab.bpe.gpt2_encoding()"
        )
    if "allowed_special" in inspect.signature(tokenizer.encode).parameters:
        return tokenizer.encode(text, allowed_special={special_token})
    return tokenizer.encode(text)
