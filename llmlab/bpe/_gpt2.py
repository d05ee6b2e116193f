"""GPT-2's own tokenizer: its pattern, its merges and ids from the bundled table, and the same for tiktoken."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING

from llmlab.utils.bundled import data_path

if TYPE_CHECKING:
    import tiktoken

# Of the merge table, as OpenAI published it.
_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"

# Where GPT-2 cuts text before any merge: contractions; words, numbers and runs of signs, each with one space in front;
# runs of white space, of which the last character is left to the word that follows. (Radford et al. 2019, for `regex`.)
GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


@cache
def gpt2_tables() -> tuple[list[tuple[bytes, bytes]], dict[int, bytes]]:
    """GPT-2's merges, and its ids: single bytes in its own order, then one id for each merge.

    Raises:
        ValueError: the bundled file is not the published one.
    """
    byte_of, path = gpt2_byte_alphabet(), data_path("gpt2/vocab.bpe")
    content = path.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != _SHA256:
        raise ValueError(
            f"{path} is not GPT-2's merge table: its sha256 is {found}, expected {_SHA256}. "
            "Install llmlab again, or restore the checkout's data/ folder."
        )
    lines = content.decode("utf-8").splitlines()[1:]  # the first line names the version
    merges = []
    for line in lines:
        left, right = line.split(" ")
        merges.append((bytes(map(byte_of.__getitem__, left)), bytes(map(byte_of.__getitem__, right))))
    tokens = [bytes([byte]) for byte in byte_of.values()] + [left + right for left, right in merges]
    return merges, dict(enumerate(tokens))


@cache
def gpt2_encoding() -> tiktoken.Encoding:
    """GPT-2's tokenizer as a `tiktoken.Encoding` of 50,257 tokens, built without any download; made once, then reused.

    >>> gpt2_encoding().encode("Hello, world")
    [15496, 11, 995]
    >>> gpt2_encoding().n_vocab
    50257
    """
    import tiktoken

    _, vocabulary = gpt2_tables()
    return tiktoken.Encoding(
        name="gpt2",
        pat_str=GPT2_PATTERN,
        mergeable_ranks={token: id for id, token in vocabulary.items()},
        special_tokens={"<|endoftext|>": len(vocabulary)},
        explicit_n_vocab=len(vocabulary) + 1,
    )


@cache
def gpt2_byte_alphabet() -> dict[str, int]:
    """The visible character that GPT-2's merge table writes for each byte, in the order of GPT-2's first 256 ids.

    Bytes that print as Latin-1 characters stand for themselves and come first; the other 68 (controls, the space, ...)
    follow in order and borrow the characters from U+0100 on. So a space is written as U+0120.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
