"""All numbers of the merge player: what the fold shows, and the still picture."""

from __future__ import annotations

from html import escape

from llmlab.explorers.host.markup import numbers, table
from llmlab.explorers.host.words import visible
from llmlab.explorers.merge_player.values import ANCESTORS_SHOWN, PAIRS_SHOWN, MergeTrace


def more(trace: MergeTrace) -> str:
    """Numbers, the text as tokens, the most frequent pairs and the lineage of the newest token as HTML."""
    return _numbers(trace) + _tokens(trace) + f'<div class="llmlab-beside">{_pairs(trace)}{_lineage(trace)}</div>'


def _numbers(trace: MergeTrace) -> str:
    n_tokens = len(trace.tokens)
    facts = {
        "bytes": len(trace.text),
        "tokens": n_tokens,
        "bytes per token": f"{len(trace.text) / n_tokens:.2f}" if n_tokens else "–",
        "vocabulary": f"256 + {len(trace.merges)}",
        "pairs tied": trace.tied if trace.tied > 1 else "none",
    }
    return numbers(facts)


def _tokens(trace: MergeTrace) -> str:
    """Each token is an <i>; those that merge next stand in a <mark>, the newest ones in a <u>."""
    tokens, marked, place, html = trace.tokens, set(trace.marked), 0, ""
    for chunk in trace.chunks:
        pieces, end = [], place + len(chunk)
        while place < end:
            if place in marked:
                pieces.append(f"<mark>{_piece(tokens[place], trace)}{_piece(tokens[place + 1], trace)}</mark>")
                place += 2
            else:
                pieces.append(_piece(tokens[place], trace))
                place += 1
        html += f"<span>{' '.join(pieces)}</span> "
    return (
        '<div>The text as tokens. <mark class="llmlab-next">Outlined</mark>: the pair that merges next. '
        '<u class="llmlab-newest">Underlined</u>: what the last merge made.</div>'
        f'<div class="llmlab-boxes">{html}</div>'
    )


def _piece(token: bytes, trace: MergeTrace) -> str:
    return f"<u>{shown(token)}</u>" if token == trace.newest else f"<i>{shown(token)}</i>"


def _pairs(trace: MergeTrace) -> str:
    rows = ""
    for number, pair in enumerate(trace.pairs[:PAIRS_SHOWN]):
        tied = "tied" if number < trace.tied > 1 else ""
        remark = ("← next, " + tied if tied else "← next") if number == 0 else tied
        first = pair.first if pair.first >= 0 else "nowhere"
        rows += (
            f'<tr><td class="llmlab-token">{shown(pair.left)} + {shown(pair.right)}</td>'
            f'<td class="llmlab-number">{pair.count}×</td><td class="llmlab-number">{first}</td><td>{remark}</td></tr>'
        )
    more = len(trace.pairs) - PAIRS_SHOWN
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    if not rows:
        return "<div>No pair is left to merge.</div>"
    head = "<th>pair</th><th>count</th><th>first at token</th><th></th>"
    return f"<div>{table(rows, head=head, caption='Pairs by frequency')}{rest}</div>"


def _lineage(trace: MergeTrace) -> str:
    if not trace.merges:
        return ""
    rows = ""
    for depth, number, left, right in trace.lineage[:ANCESTORS_SHOWN]:
        indent = "    " * depth
        rows += (
            f'<tr><td class="llmlab-number">{number}</td>'
            f'<td class="llmlab-token">{indent}{shown(left + right)} = {shown(left)} + {shown(right)}</td></tr>'
        )
    more = len(trace.lineage) - ANCESTORS_SHOWN
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    head = "<th>merge</th><th>token</th>"
    return f"<div>{table(rows, head=head, caption='Which merges made the newest token')}{rest}</div>"


def name_of(token: bytes) -> str:
    """A token as text that can be seen: a space as a raised dot, a line end as an arrow, half a character as bytes."""
    text = token.decode("utf-8", errors="backslashreplace")
    return visible(text)


def shown(token: bytes) -> str:
    """The same, escaped."""
    return escape(name_of(token))
