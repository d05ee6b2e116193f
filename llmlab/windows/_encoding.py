"""How any tokenizer is asked to encode: ours, tiktoken's, and those of `tokenizers` and `transformers`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from reprlib import repr as shortened
from typing import Any

from llmlab.utils.arguments import as_ids
from llmlab.utils.special import SpecialFinder


class Encoder:
    """Text -> ids by a tokenizer that makes one id of each of the allowed special tokens.

    A tokenizer that has to be told which those are (`BPETokenizer`, tiktoken's) is told. One that may add tokens by
    itself (`tokenizers`, `transformers`) is told not to. What `encode` gives may be the ids or have them as `.ids`.

    Args:
        tokenizer: an object with `encode(text)`.
        allowed_special: names, or "all" that the tokenizer has.

    Raises:
        TypeError: the tokenizer has no `encode`; `allowed_special` is a single name or no collection of names.
        ValueError: a tokenizer of `tokenizers` that cuts texts or fills them up.
    """

    def __init__(self, tokenizer: Any, allowed_special: Iterable[str] | str) -> None:
        if isinstance(tokenizer, str | type) or not callable(getattr(tokenizer, "encode", None)):
            given = tokenizer if isinstance(tokenizer, str | type) else type(tokenizer)
            raise TypeError(
                f"tokenizer must be an object with an encode(text) method, got {given!r}: "
                "pass one such as llmlab.bpe.gpt2_encoding()"
            )
        for setting in ("truncation", "padding"):
            if getattr(tokenizer, setting, None):
                raise ValueError(f"the tokenizer's {setting} would change the text: call its no_{setting}() first")
        allowed = allowed_special if allowed_special == "all" else _names(allowed_special)
        self._names = SpecialFinder([] if allowed_special == "all" else allowed)
        self._known: set[str] = set()  # those of them that have been found to be one token
        self._tokenizer = tokenizer
        told = {"allowed_special": allowed, "add_special_tokens": False}
        self._options = {name: value for name, value in told.items() if _takes(tokenizer.encode, name)}

    def __call__(self, text: str) -> list[int]:
        """The ids of a text.

        Raises:
            TypeError: what the tokenizer gives are no ids.
            ValueError: the text contains an allowed special token that the tokenizer does not know as one.
        """
        for name in {name for _, name in self._names.find(text)} - self._known:
            if fault := self.fault_with(name):
                raise ValueError(
                    f"the text contains the special token {name!r}, but {fault}: give the tokenizer that special "
                    "token, or pass allowed_special=() to take it for text like any other"
                )
            self._known.add(name)
        return self._ids(text)

    def fault_with(self, name: str) -> str:
        """What the tokenizer does to a special token other than making it one id; "" if nothing."""
        try:
            ids = self._ids(name)
        except KeyError:
            return "this tokenizer does not know it"
        if len(ids) != 1:
            return f"this tokenizer makes {len(ids)} of it"
        if callable(decode := getattr(self._tokenizer, "decode", None)):
            options = {"skip_special_tokens": False} if _takes(decode, "skip_special_tokens") else {}
            read = decode(ids, **options)
            if isinstance(read, str) and read.strip() != name.strip():  # such as a token for all that is unknown
                return f"this tokenizer makes {read!r} of it"
        return ""

    def _ids(self, text: str) -> list[int]:
        given = self._tokenizer.encode(text, **self._options)
        ids = getattr(given, "ids", given)
        try:
            return as_ids(ids)
        except TypeError as error:
            raise TypeError(f"the tokenizer's encode must give a row of token ids, got {shortened(ids)}") from error


def _names(allowed_special: Iterable[str]) -> set[str]:
    try:
        names = None if isinstance(allowed_special, str) else set(allowed_special)
    except TypeError:
        names = None
    if names is None or not all(isinstance(name, str) and name for name in names):
        raise TypeError(
            f"allowed_special must be 'all' or a collection of names, got {allowed_special!r}: "
            "write ['<|endoftext|>'], or () to allow none"
        )
    return names


def _takes(function: Callable, parameter: str) -> bool:
    try:
        return parameter in inspect.signature(function).parameters
    except ValueError:  # written in another language, and it does not say
        return False
