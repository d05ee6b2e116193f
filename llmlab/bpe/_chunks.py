"""What happens to a text before any merge: what is not a special token is cut into chunks (lesson 02).

Training and encoding both begin here. The second half does the same for a text that comes in parts and is never in
memory as a whole: there, nothing may be decided as long as the text to come could change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import regex

from llmlab.bpe._special import refuse_special
from llmlab.utils.special import SpecialFinder
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


def plain_and_special(parts: Iterable[str], allowed: SpecialFinder, refused: SpecialFinder) -> Iterator[tuple]:
    """The joined text of `parts`, piece by piece, as pairs of plain text and what follows it.

    What follows is the name of an allowed special token; "" at the end of the text; None where the plain text goes on.

    >>> list(plain_and_special(["one<|e", "nd|>two"], SpecialFinder(["<|end|>"]), SpecialFinder([])))
    [('one', '<|end|>'), ('two', None), ('', '')]
    """
    text = ""
    for block in chain(_checked_blocks(parts, refused), [None]):
        text += block or ""
        undecided = len(text) if block is None else allowed.undecided(text)
        start = 0
        for place, name in allowed.find(text):
            if place >= undecided:
                break
            yield text[start:place], name
            start = place + len(name)
        end = max(start, undecided)
        yield text[start:end], ("" if block is None else None)
        text = text[end:]


def _checked_blocks(parts: Iterable[str], refused: SpecialFinder) -> Iterator[str]:
    """The text of `parts` in blocks, for parts may be as short as a character; each block checked."""
    overlap = max(refused.longest - 1, 0)  # of a refused token, so much may stand in the blocks before
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
    # A chunk may be longer than many pieces. Where a look at the text decides nothing, the next look waits until twice
    # as much has come, so that a long chunk takes a time proportional to its length.
    text, start, patience = "", 0, 0  # text[:start] has been given out
    waiting: list[str] = []  # what has come since the last look
    size = 0
    for plain, special in pieces:
        waiting.append(plain)
        size += len(plain)
        if special is None and size < patience:
            continue
        text += "".join(waiting)
        waiting, size, looked_from = [], 0, start
        for match in compiled.finditer(text, start):
            if special is None and reads_on.match(text, match.start(), partial=True):
                break
            yield match.group(), False
            start = match.end()
        if special is None:
            patience = len(text) - start if start == looked_from else 0
            forgotten = max(0, start - 100)
            text, start = text[forgotten:], start - forgotten
        else:
            if special:
                yield special, True
            text, start, patience = "", 0, 0
