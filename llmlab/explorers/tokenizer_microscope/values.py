"""The values of the tokenizer microscope: the text under each tokenizer, every token with its place in the bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, islice
from typing import Any

from llmlab.bpe import BPETokenizer, gpt2_encoding, train_bpe
from llmlab.corpus import load_text
from llmlab.explorers.host.learner import is_written
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer
from llmlab.utils.text import refuse_unencodable

FIRST_TEXT = "It's Zoë, unhelpfully 🎹"  # a contraction, an accent, a word that the story does not have, an emoji
MAX_CHARACTERS = 40
LEAST_CHARACTERS = 12  # of the target
LISTED = 24  # tokens of the inspected row in the list of the fold
LOOKED_AT = 4 * MAX_CHARACTERS  # tokens of a row that can be put under the lens: as many as a text has bytes
FIRST_TOKEN = 8  # of GPT-2: a space and half an emoji
UNKNOWN = "<|unk|>"
OWN_BPE_SIZE = 512
NAMES = ("characters", "bytes", "words", "BPE of the story", "GPT-2")

WordFunction = Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Token:
    """One token: its text (None where it is not whole characters), its id, and its bytes `start` to `stop`."""

    text: str | None
    id: int
    start: int
    stop: int
    known: bool = True


@dataclass(frozen=True)
class Row:
    """What one tokenizer makes of the text.

    Attributes:
        name: one of `NAMES`.
        tokens: in the order of the text.
        vocabulary_size: how many ids the tokenizer has.
        back: what decoding the ids gives.
    """

    name: str
    tokens: tuple[Token, ...]
    vocabulary_size: int
    back: str

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]


@dataclass(frozen=True)
class MicroscopeTrace:
    """A text under all tokenizers.

    Attributes:
        text: the text.
        rows: one for each of `NAMES`, in that order.
        inspected: the name of the row that is listed token by token.
        own_function: whether the words are the learner's; False means that llmlab's own stand in.
        place: which of its tokens is under the lens; the last one where it has fewer.
    """

    text: str
    rows: tuple[Row, ...]
    inspected: str
    own_function: bool
    place: int = 0

    def row(self, name: str) -> Row:
        """The row of one tokenizer.

        Raises:
            KeyError: there is no row of that name.
        """
        if name not in NAMES:
            raise KeyError(f"no row is called {name!r}: the rows are {', '.join(NAMES)}")
        return self.rows[NAMES.index(name)]

    @property
    def closely(self) -> Token | None:
        """The token under the lens, None where there is none."""
        tokens = self.row(self.inspected).tokens
        return tokens[self.place] if tokens else None

    @property
    def losing(self) -> tuple[str, ...]:
        """The names of the rows that do not give the text back."""
        return tuple(row.name for row in self.rows if row.back != self.text)

    @property
    def more_tokens_than_characters(self) -> bool:
        """Half of the learner's target: GPT-2 needs more tokens than there are characters, and the text is not tiny."""
        return len(self.text) >= LEAST_CHARACTERS and len(self.row("GPT-2").tokens) > len(self.text)


def compute(state: dict[str, Any], words: WordFunction | None = None) -> MicroscopeTrace:
    """The trace of a state of the microscope.

    Args:
        state: text; inspect, one of `NAMES`; token, the place of the one under the lens.
        words: the learner's `tokenize(text)`, which returns the words and marks of a text; None, or a function that is
            not written yet (it returns None or ...), lets llmlab's `WordTokenizer` stand in.

    Raises:
        ValueError: the function returned something other than pieces of the text in their order; a lone surrogate.
        Exception: whatever the function raises.
    """
    text = state["text"]
    refuse_unencodable(text)
    pieces = words(text) if words is not None else None
    own_function = is_written(pieces)
    tokenizer = _words_of_the_story(words if own_function else None)
    pieces = _checked_pieces(pieces, 20 * MAX_CHARACTERS) if own_function else tokenizer.tokenize(text)
    story_bpe, gpt2 = _story_bpe(), gpt2_encoding()
    gpt2_ids = gpt2.encode_ordinary(text)
    story_ids = story_bpe.encode(text)
    byte_ids = ByteTokenizer().encode(text)
    rows = (
        _row_of_strings("characters", text, list(text), _characters_of_the_story()),
        _row_of_bytes("bytes", byte_ids, [bytes([id]) for id in byte_ids], 256),
        _row_of_strings("words", text, pieces, tokenizer),
        _row_of_bytes("BPE of the story", story_ids, [story_bpe.vocabulary[id] for id in story_ids], OWN_BPE_SIZE),
        _row_of_bytes("GPT-2", gpt2_ids, gpt2.decode_tokens_bytes(gpt2_ids), gpt2.n_vocab),
    )
    last = len(rows[NAMES.index(state["inspect"])].tokens) - 1
    return MicroscopeTrace(
        text=text,
        rows=rows,
        inspected=state["inspect"],
        own_function=own_function,
        place=max(0, min(state.get("token", FIRST_TOKEN), last)),
    )


@cache
def _characters_of_the_story() -> CharTokenizer:
    return CharTokenizer.from_text(load_text(), unknown=UNKNOWN)


@cache
def _story_bpe() -> BPETokenizer:
    return train_bpe(load_text(), OWN_BPE_SIZE)


@lru_cache(maxsize=4)  # as many functions as a learner goes back and forth between
def _words_of_the_story(words: WordFunction | None) -> WordTokenizer:
    """A tokenizer with the story's vocabulary, as the function cuts it."""
    story = load_text()
    if words is None:
        return WordTokenizer.from_text(story, special_tokens=[UNKNOWN], unknown=UNKNOWN)
    found = {*_checked_pieces(words(story), 2 * len(story))} - {"", UNKNOWN}
    return WordTokenizer([*sorted(found), UNKNOWN], unknown=UNKNOWN)


def _checked_pieces(pieces: Any, most: int) -> list[str]:
    if isinstance(pieces, str) or not isinstance(pieces, Iterable):
        raise ValueError(f"a word function must return a list of str, got {type(pieces).__name__}")
    checked = list(islice(pieces, most + 1))
    for number, piece in enumerate(checked):
        if not isinstance(piece, str):
            raise ValueError(f"a word function must return a list of str, but token {number} is {piece!r}")
    if len(checked) > most:
        raise ValueError(f"more than {most:,} tokens: does the loop that makes them end?")
    return checked


def _row_of_strings(name: str, text: str, pieces: list[str], tokenizer: WordTokenizer | CharTokenizer) -> Row:
    """Pieces found again in the text one after the other, and looked up; what is not found is unknown."""
    ids_of = {token: id for id, token in tokenizer.vocabulary.items()}
    tokens, place = [], 0
    for number, piece in enumerate(pieces):
        at = text.find(piece, place)
        if at < 0:
            raise ValueError(
                f"token {number}, {piece!r}, does not occur in the text after {text[:place]!r}: "
                "tokens are pieces of the text, unchanged and in its order"
            )
        place = at + len(piece)
        start, stop = len(text[:at].encode()), len(text[:place].encode())
        tokens.append(Token(piece, ids_of.get(piece, ids_of[UNKNOWN]), start, stop, known=piece in ids_of))
    back = tokenizer.decode([token.id for token in tokens])
    return Row(name, tuple(tokens), len(tokenizer), back)


def _row_of_bytes(name: str, ids: list[int], parts: list[bytes], vocabulary_size: int) -> Row:
    stops = [0, *accumulate(map(len, parts))]
    tokens = [
        Token(_text_of(part), id, start, stop)
        for id, part, start, stop in zip(ids, parts, stops, stops[1:], strict=False)
    ]
    return Row(name, tuple(tokens), vocabulary_size, b"".join(parts).decode())


def _text_of(part: bytes) -> str | None:
    try:
        return part.decode()
    except UnicodeDecodeError:
        return None
