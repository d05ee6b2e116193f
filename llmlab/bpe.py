r"""Byte pair encoding: learn merges from a text, then encode any text with them, as GPT-2 does (lesson 02).

A text is cut into chunks (pre-tokenization), a chunk becomes its UTF-8 bytes, and neighbouring symbols are merged in
the order in which training learned the merges. `train_bpe` learns them, `BPETokenizer` applies them, and
`BPETokenizer.gpt2()` applies GPT-2's, from the merge table that travels with the course. `gpt2_encoding()` gives the
same ids through tiktoken, which is faster and normally downloads that table when it first runs.

Three steps have modules of their own: `_bpe_text` cuts the text, `_bpe_training` finds the merges, `_bpe_merging`
applies them to a chunk. WordPiece, unigram models and text normalisation are not here.

The method: Gage 1994 (compression), Sennrich et al. 2016 (words), Radford et al. 2019 (bytes and the pattern).
"""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, count
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

from llmlab._bpe_merging import ChunkCache, merge_by_rank
from llmlab._bpe_text import (
    chunks_of,
    compile_pattern,
    plain_and_special,
    refuse_special,
    refuse_unencodable,
    special_names,
    split_at,
    stream_chunks,
)
from llmlab._bpe_training import collector_at_rest, learn_merges
from llmlab._data import data_path

if TYPE_CHECKING:
    import tiktoken

# Where GPT-2 cuts text before any merge: contractions; words, numbers and runs of signs, each with one space in front;
# runs of white space, of which the last character is left to the word that follows. (Radford et al. 2019, for `regex`.)
GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""

_BYTES = [bytes([byte]) for byte in range(256)]
_FORMAT = "llmlab BPETokenizer 1"


def train_bpe(
    text: str | Iterable[str],
    vocab_size: int,
    *,
    pattern: str | None = GPT2_PATTERN,
    special_tokens: Iterable[str] = (),
    min_frequency: int = 1,
    tie_break: str = "first",
) -> BPETokenizer:
    """Learn byte pair merges: again and again, the most frequent pair of neighbouring symbols becomes one new symbol.

    Pairs are counted at all neighbouring positions (three times in "aaaa") and merged from left to right.

    Args:
        text: the text to learn from, or an iterable of documents; nothing is merged across two documents.
        vocab_size: how many tokens there shall be: the 256 bytes, the merges and the special tokens together.
        pattern: cuts the text into chunks, in the syntax of the `regex` library; nothing is merged across two chunks.
            A character that it does not match becomes a chunk of its own. None: the text is one chunk.
        special_tokens: names such as "<|endoftext|>". The text is cut at them (at the longest, where two begin at the
            same place), and their bytes are not counted.
        min_frequency: a pair that occurs less often than this is not merged.
        tie_break: which of several equally frequent pairs is merged. "first": the one whose first occurrence in the
            current sequence comes first. "lexicographic": the greatest pair of byte strings.

    Returns:
        The tokenizer. Ids 0-255 are the bytes, then comes one id for each merge, then the special tokens.

    Raises:
        TypeError, ValueError: an argument of the wrong type or out of range, a lone surrogate in the text.

    Warns:
        UserWarning: the pairs ran out, or fell below `min_frequency`, before `vocab_size` was reached.

    >>> tokenizer = train_bpe("low lower lowest", vocab_size=259)
    >>> tokenizer.merges
    [(b'l', b'o'), (b'lo', b'w'), (b' ', b'low')]
    >>> tokenizer.encode("low slow")
    [257, 32, 115, 257]
    """
    names = special_names(special_tokens)
    for name, value, least in (("vocab_size", vocab_size, 256 + len(names)), ("min_frequency", min_frequency, 1)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")
        if value < least:
            why = f" (256 bytes and {len(names)} special tokens)" if name == "vocab_size" else ""
            raise ValueError(f"{name} must be at least {least}{why}, got {value}")
    if tie_break not in ("first", "lexicographic"):
        raise ValueError(f"tie_break must be 'first' or 'lexicographic', got {tie_break!r}")
    if isinstance(text, bytes) or not isinstance(text, Iterable):
        raise TypeError(f"text must be a str or an iterable of str, got {type(text).__name__}")

    chunks = _count_chunks([text] if isinstance(text, str) else text, pattern, names)
    wanted = vocab_size - 256 - len(names)
    with collector_at_rest():
        merges = learn_merges(chunks, wanted, min_frequency, tie_break)
    if len(merges) < wanted:
        why = (
            "no pair is left" if min_frequency == 1 else f"no pair occurs min_frequency={min_frequency} times any more"
        )
        warnings.warn(
            f"made {len(merges)} merges of the {wanted} that vocab_size={vocab_size} asks for: {why}. "
            f"The vocabulary has {256 + len(merges) + len(names)} tokens; a longer text allows more.",
            stacklevel=2,
        )
    return BPETokenizer(merges, pattern=pattern, special_tokens=names)


def _count_chunks(documents: Iterable[str], pattern: str | None, names: Collection[str]) -> dict[bytes, int]:
    """How often each chunk occurs, in the order of first appearance, on which the tie rule "first" rests."""
    compiled = compile_pattern(pattern)
    counts: Counter[str] = Counter()
    for number, document in enumerate(documents):
        if not isinstance(document, str):
            raise TypeError(f"document {number} of the text must be a str, got {type(document).__name__}")
        refuse_unencodable(document)
        for plain in split_at(document, names)[::2]:  # [1::2] are the special tokens
            counts.update(chunks_of(plain, compiled))
    return {chunk.encode(): n for chunk, n in counts.items()}


class BPETokenizer:
    """Encodes text by merge rank: of all pairs in a chunk, the one whose merge was learned first is merged next.

    Args:
        merges: pairs of byte strings in rank order. Each part is a single byte or made by an earlier merge.
        vocabulary: `{id: bytes}`, where the ids are not 0-255 for the bytes and 256, 257, ... for the merges. It must
            hold all 256 bytes, so that any text has ids, and what the merges make.
        pattern: cuts text into chunks as in `train_bpe`; None: no cuts.
        special_tokens: names, whose ids follow the vocabulary, or `{name: id}`.

    Attributes:
        merges: the pairs, in rank order.
        vocabulary: `{id: bytes}`, special tokens included.
        special_tokens: `{name: id}`.
        pattern: as given.

    Raises:
        TypeError, ValueError: arguments that do not fit together; the message says which merge, token or id.

    >>> tokenizer = BPETokenizer([(b"h", b"e"), (b"l", b"l"), (b"he", b"ll")], special_tokens=["<|endoftext|>"])
    >>> tokenizer.encode("hello<|endoftext|>", allowed_special="all")
    [258, 111, 259]
    >>> tokenizer.decode([258, 111])
    'hello'
    >>> tokenizer
    BPETokenizer(260 tokens: 256 bytes, 3 merges, 1 special token)
    """

    def __init__(
        self,
        merges: Iterable[tuple[bytes, bytes]],
        *,
        vocabulary: Mapping[int, bytes] | None = None,
        pattern: str | None = GPT2_PATTERN,
        special_tokens: Iterable[str] | Mapping[str, int] = (),
    ) -> None:
        self.merges = _checked_merges(merges)
        if vocabulary is None:
            vocabulary = dict(enumerate(_BYTES + [left + right for left, right in self.merges]))
        if not isinstance(vocabulary, Mapping):
            raise TypeError(
                f"vocabulary must be {{id: bytes}}, got {type(vocabulary).__name__}: "
                "for a list of tokens, pass dict(enumerate(tokens))"
            )
        for id, token in vocabulary.items():
            if not isinstance(id, int) or not isinstance(token, bytes):
                raise TypeError(f"vocabulary must be {{id: bytes}}, got {{{id!r}: {token!r}}} in it")
        names = special_names(special_tokens)
        if not isinstance(special_tokens, Mapping):
            special_tokens = dict(zip(names, count(max(vocabulary, default=-1) + 1), strict=False))
        self.special_tokens = dict(special_tokens)
        self.vocabulary = dict(vocabulary)
        self.pattern = pattern
        for name, id in self.special_tokens.items():
            if isinstance(id, bool) or not isinstance(id, int):
                raise TypeError(f"the id of special token {name!r} must be an int, got {id!r}")
            if self.vocabulary.setdefault(id, name.encode()) != name.encode():
                raise ValueError(f"special token {name!r} has id {id}, which is {self.vocabulary[id]!r} already")

        # The rest serves encoding, which works on ids. Where two ids have the same bytes, the lower one is used.
        id_of = {self.vocabulary[id]: id for id in sorted(self.vocabulary, reverse=True)}
        for token in chain(_BYTES, map(b"".join, self.merges)):
            if token not in id_of:
                raise ValueError(
                    f"the vocabulary has no id for {token!r}: it needs all 256 bytes and all merged tokens"
                )
        self._byte_ids = [id_of[byte] for byte in _BYTES]
        self._ranks = {(id_of[left], id_of[right]): rank for rank, (left, right) in enumerate(self.merges)}
        self._merged = [id_of[left + right] for left, right in self.merges]  # rank -> id
        self._compiled = compile_pattern(pattern)
        self._ids_of = ChunkCache(self._encode_chunk)

    @classmethod
    def gpt2(cls) -> BPETokenizer:
        """GPT-2's tokenizer: its 50,257 ids, from the bundled merge table; needs no network.

        >>> BPETokenizer.gpt2().encode("Hello, world")
        [15496, 11, 995]
        """
        merges, vocabulary = _gpt2_tables()
        return cls(merges, vocabulary=vocabulary, special_tokens=["<|endoftext|>"])

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        n, m = len(self.special_tokens), len(self.merges)
        special = f", {n} special token{'s' * (n != 1)}" if n else ""
        return f"BPETokenizer({len(self)} tokens: 256 bytes, {m} merge{'s' * (m != 1)}{special})"

    def encode(self, text: str, allowed_special: Collection[str] | str = ()) -> list[int]:
        """The token ids of `text`.

        A special token in the text becomes its one id if it is in `allowed_special`, a collection of names or "all";
        otherwise it is refused, because a text from elsewhere must not end a document by accident. Names that are not
        special tokens here are ignored, as in tiktoken.

        The ids of short chunks are remembered, at most 65,536 of them: most words occur often.

        Raises:
            TypeError: `text` is not a str, or `allowed_special` is a single name.
            ValueError: a special token that is not allowed; a lone surrogate, which no UTF-8 can hold.
        """
        allowed, refused = self._allowed_and_refused(allowed_special)
        refuse_unencodable(text)
        refuse_special(text, refused)
        ids: list[int] = []
        for number, piece in enumerate(split_at(text, allowed)):
            if number % 2:
                ids.append(self.special_tokens[piece])
            else:
                chunks = chunks_of(piece, self._compiled)
                ids.extend(chain.from_iterable(map(self._ids_of.__getitem__, chunks)))  # a loop, run in C
        return ids

    def encode_iterable(self, parts: Iterable[str], allowed_special: Collection[str] | str = ()) -> Iterator[int]:
        """The token ids of `"".join(parts)`, one by one, for texts that do not fit in memory, such as an open file.

        It holds about 65,000 characters, or the longest chunk if that is more; with `pattern=None` all is one chunk.
        A pattern may look ahead as far as it likes. How far it may look back is limited to 100 characters.

        Raises: as `encode`, at the part that has the fault.

        >>> list(BPETokenizer.gpt2().encode_iterable(["Hel", "lo, wor", "ld"]))
        [15496, 11, 995]
        """
        if not isinstance(parts, Iterable):
            raise TypeError(f"parts must be an iterable of str, got {type(parts).__name__}")
        allowed, refused = self._allowed_and_refused(allowed_special)  # here, so that a mistake raises at once
        chunks = stream_chunks(plain_and_special(parts, allowed, refused), self._compiled)
        return chain.from_iterable(
            (self.special_tokens[chunk],) if is_special else self._ids_of[chunk] for chunk, is_special in chunks
        )

    def _allowed_and_refused(self, allowed_special: Collection[str] | str) -> tuple[set[str], set[str]]:
        names = set(self.special_tokens)
        if allowed_special == "all":
            return names, set()
        if isinstance(allowed_special, str):
            raise TypeError(f"allowed_special must be 'all' or a set of names: write {{{allowed_special!r}}}")
        try:
            allowed = names & set(allowed_special)
        except TypeError:
            raise TypeError(
                f"allowed_special must be 'all' or a set of names, got {allowed_special!r}: () allows none"
            ) from None
        return allowed, names - allowed

    def _encode_chunk(self, chunk: str) -> list[int]:
        return merge_by_rank(list(map(self._byte_ids.__getitem__, chunk.encode())), self._ranks, self._merged)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of the ids, joined.

        Raises:
            TypeError: the ids are not integers.
            ValueError: an id that is not in the vocabulary.
        """
        if isinstance(ids, Integral):
            raise TypeError(f"ids must be an iterable of int, got one int: write [{ids}]")
        if not isinstance(ids, Iterable) or getattr(ids, "ndim", 1) == 0:
            raise TypeError(f"ids must be an iterable of int, got {ids!r} ({type(ids).__name__})")
        ids = list(ids)
        try:
            return b"".join([self.vocabulary[id] for id in ids])
        except (KeyError, TypeError):
            wrong = next(id for id in ids if not isinstance(id, Integral) or id not in self.vocabulary)
            if not isinstance(wrong, Integral):
                mend = ": decode one row at a time" if isinstance(wrong, list | tuple) else ""
                mend = ": for a tensor, pass ids.tolist()" if hasattr(wrong, "tolist") else mend
                raise TypeError(f"token ids must be int, got {wrong!r}{mend}") from None
            raise ValueError(
                f"token id {wrong} is not in the vocabulary of {len(self)} tokens, "
                f"whose ids reach from {min(self.vocabulary)} to {max(self.vocabulary)}"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids. Bytes that are not UTF-8, such as half a character, become U+FFFD.

        Raises: as `decode_bytes`.

        >>> BPETokenizer([]).decode([72, 105, 0xC3])
        'Hi\ufffd'
        """
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to a JSON file. A byte string stands there as the Latin-1 text with the same codes."""
        content = {
            "format": _FORMAT,
            "pattern": self.pattern,
            "special_tokens": self.special_tokens,
            "merges": [[part.decode("latin-1") for part in pair] for pair in self.merges],
            "vocabulary": {id: token.decode("latin-1") for id, token in self.vocabulary.items()},
        }
        Path(path).write_text(json.dumps(content, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> BPETokenizer:
        """The tokenizer that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file was not written by `save`, or has been damaged since.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']!r}, expected {_FORMAT!r}")
            return cls(
                [tuple(part.encode("latin-1") for part in pair) for pair in content["merges"]],
                vocabulary={int(id): token.encode("latin-1") for id, token in content["vocabulary"].items()},
                pattern=content["pattern"],
                special_tokens=content["special_tokens"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not a tokenizer that BPETokenizer.save wrote: {error!r}") from error


def _checked_merges(merges: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    if not isinstance(merges, Iterable):
        raise TypeError(f"merges must be pairs of bytes in rank order, got {merges!r}: write [] for none")
    known, checked = set(_BYTES), {}
    for number, merge in enumerate(merges):
        pair = tuple(merge) if isinstance(merge, Iterable) else ()
        if len(pair) != 2 or not all(isinstance(part, bytes) for part in pair):
            raise TypeError(f"merge {number} must be a pair of bytes, got {merge!r}")
        for part in pair:
            if part not in known:
                raise ValueError(f"merge {number} uses {part!r}, which is neither a byte nor made by an earlier merge")
        if pair in checked:
            raise ValueError(f"merge {number} is merge {checked[pair]} again: {pair!r}")
        checked[pair] = number
        known.add(pair[0] + pair[1])
    return list(checked)


@cache
def _gpt2_tables() -> tuple[list[tuple[bytes, bytes]], dict[int, bytes]]:
    """GPT-2's merges, and its ids: single bytes in its own order, then one id for each merge."""
    byte_of = _gpt2_byte_alphabet()
    lines = data_path("gpt2/vocab.bpe").read_text(encoding="utf-8").splitlines()[1:]  # the first line names the version
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

    _, vocabulary = _gpt2_tables()
    return tiktoken.Encoding(
        name="gpt2",
        pat_str=GPT2_PATTERN,
        mergeable_ranks={token: id for id, token in vocabulary.items()},
        special_tokens={"<|endoftext|>": len(vocabulary)},
        explicit_n_vocab=len(vocabulary) + 1,
    )


def _gpt2_byte_alphabet() -> dict[str, int]:
    """The visible character that GPT-2's merge table writes for each byte, in the order of GPT-2's first 256 ids.

    Bytes that print as Latin-1 characters stand for themselves and come first; the other 68 (controls, the space, ...)
    follow in order and borrow the characters from U+0100 on. So a space is written as U+0120.
    """
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
