"""Documents joined to one sequence of ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmlab.windows._encoding import Encoder

SEPARATOR = "<|endoftext|>"


def pack(
    documents: Iterable[str], tokenizer: Any, separator: str = SEPARATOR, allowed_special: Iterable[str] | str = ()
) -> list[int]:
    """Encode documents one by one and join them with the separator's one id, so that windows run full across them.

    Args:
        documents: the texts, in order.
        tokenizer: anything with `encode(text)`, as in `create_dataloader`.
        separator: the special token that goes between two documents.
        allowed_special: other special tokens that may occur in the documents and become one id each, or "all".

    Raises:
        TypeError: `documents` is a single str, an element or the separator is not a str, the tokenizer has no
            `encode`, or `allowed_special` is a single name.
        ValueError: the tokenizer does not know `separator` as one token, or a document contains it; a document
            contains a special token that is not allowed, or that the tokenizer does not know as one.

    >>> from llmlab.bpe import gpt2_encoding
    >>> pack(["one", "two"], gpt2_encoding())
    [505, 50256, 11545]
    """
    if isinstance(documents, str):
        raise TypeError("documents must be an iterable of str, got one str: write [text] for a single document")
    if not isinstance(documents, Iterable):
        raise TypeError(f"documents must be an iterable of str, got {type(documents).__name__}")
    if not isinstance(separator, str) or not separator:
        raise TypeError(f"separator must be a str, got {separator!r}: give the name of the token, not its id")
    between = Encoder(tokenizer, [separator])
    if fault := between.fault_with(separator):
        raise ValueError(
            f"the separator {separator!r} must be one token, {fault}: "
            "give the tokenizer that special token, or name one that it has"
        )
    encode, ids = Encoder(tokenizer, allowed_special), []
    for number, document in enumerate(documents):
        if not isinstance(document, str):
            raise TypeError(f"document {number} must be a str, got {type(document).__name__}")
        if separator in document:
            raise ValueError(f"document {number} contains the separator {separator!r}: split it there first")
        if number:
            ids += between(separator)
        ids += encode(document)
    return ids
