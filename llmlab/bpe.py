"""Byte pair encoding: GPT-2's tokenizer, offline, from the merge table that travels with the course (lesson 02).

tiktoken normally downloads GPT-2's tables when it first runs. All 50,257 ids follow from the merge table alone: the 256
single bytes in GPT-2's own order, then one id a merge in the order of the table, then `<|endoftext|>`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from llmlab._data import data_path

if TYPE_CHECKING:
    import tiktoken

# Where GPT-2 cuts text before any merge: contractions; words, numbers and runs of signs, each with one space in front;
# runs of white space, of which the last character is left to the word that follows. (Radford et al. 2019, for `regex`.)
GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


@cache
def gpt2_encoding() -> tiktoken.Encoding:
    """GPT-2's tokenizer as a `tiktoken.Encoding` of 50,257 tokens, built without any download; made once, then reused.

    >>> gpt2_encoding().encode("Hello, world")
    [15496, 11, 995]
    >>> gpt2_encoding().n_vocab
    50257
    """
    import tiktoken

    byte_of = _gpt2_byte_alphabet()
    ranks = {bytes([byte]): rank for rank, byte in enumerate(byte_of.values())}
    lines = data_path("gpt2/vocab.bpe").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:  # the first line names the format's version
        left, right = line.split(" ")
        ranks[bytes(byte_of[character] for character in left + right)] = len(ranks)
    return tiktoken.Encoding(
        name="gpt2",
        pat_str=GPT2_PATTERN,
        mergeable_ranks=ranks,
        special_tokens={"<|endoftext|>": len(ranks)},
        explicit_n_vocab=len(ranks) + 1,
    )


def _gpt2_byte_alphabet() -> dict[str, int]:
    """The visible character that GPT-2's merge table writes for each byte, in the order of GPT-2's first 256 ids.

    Bytes that print as Latin-1 characters stand for themselves and come first; the other 68 (controls, the space, ...)
    follow in order and borrow the characters from U+0100 on. So a space is written as U+0120.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
