"""The picture of the tokenizer microscope as HTML, and the same in words."""

from __future__ import annotations

from html import escape
from itertools import accumulate

from llmlab.explorers.host.markup import scrolling, table
from llmlab.explorers.host.words import plural, printable, visible
from llmlab.explorers.tokenizer_microscope.values import LISTED, UNKNOWN, MicroscopeTrace, Row, Token


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
        facts = [plural(len(row.tokens), "token")]
        if unknown:
            facts.append(f"{unknown} of them unknown")
        if partly:
            facts.append(f"{partly} that {'is' if partly == 1 else 'are'} not whole characters")
        if row.back != trace.text:
            facts.append(f"coming back as {row.back!r}")
        parts.append(f"{row.name}: {', '.join(facts)}")
    return f"{plural(len(trace.text), 'character')}. " + "; ".join(parts) + "."


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
            else f'<td class="llmlab-flag llmlab-token">{_shown(row.back)}</td>'
        )
        + "</tr>"
        for row in trace.rows
    )
    return (
        f"{scrolling('Counts', table(body, head=head, kind='llmlab-table'))}"
        f"<div>Characters, words: one entry of the vocabulary is {escape(UNKNOWN)}.</div>"
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
