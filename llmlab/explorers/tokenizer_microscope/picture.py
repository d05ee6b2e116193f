"""The picture of the tokenizer microscope: one ruler of bytes for all rows, the lens, and how the rows compare.

The ruler is made of segments of at most twelve bytes, which the page wraps where its line is full; they end where no
token is cut, if there is such a place. A press on a token puts it under the lens.
"""

from __future__ import annotations

from itertools import accumulate

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import printable, visible
from llmlab.explorers.tokenizer_microscope.compare import compare
from llmlab.explorers.tokenizer_microscope.lens import lens
from llmlab.explorers.tokenizer_microscope.numbers import kind, remark, shown
from llmlab.explorers.tokenizer_microscope.values import LOOKED_AT, MicroscopeTrace, Row, Token

WIDEST = 12  # bytes of a segment: what a phone has room for
SHORT = {"characters": "chars", "BPE of the story": "story"}  # names where it is narrow


def render(trace: MicroscopeTrace) -> str:
    """The ruler with all rows, the token under the lens, and a bar for each row."""
    if not trace.text:
        return "<p>The empty text: every tokenizer gives an empty list of ids. Type something.</p>"
    parts = segments(trace)
    ruler = "".join(_segment(trace, start, stop) for start, stop in parts)
    return (
        f'<div class="llmlab-tape">{_names(trace, len(parts))}'
        f'<div class="llmlab-text-segments"{touch(key="tokens", group="follow")}>{ruler}</div></div>'
        '<p class="llmlab-hint">One column is one byte. Press a token to look at it closely. &nbsp; · a space &nbsp; '
        '<span class="llmlab-key llmlab-part">&nbsp;&nbsp;</span> part of a character &nbsp; '
        '<span class="llmlab-key llmlab-unknown">?</span> unknown &nbsp; × dropped</p>'
        f'<div class="llmlab-below">{compare(trace)}{lens(trace)}</div>'
    )


def segments(trace: MicroscopeTrace) -> list[tuple[int, int]]:
    """The text in pieces (first byte, byte after the last): cut where no row has a token across, or else anywhere
    between two characters."""
    ends = list(accumulate(len(character.encode()) for character in trace.text))
    crossed = {at for row in trace.rows for token in row.tokens for at in range(token.start + 1, token.stop)}
    pieces, start = [], 0
    while start < ends[-1]:
        within = [end for end in ends if start < end <= start + WIDEST]
        whole = [end for end in within if end not in crossed]
        stop = whole[0] if whole else within[-1]
        pieces.append((start, stop))
        start = stop
    return pieces


def _names(trace: MicroscopeTrace, lines: int) -> str:
    """The names of the rows, once a line: the page shows as many as it has lines, and its sheet writes the repeated."""
    first = "".join(
        f'<span class="llmlab-row-name"'
        f"{touch(key=f'row {row.name}', press=_same_place(trace, row), name=f'look closely at {row.name}')}>"
        f"{_name(row.name)}</span>"
        for row in trace.rows
    )
    again = '<i class="llmlab-again" aria-hidden="true"></i>'
    return (
        f'<div class="llmlab-names"><div class="llmlab-names-of-line"{touch(key="names", group="names")}>{first}</div>'
        f"{again * (lines - 1)}</div>"
    )


def _same_place(trace: MicroscopeTrace, row: Row) -> dict[str, str | int]:
    """Another row where the lens is now: the token that holds the same byte, or the next one."""
    start = trace.closely.start if trace.closely else 0
    place = next((place for place, token in enumerate(row.tokens) if token.stop > start), len(row.tokens) - 1)
    return {"inspect": row.name, "token": max(0, min(place, LOOKED_AT - 1))}


def _name(name: str) -> str:
    if name not in SHORT:
        return name
    return f'<span class="llmlab-wide">{name}</span><span class="llmlab-narrow">{SHORT[name]}</span>'


def _segment(trace: MicroscopeTrace, start: int, stop: int) -> str:
    cells = "".join(_lane(trace, number, row, start, stop) for number, row in enumerate(trace.rows, 1))
    return f'<div class="llmlab-segment" style="--n:{stop - start}">{cells}</div>'


def _lane(trace: MicroscopeTrace, number: int, row: Row, start: int, stop: int) -> str:
    """The tokens of one row that lie in a segment, and a cross for each byte that no token holds."""
    data, cells, at = trace.text.encode(), "", start
    for place, token in enumerate(row.tokens):
        left, right = max(token.start, start), min(token.stop, stop)
        if left >= right:
            continue
        cells += _lost(number, at, left, start)
        cells += _token(trace, number, row, place, data[token.start : token.stop], left, right, start)
        at = right
    return cells + _lost(number, at, stop, start)


def _lost(number: int, left: int, right: int, start: int) -> str:
    return "".join(
        f'<span class="llmlab-lost" style="grid-area:{number}/{at - start + 1}">×</span>' for at in range(left, right)
    )


def _token(
    trace: MicroscopeTrace, number: int, row: Row, place: int, part: bytes, left: int, right: int, start: int
) -> str:
    token = row.tokens[place]
    look = f"llmlab-tok{kind(token)}"
    look += " llmlab-cut-left" * (left > token.start) + " llmlab-cut-right" * (right < token.stop)
    seen = part.hex() if row.name == "bytes" else _seen(token, part)
    if left > token.start:
        seen = "…"
    its = touch(
        key=f"{number}.{token.start}.{left}",
        press={"inspect": row.name, "token": place} if place < LOOKED_AT else None,
        link=" ".join(f"b{at}" for at in range(token.start, token.stop)),
        tip=_tip(token, part, trace.text),
    )
    has_id = row.name == trace.inspected and left == token.start and row.name != "bytes"  # a byte is its own id
    id = f"<small>{token.id}</small>" if has_id else ""
    return (
        f'<span class="{look}"{its} style="grid-area:{number}/{left - start + 1}/{number + 1}/{right - start + 1}">'
        f"{seen}{id}</span>"
    )


def _seen(token: Token, part: bytes) -> str:
    return part.hex(" ") if token.text is None else shown(token.text) + ("" if token.known else " ?")


def _tip(token: Token, part: bytes, text: str) -> str:
    what = f"bytes {part.hex(' ')}" if token.text is None else printable(visible(token.text))
    said = remark(token, text)
    return f"{what}{', ' if said else ''}{said}"
