"""All numbers of the attention bench as tables: what the fold shows, and the still picture."""

from __future__ import annotations

import math
from html import escape

from torch import Tensor

from llmlab.explorers.attention_bench.values import SHOWN, AttentionTrace
from llmlab.explorers.attention_bench.vectors import D_IN
from llmlab.explorers.host.markup import numbers, scrolling, table


def more(trace: AttentionTrace) -> str:
    """The trace as tables: scores and weights, one cell as its dot product, one row as its softmax, and the tables."""
    if not trace.tokens:
        return "<p>No tokens.</p>"
    facts = {
        "x": tuple(trace.x.shape),
        "Q, K": tuple(trace.q.shape),
        "V, context": tuple(trace.v.shape),
        "scores ×": f"{trace.scale:.4g}",
        "largest weight of a row, on average:": f"{trace.largest_weight:.2f}",
    }
    return (
        f'{numbers(facts)}<div class="llmlab-attention">{_scores(trace)}{_weights(trace)}</div>'
        f'<div class="llmlab-attention">{_dot_product(trace)}{_softmax(trace)}'
        f"{_matrix(trace, 'context = weights · V', trace.context, trace.context_moved)}</div>"
        '<div class="llmlab-attention">'
        f"{_matrix(trace, 'x: the input', trace.x)}{_matrix(trace, 'Q = x W_query', trace.q)}"
        f"{_matrix(trace, 'K = x W_key', trace.k)}{_matrix(trace, 'V = x W_value', trace.v)}</div>"
        "<div>▲ ▼ ◆ moved by the edit (up, down, either) &nbsp; [ ] the chosen cell &nbsp; "
        "<b>bold</b> the chosen row and column, an edited number, a sum that is not 1</div>"
    )


def _scores(trace: AttentionTrace) -> str:
    rows = ""
    arrows = _arrows(trace.scores_before, trace.scores, trace.scores_moved)
    for i, row in enumerate(trace.scores.tolist()):
        cells = "".join(_cell(trace, i, j, f"{value:.2f}", arrows[i][j]) for j, value in enumerate(row))
        rows += f"<tr>{_head(trace, i)}{cells}</tr>"
    return _table("Scores: rows ask, columns are asked", _columns(trace), rows)


def _weights(trace: AttentionTrace) -> str:
    rows, sums = "", trace.row_sums.tolist()
    arrows = _arrows(trace.weights_before, trace.weights, trace.weights_moved)
    for i, row in enumerate(trace.weights.tolist()):
        cells = ""
        for j, value in enumerate(row):
            depth = round(150 * min(max(value, 0.0), 1.0)) if math.isfinite(value) else 0
            cells += _cell(trace, i, j, f"{value:.2f}", arrows[i][j], f' style="background:#2f7fc1{depth:02x}"')
        flag = "" if abs(sums[i] - 1) < 1e-4 else " llmlab-flag"
        rows += f'<tr>{_head(trace, i)}{cells}<td class="llmlab-sum{flag}">{sums[i]:.2f}</td></tr>'
    return _table("Weights: softmax of each row", _columns(trace) + "<th>sum</th>", rows)


def _dot_product(trace: AttentionTrace) -> str:
    """The chosen score, component by component."""
    q, k = trace.q[trace.query].tolist(), trace.k[trace.key].tolist()
    products = [a * b for a, b in zip(q, k, strict=True)]
    rows = ""
    for c in range(SHOWN):
        rows += f"<tr><td>{c}</td>{_number(q[c])}{_number(k[c])}{_number(products[c])}</tr>"
    if len(q) > SHOWN:
        more = sum(products[SHOWN:])
        rows += f"<tr><td>… {len(q) - SHOWN} more</td><td></td><td></td>{_number(more)}</tr>"
    product = sum(products)
    rows += f"<tr><th>sum</th><td></td><td></td>{_number(product)}</tr>"
    rows += f"<tr><th>× {trace.scale:.4g}</th><td></td><td></td>{_number(product * trace.scale)}</tr>"
    head = "".join(f"<th>{name}</th>" for name in ("component", f"q[{trace.query}]", f"k[{trace.key}]", "q·k"))
    return _table(f"One cell: score [{trace.query}, {trace.key}]", head, rows)


def _softmax(trace: AttentionTrace) -> str:
    """The chosen row, from scores to weights."""
    scores, weights, expected = (
        values[trace.query].tolist() for values in (trace.scores, trace.weights, trace.expected_weights)
    )
    powers = [math.exp(score - max(scores)) for score in scores]
    rows = ""
    for j, token in enumerate(trace.tokens):
        flag = "" if abs(weights[j] - expected[j]) < 1e-4 else ' class="llmlab-flag"'
        rows += (
            f'<tr><th class="llmlab-token">{shown(token)}</th>{_number(scores[j])}{_number(powers[j])}'
            f"<td{flag}>{weights[j]:.2f}</td></tr>"
        )
    rows += f"<tr><th>sum</th><td></td>{_number(sum(powers))}{_number(sum(weights))}</tr>"
    head = "<th>key</th>" + "".join(f"<th>{name}</th>" for name in ("score", "exp(score − max)", "weight"))
    return _table(f"One row: softmax of query {trace.query} ({shown(trace.tokens[trace.query])})", head, rows)


def _matrix(trace: AttentionTrace, title: str, values: Tensor, moved: Tensor | None = None) -> str:
    """One table of vectors, at most five columns of it; its title begins with its name."""
    name, width = title[0], values.shape[1]
    columns = width if width <= D_IN else SHOWN
    edited = trace.at if trace.by else -1
    rows = ""
    for i, row in enumerate(values[:, :columns].tolist()):
        cells = ""
        for c, value in enumerate(row):
            is_the_number = trace.edit == name and (i, c) == (edited, trace.component)
            follows = trace.edit == "x" and name in "QKV" and i == edited  # a row of x makes one of each
            mark = "◆" if follows or (moved is not None and moved[i, c]) else ""
            flag = ' class="llmlab-flag"' if is_the_number else ""
            cells += f"<td{flag}>{value:.2f}{mark}</td>"
        rows += f'<tr><th class="llmlab-token">{shown(trace.tokens[i])}</th>{cells}</tr>'
    head = "<th></th>" + "".join(f"<th>{c}</th>" for c in range(columns))
    return _table(f"{title}, {columns} of {width} columns" if columns < width else title, head, rows)


def _table(title: str, head: str, rows: str) -> str:
    return scrolling(title, table(rows, head=head, caption=title))


def _columns(trace: AttentionTrace) -> str:
    names = "".join(
        f'<th class="llmlab-token">{_bold(shown(token), j == trace.key)}</th>' for j, token in enumerate(trace.tokens)
    )
    return f"<th></th>{names}"


def _head(trace: AttentionTrace, row: int) -> str:
    return f'<th class="llmlab-token">{_bold(f"{row} {shown(trace.tokens[row])}", row == trace.query)}</th>'


def _bold(text: str, on: bool) -> str:
    return f"<b>{text}</b>" if on else text


def _cell(trace: AttentionTrace, i: int, j: int, text: str, arrow: str, style: str = "") -> str:
    if (i, j) == (trace.query, trace.key):
        return f'<td class="llmlab-chosen"{style}>[{text}]{arrow}</td>'
    return f"<td{style}>{text}{arrow}</td>"


def _arrows(before: Tensor, after: Tensor, moved: Tensor) -> list[list[str]]:
    """What stands beside each number: the way that it moved, or nothing."""
    rows = zip(moved.tolist(), (after > before).tolist(), strict=True)
    return [[("▲" if up else "▼") * on for on, up in zip(*row, strict=True)] for row in rows]


def _number(value: float) -> str:
    return f"<td>{value:.2f}</td>"


def shown(token: str, most: int = 10) -> str:
    """A token, cut to a length, escaped."""
    return escape(token if len(token) <= most else token[: most - 1] + "…")
