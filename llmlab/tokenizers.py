r"""Three tokenizers that fit on a page: words, characters, bytes (lesson 01).

Each turns a text into token ids and back. They differ in what a token is, and so in what they cannot do: words meet
unknown words and lose the spaces, characters meet unknown characters and give long sequences, bytes meet nothing
unknown and give the longest. The way between, byte pair encoding, is in `llmlab.bpe`.

Nothing here is learned beyond listing what occurs in a text, and no text is changed before it is cut: no lower case, no
Unicode normalisation.

The word tokenizer is the one of Raschka, "Build a Large Language Model (From Scratch)", chapter 2: `WordTokenizer`
gives the ids of its SimpleTokenizerV1, and with `unknown` those of its SimpleTokenizerV2. Decoding differs from the
first, which leaves the space before ":" and ";", and special tokens are found without spaces around them, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from reprlib import repr as shortened

from llmlab.utils.arguments import as_ids
from llmlab.utils.special import SpecialFinder
from llmlab.utils.text import refuse_unencodable

# The book's: punctuation marks, double dashes and white space are cut out, and what stands between them is a word.
WORD_PATTERN = r"""([,.:;?_!"()\']|--|\s)"""

_SPACE_BEFORE_MARK = re.compile(r"""(?<!\s)\s+([,.:;?!"()'])""")


class UnknownTokenError(KeyError):
    """A text holds a token that the vocabulary does not; the message names it, its place, and what can be done."""

    def __str__(self) -> str:  # KeyError would put the sentence in quotes
        return str(self.args[0])


class _VocabularyTokenizer:
    """What words and characters have in common: a vocabulary of strings, looked up both ways."""

    def __init__(self, vocabulary: Sequence[str], *, unknown: str | None = None) -> None:
        tokens = _checked_tokens("vocabulary", vocabulary)
        if unknown is not None and unknown not in tokens:
            raise ValueError(f"unknown={unknown!r} is not in the vocabulary: add it there, or leave `unknown` away")
        self.vocabulary = dict(enumerate(tokens))
        self.unknown = unknown
        self._ids = {token: id for id, token in self.vocabulary.items()}

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} tokens, unknown={self.unknown!r})"

    def _look_up(self, tokens: Sequence[str], text: str) -> list[int]:
        try:
            if self.unknown is None:
                return [self._ids[token] for token in tokens]
        except KeyError:
            number = next(number for number, token in enumerate(tokens) if token not in self._ids)
            raise UnknownTokenError(self._complaint(tokens, number, text)) from None
        unknown = self._ids[self.unknown]
        return [self._ids.get(token, unknown) for token in tokens]

    def _complaint(self, tokens: Sequence[str], number: int, text: str) -> str:
        place = 0
        for token in tokens[:number]:
            place = text.index(token, place) + len(token)
        place = text.index(tokens[number], place)
        return (
            f"{tokens[number]!r} is not in the vocabulary of {len(self):,} tokens (token {number} of the text, "
            f"at character {place}). Build the vocabulary from a text that has it, or give the tokenizer a token that "
            'stands for all others, such as unknown="<|unk|>"'
        )

    def _tokens_of(self, ids: Iterable[int]) -> list[str]:
        return [self.vocabulary[id] for id in _checked_ids(ids, len(self))]


class WordTokenizer(_VocabularyTokenizer):
    r"""Words and punctuation marks as tokens; white space is dropped, so a round trip does not bring it back.

    Args:
        vocabulary: the tokens; a token's place is its id.
        pattern: where to cut, a regular expression for `re`. What its one group matches becomes a token, unless it is
            white space; what a pattern without a group matches is dropped.
        unknown: the token of the vocabulary that stands for every word that is not in it. None: such a word raises.
        special_tokens: tokens of the vocabulary that are found before the text is cut, and so never cut themselves.
            `unknown` and tokens that are written like `<|endoftext|>` always belong to them.

    Attributes:
        vocabulary: `{id: token}`.
        unknown, pattern: as given.
        special_tokens: those that are never cut, in the order of their ids.

    Raises:
        TypeError, ValueError: a vocabulary with a token twice or an empty one; `unknown` or a special token that is not
            in it; a pattern that is no regular expression, has more than one group, or matches the empty text.

    >>> tokenizer = WordTokenizer.from_text("It is late. Is it?")
    >>> tokenizer.vocabulary
    {0: '.', 1: '?', 2: 'Is', 3: 'It', 4: 'is', 5: 'it', 6: 'late'}
    >>> tokenizer.encode("It is   late?")
    [3, 4, 6, 1]
    >>> tokenizer.decode([3, 4, 6, 1])
    'It is late?'
    >>> tokenizer.encode("")
    []
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        *,
        pattern: str = WORD_PATTERN,
        unknown: str | None = None,
        special_tokens: Sequence[str] = (),
    ) -> None:
        super().__init__(vocabulary, unknown=unknown)
        special = {*_checked_tokens("special_tokens", special_tokens), *([] if unknown is None else [unknown])}
        if missing := [token for token in special_tokens if token not in self._ids]:
            raise ValueError(f"special token {missing[0]!r} is not in the vocabulary: add it there")
        special.update(token for token in self._ids if re.fullmatch(r"<\|.+\|>", token, re.DOTALL))
        self.pattern = pattern
        self.special_tokens = tuple(sorted(special, key=self._ids.__getitem__))
        self._cut = _compiled(pattern)
        self._special = SpecialFinder(special)

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        pattern: str = WORD_PATTERN,
        special_tokens: Sequence[str] = (),
        unknown: str | None = None,
    ) -> WordTokenizer:
        """The tokenizer whose vocabulary is what occurs in `text`: sorted distinct tokens, then the special tokens.

        Args:
            text: the text to list.
            pattern, unknown: as for the class.
            special_tokens: in the order in which they shall follow the words; `unknown` must be one of them. Where they
                occur in `text` they are not listed a second time.

        Raises:
            TypeError, ValueError: as the class.

        >>> tokenizer = WordTokenizer.from_text("a cat", special_tokens=["<|unk|>", "<|endoftext|>"], unknown="<|unk|>")
        >>> tokenizer.decode(tokenizer.encode("a dog<|endoftext|>a cat"))
        'a <|unk|> <|endoftext|> a cat'
        """
        special = _checked_tokens("special_tokens", special_tokens)
        if unknown is not None and unknown not in special:
            raise ValueError(
                f"unknown={unknown!r} must be one of special_tokens, got {list(special)!r}: "
                f"write special_tokens=[{unknown!r}] at least"
            )
        words = set(_split(_checked_text(text), _compiled(pattern), SpecialFinder(special)))
        return cls([*sorted(words - set(special)), *special], pattern=pattern, unknown=unknown, special_tokens=special)

    def tokenize(self, text: str) -> list[str]:
        """The tokens of `text` as strings, before they are looked up.

        Raises:
            TypeError: `text` is not a str.

        >>> WordTokenizer([]).tokenize("It's -- well -- late.")
        ['It', "'", 's', '--', 'well', '--', 'late', '.']
        """
        return _split(_checked_text(text), self._cut, self._special)

    def encode(self, text: str) -> list[int]:
        """The token ids of `text`.

        Raises:
            TypeError: `text` is not a str.
            UnknownTokenError: a KeyError; a word is not in the vocabulary and there is no `unknown`.
        """
        return self._look_up(self.tokenize(text), text)

    def decode(self, ids: Iterable[int]) -> str:
        """The tokens joined by single spaces, without the space before a punctuation mark.

        Raises:
            TypeError, ValueError: an id that is not an int, or not in the vocabulary.
        """
        return _SPACE_BEFORE_MARK.sub(r"\1", " ".join(self._tokens_of(ids)))


class CharTokenizer(_VocabularyTokenizer):
    """Single characters (Unicode code points) as tokens. A round trip brings everything back, if all is known.

    Args:
        vocabulary: the characters; a character's place is its id.
        unknown: the token of the vocabulary that stands for every other character. None: such a character raises.

    Attributes:
        vocabulary: `{id: character}`.
        unknown: as given.

    Raises:
        TypeError, ValueError: as `WordTokenizer`, or a token other than `unknown` that is not one character.

    >>> tokenizer = CharTokenizer.from_text("banana")
    >>> tokenizer.encode("nab")
    [2, 0, 1]
    >>> tokenizer.decode([2, 0, 1])
    'nab'
    """

    def __init__(self, vocabulary: Sequence[str], *, unknown: str | None = None) -> None:
        super().__init__(vocabulary, unknown=unknown)
        for id, token in self.vocabulary.items():
            if len(token) != 1 and token != unknown:
                raise ValueError(f"vocabulary[{id}] must be one character, got {token!r}")

    @classmethod
    def from_text(cls, text: str, *, unknown: str | None = None) -> CharTokenizer:
        """The tokenizer of the sorted distinct characters of `text`, then `unknown`, if it is not among them.

        >>> CharTokenizer.from_text("banana", unknown="<|unk|>").encode("bus")
        [1, 3, 3]
        """
        characters = sorted(set(_checked_text(text)))
        return cls([*characters, *([] if unknown is None or unknown in characters else [unknown])], unknown=unknown)

    def encode(self, text: str) -> list[int]:
        """The token ids of `text`, one a character.

        Raises:
            TypeError: `text` is not a str.
            UnknownTokenError: a KeyError; a character is not in the vocabulary and there is no `unknown`.
        """
        return self._look_up(list(_checked_text(text)), text)

    def decode(self, ids: Iterable[int]) -> str:
        """The characters, joined.

        Raises:
            TypeError, ValueError: an id that is not an int, or not in the vocabulary.
        """
        return "".join(self._tokens_of(ids))


class ByteTokenizer:
    r"""UTF-8 bytes as tokens: 256 ids, no unknown text, and a token may be a part of a character.

    Attributes:
        vocabulary: `{id: byte}`, the id being the byte's value.

    >>> ByteTokenizer().encode("é!")
    [195, 169, 33]
    >>> ByteTokenizer().decode([195, 169, 33])
    'é!'
    """

    def __init__(self) -> None:
        self.vocabulary = {byte: bytes([byte]) for byte in range(256)}

    def __len__(self) -> int:
        return 256

    def __repr__(self) -> str:
        return "ByteTokenizer()"

    def encode(self, text: str) -> list[int]:
        """The bytes of `text`.

        Raises:
            TypeError: `text` is not a str.
            ValueError: a lone surrogate, which no UTF-8 can hold.
        """
        refuse_unencodable(_checked_text(text))
        return list(text.encode())

    def decode(self, ids: Iterable[int]) -> str:
        r"""The text of the bytes. What is not UTF-8, such as half a character, becomes U+FFFD.

        Raises:
            TypeError, ValueError: an id that is not an int, or not from 0 to 255.

        >>> ByteTokenizer().decode([72, 105, 195])
        'Hi\ufffd'
        """
        return bytes(_checked_ids(ids, 256)).decode("utf-8", errors="replace")


def _split(text: str, cut: re.Pattern, special: SpecialFinder) -> list[str]:
    """Special tokens whole, the rest cut; what is empty or white space is left out."""
    tokens: list[str] = []
    for number, part in enumerate(special.split(text)):  # special tokens at the odd places
        pieces = [part] if number % 2 else [piece.strip() for piece in cut.split(part)]
        tokens += filter(None, pieces)
    return tokens


def _compiled(pattern: str) -> re.Pattern:
    if not isinstance(pattern, str):
        raise TypeError(f"pattern must be a str, got {type(pattern).__name__}")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern {pattern!r} is not a regular expression: {error}") from error
    if compiled.groups > 1:
        raise ValueError(f"pattern {pattern!r} has {compiled.groups} groups, at most one is meant: write (?:...)")
    if compiled.match(""):
        raise ValueError(f"pattern {pattern!r} matches the empty text, so it would cut everywhere: write + for *")
    return compiled


def _checked_text(text: str) -> str:
    if not isinstance(text, str):
        remedies = {bytes: ": pass text.decode()", list: ": pass one text at a time, or join them first"}
        raise TypeError(f"text must be a str, got {type(text).__name__}{remedies.get(type(text), '')}")
    return text


def _checked_tokens(name: str, tokens: Sequence[str]) -> list[str]:
    if isinstance(tokens, str) or not isinstance(tokens, Sequence):
        raise TypeError(f"{name} must be a list of str (the place is the id), got {type(tokens).__name__}")
    seen: set[str] = set()
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(f"{name}[{place}] must be a str, got {token!r} ({type(token).__name__})")
        if not token or token in seen:
            raise ValueError(f"{name}[{place}] is {token!r}, {'twice in the list' if token else 'the empty text'}")
        seen.add(token)
    return list(tokens)


def _checked_ids(ids: Iterable[int], size: int) -> list[int]:
    if isinstance(ids, str):
        raise TypeError(
            f"ids must be a row of token ids such as [3, 1], got a text: encode({shortened(ids)}) makes ids"
        )
    try:
        row = iter(ids)
    except TypeError:
        raise TypeError(f"ids must be a row of token ids such as [3, 1], got {shortened(ids)}") from None
    checked = as_ids(row)
    for id in checked:
        if not 0 <= id < size:
            there = f"whose ids reach from 0 to {size - 1}" if size else "which is empty"
            raise ValueError(
                f"token id {id} is not in the vocabulary, {there}: decode with the tokenizer that made the ids"
            )
    return checked
