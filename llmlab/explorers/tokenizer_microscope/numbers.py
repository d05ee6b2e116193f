"""All numbers of the tokenizer microscope as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from functools import lru_cache
from html import escape

from llmlab.explorers.host.markup import scrolling, table
from llmlab.explorers.host.words import printable, visible
from llmlab.explorers.tokenizer_microscope.values import LISTED, UNKNOWN, MicroscopeTrace, Row, Token


def more(trace: MicroscopeTrace) -> str:
    """The ruler with all rows, the table of counts, and the inspected row token by token, as HTML."""
    if not trace.text:
        return "<div>The empty text: every tokenizer gives an empty list of ids.</div>"
    return _ruler(trace) + _counts(trace) + _list(trace)


def _ruler(trace: MicroscopeTrace) -> str:
    body = "".join(
        f'<tr><th scope="row"{_chosen(row, trace)}>{row.name}</th>{_strip(row, trace.text.encode())}</tr>'
        for row in trace.rows
    )
    ruler = f'<table class="llmlab-grid llmlab-ruler">{body}</table>'
    return (
        f"{scrolling('The text under each tokenizer', ruler)}"
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
                f'<td{wide} class="llmlab-tok{kind(token)}" title="id {token.id}: {part.hex(" ")}">{seen}'
                f"<i>{token.id}</i></td>"
            )
        place = token.stop
    return "".join(cells) + _lost(len(data) - place)


def _lost(n_bytes: int) -> str:
    return '<td class="llmlab-lost" title="dropped">×</td>' * n_bytes


def kind(token: Token) -> str:
    """The class of a token: known, unknown, or no whole characters."""
    if not token.known:
        return " llmlab-unknown"
    return " llmlab-part" if token.text is None else ""


def _seen(token: Token, part: bytes) -> str:
    return part.hex(" ") if token.text is None else shown(token.text) + ("" if token.known else " ?")


def shown(text: str) -> str:
    """Text that can be seen: spaces as a raised dot, line ends as an arrow, control characters by name; escaped."""
    return escape(printable(visible(text)))


def _chosen(row: Row, trace: MicroscopeTrace) -> str:
    return ' class="llmlab-chosen"' if row.name == trace.inspected else ""


def _counts(trace: MicroscopeTrace) -> str:
    head = "".join(
        f'<th scope="col"{number}>{name}</th>'
        for name, number in (
            ("tokenizer", ""),
            ("vocabulary", ' class="llmlab-number"'),
            ("tokens", ' class="llmlab-number"'),
            ("tokens per character", ' class="llmlab-number"'),
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
            else f'<td class="llmlab-flag llmlab-token">{shown(row.back)}</td>'
        )
        + "</tr>"
        for row in trace.rows
    )
    return (
        f"{scrolling('Counts', table(body, head=head, kind='llmlab-table'))}"
        f"<div>Characters, words: one entry of the vocabulary is {escape(UNKNOWN)}.</div>"
    )


def _list(trace: MicroscopeTrace) -> str:
    """The inspected row, one line per token: place, token, id, bytes, and what is special about it."""
    row, data = trace.row(trace.inspected), trace.text.encode()
    body = ""
    for number, token in enumerate(row.tokens[:LISTED]):
        part = data[token.start : token.stop]
        body += (
            f'<tr><td class="llmlab-number">{number}</td>'
            f'<td class="llmlab-token">{shown(token.text) if token.text is not None else "–"}</td>'
            f'<td class="llmlab-number">{token.id}</td><td class="llmlab-token">{part.hex(" ")}</td>'
            f"<td>{escape(remark(token, trace.text))}</td></tr>"
        )
    more = len(row.tokens) - LISTED
    return (
        f"<div>{trace.inspected}, token by token{f' (the first {LISTED}; {more} more)' if more > 0 else ''}:</div>"
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="Token by token">'
        '<table class="llmlab-grid llmlab-table"><thead><tr><th scope="col" class="llmlab-number">place</th>'
        '<th scope="col">token</th><th scope="col" class="llmlab-number">id</th><th scope="col">bytes</th>'
        f'<th scope="col"></th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def remark(token: Token, text: str) -> str:
    """What is special about a token; not escaped."""
    if token.stop == token.start:
        return "an empty token"
    if not token.known:
        return f"not in the vocabulary: id of {UNKNOWN}"
    if token.text is not None:
        return ""
    parts = [text[at] for at in touched(token, text) if len(text[at].encode()) > 1]
    return f"part of {' and '.join(printable(visible(part)) for part in parts)}"


def touched(token: Token, text: str) -> list[int]:
    """The places of the characters that a token touches."""
    places = _places(text)
    return list(range(places[token.start], places[token.stop - 1] + 1)) if token.stop > token.start else []


@lru_cache(maxsize=4)
def _places(text: str) -> list[int]:
    """For each byte of the text the place of its character."""
    return [place for place, character in enumerate(text) for _ in character.encode()]
