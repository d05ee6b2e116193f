"""The tokenizer microscope (lesson 01): one text as characters, bytes, words, and by two byte pair encoders.

All rows share one ruler, the UTF-8 bytes of the text: what stands in one column is the same place of the text. So the
picture shows by itself where a token ends inside a character, and what a word tokenizer drops. Vocabularies are the
story's, except for GPT-2's, so characters and words can be unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from itertools import accumulate, islice
from typing import Any

import traitlets

from llmlab.bpe import BPETokenizer, gpt2_encoding, train_bpe
from llmlab.bpe._chunks import refuse_unencodable
from llmlab.corpus import load_text
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Text
from llmlab.tokenizers import ByteTokenizer, CharTokenizer, WordTokenizer

FIRST_TEXT = "It's Zoë, unhelpfully 🎹"  # a contraction, an accent, a word that the story does not have, an emoji
MAX_CHARACTERS = 40
LEAST_CHARACTERS = 12  # of the target
LISTED = 24  # tokens of the inspected row in the list below the ruler
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
    """

    text: str
    rows: tuple[Row, ...]
    inspected: str
    own_function: bool

    def row(self, name: str) -> Row:
        """The row of one tokenizer.

        Raises:
            KeyError: there is no row of that name.
        """
        if name not in NAMES:
            raise KeyError(f"no row is called {name!r}: the rows are {', '.join(NAMES)}")
        return self.rows[NAMES.index(name)]

    @property
    def more_tokens_than_characters(self) -> bool:
        """The learner's target: GPT-2 needs more tokens than there are characters, and the text is not tiny."""
        return len(self.text) >= LEAST_CHARACTERS and len(self.row("GPT-2").tokens) > len(self.text)


def compute(state: dict[str, Any], words: WordFunction | None = None) -> MicroscopeTrace:
    """The trace of a state of the microscope.

    Args:
        state: text and inspect, one of `NAMES`.
        words: the learner's `tokenize(text)`, which returns the words and marks of a text; None, or a function that is
            not written yet (it returns None or ...), lets llmlab's `WordTokenizer` stand in.

    Raises:
        TypeError: `words` is not a function.
        ValueError: the function returned something other than pieces of the text in their order; a lone surrogate.
        Exception: whatever the function raises.
    """
    text = state["text"]
    refuse_unencodable(text)
    if words is not None and not callable(words):
        raise TypeError(
            f"words must be a function such as your tokenize, got {type(words).__name__}: "
            "write its name without parentheses after it"
        )
    pieces = words(text) if words is not None else None
    own_function = pieces is not None and pieces is not ...
    tokenizer = _words_of_the_story(words if own_function else None)
    pieces = _checked_pieces(pieces, 20 * MAX_CHARACTERS) if own_function else tokenizer.tokenize(text)
    story_bpe, gpt2 = _story_bpe(), gpt2_encoding()
    gpt2_ids = gpt2.encode_ordinary(text)
    story_ids = story_bpe.encode(text)
    byte_ids = ByteTokenizer().encode(text)
    return MicroscopeTrace(
        text=text,
        rows=(
            _row_of_strings("characters", text, list(text), _characters_of_the_story()),
            _row_of_bytes("bytes", byte_ids, [bytes([id]) for id in byte_ids], 256),
            _row_of_strings("words", text, pieces, tokenizer),
            _row_of_bytes("BPE of the story", story_ids, [story_bpe.vocabulary[id] for id in story_ids], OWN_BPE_SIZE),
            _row_of_bytes("GPT-2", gpt2_ids, gpt2.decode_tokens_bytes(gpt2_ids), gpt2.n_vocab),
        ),
        inspected=state["inspect"],
        own_function=own_function,
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


def render(trace: MicroscopeTrace) -> str:
    """The ruler with all rows, the table of counts, and the inspected row token by token, as HTML."""
    if not trace.text:
        return "<div>The empty text: every tokenizer gives an empty list of ids.</div>"
    return _ruler(trace) + _counts(trace) + _list(trace)


def describe(trace: MicroscopeTrace) -> str:
    """The picture in words."""
    parts = []
    for row in trace.rows:
        unknown = sum(not token.known for token in row.tokens)
        partly = sum(token.text is None for token in row.tokens)
        facts = [_count(len(row.tokens), "token")]
        if unknown:
            facts.append(f"{unknown} of them unknown")
        if partly:
            facts.append(f"{partly} that {'is' if partly == 1 else 'are'} not whole characters")
        if row.back != trace.text:
            facts.append(f"coming back as {row.back!r}")
        parts.append(f"{row.name}: {', '.join(facts)}")
    return f"{_count(len(trace.text), 'character')}. " + "; ".join(parts) + "."


def _ruler(trace: MicroscopeTrace) -> str:
    body = "".join(
        f'<tr><th scope="row"{_chosen(row, trace)}>{row.name}</th>{_strip(row, trace.text.encode())}</tr>'
        for row in trace.rows
    )
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="The text under each tokenizer">'
        f'<table class="llmlab-grid llmlab-ruler">{body}</table></div>'
        "<div>One column is one byte of the text. · space &nbsp; ↵ line end &nbsp; "
        '<span class="llmlab-key llmlab-part">c3</span> part of a character &nbsp; '
        '<span class="llmlab-key llmlab-unknown">?</span> unknown &nbsp; '
        '<span class="llmlab-key llmlab-lost">×</span> dropped</div>'
    )


def _strip(row: Row, data: bytes) -> str:
    cells, place = [], 0
    for token in row.tokens:
        cells.append(_lost(token.start - place))
        if token.stop > token.start:  # an empty token has no place in the text; the list shows it
            wide = f' colspan="{token.stop - token.start}"' if token.stop - token.start > 1 else ""
            part = data[token.start : token.stop]
            seen = part.hex() if row.name == "bytes" else _seen(token, part)
            cells.append(
                f'<td{wide} class="llmlab-tok{_kind(token)}" title="id {token.id}: {part.hex(" ")}">{seen}'
                f"<i>{token.id}</i></td>"
            )
        place = token.stop
    return "".join(cells) + _lost(len(data) - place)


def _lost(n_bytes: int) -> str:
    return '<td class="llmlab-lost" title="dropped">×</td>' * n_bytes


def _kind(token: Token) -> str:
    if not token.known:
        return " llmlab-unknown"
    return " llmlab-part" if token.text is None else ""


def _seen(token: Token, part: bytes) -> str:
    return part.hex(" ") if token.text is None else _shown(token.text) + ("" if token.known else " ?")


def _shown(text: str) -> str:
    """Text that can be seen: spaces as a raised dot, line ends as an arrow, control characters by name; escaped."""
    text = text.replace(" ", "·").replace("\n", "↵").replace("\t", "⇥")
    return escape("".join(c if c.isprintable() else f"U+{ord(c):04X}" for c in text))


def _chosen(row: Row, trace: MicroscopeTrace) -> str:
    return ' class="llmlab-chosen"' if row.name == trace.inspected else ""


def _counts(trace: MicroscopeTrace) -> str:
    head = "".join(
        f'<th scope="col"{number}>{name}</th>'
        for name, number in (
            ("tokenizer", ""),
            ("vocabulary", ' class="llmlab-number"'),
            ("tokens", ' class="llmlab-number"'),
            ("tokens a character", ' class="llmlab-number"'),
            ("decode(encode(text))", ""),
        )
    )
    body = "".join(
        f'<tr><th scope="row"{_chosen(row, trace)}>{row.name}</th>'
        f'<td class="llmlab-number">{row.vocabulary_size:,}</td><td class="llmlab-number">{len(row.tokens)}</td>'
        f'<td class="llmlab-number">{len(row.tokens) / len(trace.text):.2f}</td>'
        + (
            "<td>the same text</td>"
            if row.back == trace.text
            else f'<td class="llmlab-flag llmlab-token">{_shown(row.back)}</td>'
        )
        + "</tr>"
        for row in trace.rows
    )
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="Counts">'
        f'<table class="llmlab-grid llmlab-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _list(trace: MicroscopeTrace) -> str:
    """The inspected row, one line a token: place, token, id, bytes, and what is special about it."""
    row, data = trace.row(trace.inspected), trace.text.encode()
    body = ""
    for number, token in enumerate(row.tokens[:LISTED]):
        part = data[token.start : token.stop]
        body += (
            f'<tr><td class="llmlab-number">{number}</td>'
            f'<td class="llmlab-token">{_shown(token.text) if token.text is not None else "–"}</td>'
            f'<td class="llmlab-number">{token.id}</td><td class="llmlab-token">{part.hex(" ")}</td>'
            f"<td>{_remark(token, trace.text)}</td></tr>"
        )
    more = len(row.tokens) - LISTED
    return (
        f"<div>{trace.inspected}, token by token{f' (the first {LISTED}; {more} more)' if more > 0 else ''}:</div>"
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="Token by token">'
        '<table class="llmlab-grid llmlab-table"><thead><tr><th scope="col" class="llmlab-number">place</th>'
        '<th scope="col">token</th><th scope="col" class="llmlab-number">id</th><th scope="col">bytes</th>'
        f'<th scope="col"></th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def _remark(token: Token, text: str) -> str:
    if token.stop == token.start:
        return "an empty token"
    if not token.known:
        return f"not in the vocabulary: id of {escape(UNKNOWN)}"
    if token.text is not None:
        return ""
    ends = list(accumulate(len(character.encode()) for character in text))
    touched = [
        character
        for character, stop in zip(text, ends, strict=True)
        if stop > token.start and stop - len(character.encode()) < token.stop
    ]
    return f"part of {' and '.join(_shown(character) for character in touched if len(character.encode()) > 1)}"


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


class TokenizerMicroscope(Explorer):
    """See one text as characters, bytes, words, and as the tokens of two byte pair encoders, side by side.

    Args:
        words: your `tokenize(text)`, which returns the words and marks of a text as a list of str. Its vocabulary is
            what it finds in the story. Assign to `.words` to try another one.
        text: the text to start with, at most 40 characters.

    >>> len(TokenizerMicroscope().trace.row("bytes").tokens)
    27
    """

    sheet = "tokenizer_microscope.css"

    words = traitlets.Any()

    def __init__(self, words: WordFunction | None = None, text: str = FIRST_TEXT) -> None:
        text_control = Text("text", "Text", initial=text, max_length=MAX_CHARACTERS)
        text_control.check(text)
        super().__init__(
            title="Tokenizer microscope",
            task=f"Your target: a text of at least {LEAST_CHARACTERS} characters for which GPT-2 needs more tokens "
            "than there are characters.",
            controls=[
                text_control,
                Choice("inspect", "Look closely at", NAMES, initial="GPT-2"),
            ],
            words=words,
        )

    @traitlets.observe("words")
    def _words_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> MicroscopeTrace:
        return compute(state, self.words)

    def render(self, trace: MicroscopeTrace) -> str:
        return render(trace)

    def describe(self, trace: MicroscopeTrace) -> str:
        return describe(trace)

    def note(self, trace: MicroscopeTrace) -> str:
        if self.words is not None and not trace.own_function:
            name = getattr(self.words, "__name__", "your function")
            return f"{name} is not written yet, so llmlab's own words are shown."
        return ""

    def target(self, trace: MicroscopeTrace) -> tuple[bool, str]:
        characters, tokens = len(trace.text), len(trace.row("GPT-2").tokens)
        counts = f"{_count(characters, 'character')}, {_count(tokens, 'GPT-2 token')}"
        if trace.more_tokens_than_characters:
            return True, f"Reached: {counts}."
        short = f" (at least {LEAST_CHARACTERS} characters are wanted)" if characters < LEAST_CHARACTERS else ""
        return False, f"Not yet: {counts}{short}."

    def code_for(self, state: dict[str, Any]) -> str:
        imports, make, encode = _CODE[state["inspect"]]
        return (
            f"{imports}\n\ntext = {state['text']!r}\ntokenizer = {make}\nids = tokenizer.{encode}(text)\n"
            "print(ids)\nprint(repr(tokenizer.decode(ids)))"
        )


_STORY = "from llmlab.corpus import load_text\n"
_CODE = {
    "characters": (
        f"{_STORY}from llmlab.tokenizers import CharTokenizer",
        f'CharTokenizer.from_text(load_text(), unknown="{UNKNOWN}")',
        "encode",
    ),
    "bytes": ("from llmlab.tokenizers import ByteTokenizer", "ByteTokenizer()", "encode"),
    "words": (
        f"{_STORY}from llmlab.tokenizers import WordTokenizer",
        f'WordTokenizer.from_text(load_text(), special_tokens=["{UNKNOWN}"], unknown="{UNKNOWN}")',
        "encode",
    ),
    "BPE of the story": (
        f"from llmlab.bpe import train_bpe\n{_STORY.rstrip()}",
        f"train_bpe(load_text(), vocab_size={OWN_BPE_SIZE})",
        "encode",
    ),
    "GPT-2": ("from llmlab.bpe import gpt2_encoding", "gpt2_encoding()", "encode_ordinary"),
}
