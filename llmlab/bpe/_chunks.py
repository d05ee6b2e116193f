"""What happens to a text before any merge: special tokens are found, the rest is cut into chunks (lesson 02).

Training and encoding both begin here. The second half does the same for a text that comes in parts and is never in
memory as a whole: there, nothing may be decided as long as the text to come could change it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

import regex

from llmlab.utils.text import refuse_unencodable

_BLOCK = 1 << 16  # characters of a stream that are looked at together


def compile_pattern(pattern: str | None) -> regex.Pattern:
    """The pattern, with an alternative that loses nothing: a character that it does not match is a chunk of its own."""
    if pattern is None:
        return regex.compile("(?s:.+)")  # all of the text is one chunk
    if not isinstance(pattern, str):
        raise TypeError(f"pattern must be a str or None, got {type(pattern).__name__}")
    try:
        return regex.compile(f"(?:{pattern})|(?s:.)")
    except regex.error as error:
        raise ValueError(f"pattern {pattern!r} is not a regular expression of the regex library: {error}") from error


def chunks_of(text: str, compiled: regex.Pattern) -> Iterator[str]:
    """The chunks of a text in order; together they are the text.

    >>> list(chunks_of("it's 9 a.m.", compile_pattern(r"\\w+| \\w+")))
    ['it', "'", 's', ' 9', ' a', '.', 'm', '.']
    """
    return map(regex.Match.group, compiled.finditer(text))


def split_at(text: str, names: Collection[str]) -> list[str]:
    """The text cut at the special tokens `names`, which stand at the odd positions of the list.

    >>> split_at("x<a><b>y<a>", ["<a>", "<a><b>"])
    ['x', '<a><b>', 'y', '<a>', '']
    """
    return _any_of(names).split(text) if names else [text]


def _any_of(names: Collection[str]) -> regex.Pattern:
    """Finds special tokens. Where two begin at the same place, the longer one counts."""
    return regex.compile(f"({'|'.join(map(regex.escape, sorted(names, key=len, reverse=True)))})")


def special_names(special_tokens: Iterable[str] | Mapping[str, int]) -> list[str]:
    """The names of special tokens, checked."""
    if isinstance(special_tokens, str):
        raise TypeError(f"special_tokens must be a collection of names, got one str: write [{special_tokens!r}]")
    if not isinstance(special_tokens, Iterable):
        raise TypeError(f"special_tokens must be a collection of names, got {special_tokens!r}: write [] for none")
    names = list(special_tokens)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"a special token must be a str, got {name!r} ({type(name).__name__})")
        if not name:
            raise ValueError("a special token must have at least one character, got ''")
        if names.count(name) > 1:
            raise ValueError(f"special token {name!r} is given {names.count(name)} times: give each once")
        refuse_unencodable(name)
    return names


def refuse_special(text: str, refused: Collection[str], offset: int = 0) -> None:
    """Raise if the text contains one of the `refused` special tokens, even inside a longer one that is allowed."""
    if refused and (match := _any_of(refused).search(text)):
        raise ValueError(
            f"the text contains the special token {match.group()!r} at character {offset + match.start()}, and it "
            f"is not allowed: pass allowed_special={{{match.group()!r}}}, or 'all', to encode it as its one id"
        )


def plain_and_special(parts: Iterable[str], allowed: Collection[str], refused: Collection[str]) -> Iterator[tuple]:
    """The joined text of `parts`, piece by piece, as pairs of plain text and what follows it.

    What follows is the name of an allowed special token; "" at the end of the text; None where the plain text goes on.

    >>> list(plain_and_special(["one<|e", "nd|>two"], ["<|end|>"], []))
    [('one', '<|end|>'), ('two', None), ('', '')]
    """
    text = ""
    for block in chain(_checked_blocks(parts, refused), [None]):
        text += block or ""
        undecided = len(text) if block is None else _may_grow(text, allowed)
        start = 0
        for match in _any_of(allowed).finditer(text) if allowed else ():
            if match.start() >= undecided:
                break
            yield text[start : match.start()], match.group()
            start = match.end()
        end = max(start, undecided)
        yield text[start:end], ("" if block is None else None)
        text = text[end:]


def _may_grow(text: str, names: Collection[str]) -> int:
    """The first place from which the text, with more text to come, may turn out to be a special token."""
    longest = max(map(len, names), default=1)
    for place in range(max(0, len(text) - longest + 1), len(text)):
        if any(name.startswith(text[place:]) for name in names):
            return place
    return len(text)


def _checked_blocks(parts: Iterable[str], refused: Collection[str]) -> Iterator[str]:
    """The text of `parts` in blocks, for parts may be as short as a character; each block checked."""
    overlap = max(map(len, refused), default=1) - 1  # of a refused token, so much may stand in the blocks before
    seen, before = 0, ""
    for block in _blocks(parts):
        refuse_unencodable(block, seen)
        refuse_special(before + block, refused, seen - len(before))
        seen += len(block)
        before = (before + block)[-overlap:] if overlap else ""
        yield block


def _blocks(parts: Iterable[str]) -> Iterator[str]:
    gathered, size = [], 0
    for number, part in enumerate(parts):
        if not isinstance(part, str):
            raise TypeError(f"part {number} must be a str, got {type(part).__name__}")
        gathered.append(part)
        size += len(part)
        if size >= _BLOCK:
            yield "".join(gathered)
            gathered, size = [], 0
    yield "".join(gathered)


def stream_chunks(pieces: Iterable[tuple], compiled: regex.Pattern) -> Iterator[tuple[str, bool]]:
    """The pieces of `plain_and_special` as (chunk, False) and (name of a special token, True).

    A chunk is only given out when no text to come can change it. Up to 100 characters in front of the next chunk are
    kept, for patterns that look back.
    """
    # This pattern matches nothing. But where the original would have to read on beyond the end of the text before it
    # can decide, looking ahead included, `partial=True` reports just that.
    reads_on = regex.compile(f"(?>{compiled.pattern})(?!)")
    text, start = "", 0  # text[:start] has been given out
    for plain, special in pieces:
        text += plain
        for match in compiled.finditer(text, start):
            if special is None and reads_on.match(text, match.start(), partial=True):
                break
            yield match.group(), False
            start = match.end()
        if special is None:
            forgotten = max(0, start - 100)
            text, start = text[forgotten:], start - forgotten
        else:
            if special:
                yield special, True
            text, start = "", 0
