"""Applying merges to a text: `BPETokenizer` encodes by rank and decodes.

Cutting the text into chunks is done by `_chunks`, merging within a chunk by `_merging`, decoding ids that come one by
one by `_stream`; its own files are written and read by `_files`, those of other libraries read by `_foreign`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, count
from numbers import Integral
from pathlib import Path

from llmlab.bpe import _files, _foreign
from llmlab.bpe._chunks import chunks_of, compile_pattern, plain_and_special, stream_chunks
from llmlab.bpe._gpt2 import GPT2_PATTERN, gpt2_tables
from llmlab.bpe._merging import BYTES, ChunkCache, checked_merges, merge_by_rank
from llmlab.bpe._special import SpecialTokens, refuse_special, special_names
from llmlab.bpe._stream import StreamDecoder
from llmlab.utils.arguments import as_ids
from llmlab.utils.text import refuse_unencodable


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
        self.merges = checked_merges(merges)
        if vocabulary is None:
            vocabulary = dict(enumerate(BYTES + [left + right for left, right in self.merges]))
        if not isinstance(vocabulary, Mapping):
            raise TypeError(
                f"vocabulary must be {{id: bytes}}, got {type(vocabulary).__name__}: "
                "for a list of tokens, pass dict(enumerate(tokens))"
            )
        for id, token in vocabulary.items():
            if isinstance(id, bool) or not isinstance(id, Integral) or not isinstance(token, bytes):
                raise TypeError(f"vocabulary must be {{id: bytes}}, got {{{id!r}: {token!r}}} in it")
        names = special_names(special_tokens)
        if not isinstance(special_tokens, Mapping):
            special_tokens = dict(zip(names, count(max(vocabulary, default=-1) + 1), strict=False))
        for name, id in special_tokens.items():
            if isinstance(id, bool) or not isinstance(id, Integral):
                raise TypeError(f"the id of special token {name!r} must be an int, got {id!r}")
        self.special_tokens = {name: int(id) for name, id in special_tokens.items()}
        self.vocabulary = {int(id): token for id, token in vocabulary.items()}
        self.pattern = pattern
        for name, id in self.special_tokens.items():
            if self.vocabulary.setdefault(id, name.encode()) != name.encode():
                raise ValueError(f"special token {name!r} has id {id}, which is {self.vocabulary[id]!r} already")

        # The rest serves encoding, which works on ids. Where two ids have the same bytes, the lower one is used, and
        # that of a special token only where there is no other.
        special_ids = set(self.special_tokens.values())
        order = sorted(self.vocabulary, key=lambda id: (id in special_ids, id), reverse=True)
        id_of = {self.vocabulary[id]: id for id in order}
        for token in chain(BYTES, map(b"".join, self.merges)):
            if token not in id_of:
                raise ValueError(
                    f"the vocabulary has no id for {token!r}: it needs all 256 bytes and all merged tokens"
                )
        self._byte_ids = [id_of[byte] for byte in BYTES]
        self._ranks = {(id_of[left], id_of[right]): rank for rank, (left, right) in enumerate(self.merges)}
        self._merged = [id_of[left + right] for left, right in self.merges]  # rank -> id
        self._compiled = compile_pattern(pattern)
        self._ids_of = ChunkCache(self._encode_chunk)
        self._special = SpecialTokens(names)

    @classmethod
    def gpt2(cls) -> BPETokenizer:
        """GPT-2's tokenizer: its 50,257 ids, from the bundled merge table; needs no network.

        >>> BPETokenizer.gpt2().encode("Hello, world")
        [15496, 11, 995]
        """
        merges, vocabulary = gpt2_tables()
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
        allowed, refused = self._special.divide(allowed_special)
        refuse_unencodable(text)
        refuse_special(text, refused)
        ids: list[int] = []
        for number, piece in enumerate(allowed.split(text)):
            ids.extend((self.special_tokens[piece],) if number % 2 else self._encode_plain(piece))
        return ids

    def encode_ordinary(self, text: str) -> list[int]:
        """The token ids of `text`, in which special tokens are text like any other, as in tiktoken.

        Raises:
            TypeError: `text` is not a str.
            ValueError: a lone surrogate, which no UTF-8 can hold.

        >>> tokenizer = BPETokenizer([], special_tokens=["<s>"])
        >>> tokenizer.encode("<s>", allowed_special="all"), tokenizer.encode_ordinary("<s>")
        ([256], [60, 115, 62])
        """
        refuse_unencodable(text)
        return list(self._encode_plain(text))

    def _encode_plain(self, text: str) -> Iterator[int]:
        chunks = chunks_of(text, self._compiled)
        return chain.from_iterable(map(self._ids_of.__getitem__, chunks))  # a loop, run in C

    def encode_iterable(self, parts: Iterable[str], allowed_special: Collection[str] | str = ()) -> Iterator[int]:
        """The token ids of `"".join(parts)`, one by one, for texts that do not fit in memory, such as an open file.

        It holds about 65,000 characters, or a few times the longest chunk if that is more; with `pattern=None` all of
        the text is one chunk. A pattern may look ahead as far as it likes. How far it may look back is limited to 100
        characters.

        Raises: as `encode`, at the part that has the fault.

        >>> list(BPETokenizer.gpt2().encode_iterable(["Hel", "lo, wor", "ld"]))
        [15496, 11, 995]
        """
        if not isinstance(parts, Iterable):
            raise TypeError(f"parts must be an iterable of str, got {type(parts).__name__}")
        allowed, refused = self._special.divide(allowed_special)  # here, so that a mistake raises at once
        chunks = stream_chunks(plain_and_special(parts, allowed, refused), self._compiled)
        return chain.from_iterable(
            (self.special_tokens[chunk],) if is_special else self._ids_of[chunk] for chunk, is_special in chunks
        )

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
        row = as_ids(ids)
        try:
            return b"".join([self.vocabulary[id] for id in row])
        except KeyError as error:
            raise ValueError(
                f"token id {error.args[0]} is not in the vocabulary of {len(self)} tokens, "
                f"whose ids reach from {min(self.vocabulary)} to {max(self.vocabulary)}"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids. Bytes that are not UTF-8, such as half a character, become U+FFFD.

        Raises: as `decode_bytes`.

        >>> BPETokenizer([]).decode([72, 105, 0xC3])
        'Hi\ufffd'
        """
        return self.decode_bytes(ids).decode("utf-8", errors="replace")

    def stream(self) -> StreamDecoder:
        r"""A decoder for ids that come one by one, as from a model that is writing; it gives whole characters alone.

        >>> decoder = BPETokenizer([]).stream()
        >>> [decoder.push(id) for id in [72, 0xC3, 0xA9, 0xC3]], decoder.flush()
        (['H', '', 'é', ''], '\ufffd')
        """
        return StreamDecoder(self.decode_bytes)

    def save(self, path: str | Path) -> None:
        """Write the tokenizer to a JSON file. A byte string stands there as the Latin-1 text with the same codes."""
        _files.save(Path(path), self.merges, self.vocabulary, self.pattern, self.special_tokens)

    @classmethod
    def load(cls, path: str | Path) -> BPETokenizer:
        """The tokenizer that `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file was not written by `save`, or has been damaged since.
        """
        with _files.blamed_on(path, "is not a tokenizer that BPETokenizer.save wrote"):
            return cls(**_files.load(Path(path)))

    @classmethod
    def from_files(cls, folder: str | Path) -> BPETokenizer:
        """A byte-level tokenizer of other libraries: from `tokenizer.json` if the folder has it, else from `vocab.json`
        and `merges.txt`, which GPT-2's pattern goes with.

        Tokens that neither are bytes nor made by a merge, and the added tokens of `tokenizer.json`, become special
        tokens: they are found in a text only where `allowed_special` has them. What would give other ids than the
        library that wrote the files is refused.

        Raises:
            FileNotFoundError: the folder has neither.
            ValueError: a damaged file, or something that this tokenizer cannot do, such as a normalizer; the message
                names the file and the thing.
        """
        path, read = _foreign.find(Path(folder))
        with _files.blamed_on(path, "cannot be represented by a BPETokenizer"):
            return cls(**read(path))
