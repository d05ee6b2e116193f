"""The picture of the attention bench as HTML, the reason of what is seen, and the same in words.

Arcs from the chosen query to each key, the table of weights as shades, and the chosen cell taken apart: the numbers of
q, k and v can be dragged. About thirty numbers; all of them are in numbers.py.
"""

from __future__ import annotations

import math

from llmlab.explorers.attention_bench.numbers import shown
from llmlab.explorers.attention_bench.values import SHOWN, TOLD, AttentionTrace
from llmlab.explorers.attention_bench.vectors import (
    MAX_TOKENS,
    PREVIOUS,
    RANDOM,
    TRAINED,
    TRAINED_OPENING,
    TRAINED_TEXT,
)
from llmlab.explorers.host.markup import heat
from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural

LARGEST_SCORE = 8.0  # the shade of a score is full from here on, in every state
LARGEST_PRODUCT = 2.0  # likewise the bar of a product
LARGEST_TOLD = 3.0  # and that of a component of the context


def render(trace: AttentionTrace) -> str:
    """The trace as HTML: arcs, the table, and the chosen cell as products that can be changed."""
    if not trace.tokens:
        return "<p>No tokens: type a few words.</p>"
    return f'{_arcs(trace)}<div class="llmlab-bench">{_table(trace)}<div>{_reason(trace)}{_told(trace)}</div></div>'


def _arcs(trace: AttentionTrace) -> str:
    """Who the chosen query looks at: an arc to each key, as thick as its weight."""
    n, query, row = len(trace.tokens), trace.query, _row(trace)
    x = [(j + 0.5) * 1000 / n for j in range(n)]
    arcs = chips = shares = ""
    for j, weight in enumerate(row):
        width = min(max(weight, 0.0), 1.0) if math.isfinite(weight) else 0.0
        ends = (x[query], x[j]) if j != query else (x[j] - 14, x[j] + 14)
        bend = ends if j != query else (x[j] - 60, x[j] + 60)
        arcs += (
            f'<path{touch(key=f"arc{j}", link=f"k{j}")} d="M{ends[0]:.0f} 100C{bend[0]:.0f} 14 {bend[1]:.0f} 14 '
            f'{ends[1]:.0f} 100" style="stroke-width:{1 + 15 * width:.1f}px;stroke-opacity:{0.25 + 0.75 * width:.2f}" '
            'vector-effect="non-scaling-stroke"></path>'
        )
        ask = touch(key=f"ask{j}", press={"query": j}, link=f"k{j}", name=f"let {trace.tokens[j]} ask")
        chips += f'<span class="llmlab-chip"{ask}>{shown(trace.tokens[j], 12)}</span>'
        told = f"<b>{weight:.0%}</b>" if j == trace.key else f"{weight:.0%}"
        shares += f"<span{touch(key=f'share{j}', link=f'k{j}')}>{told}</span>"
    hint = "" if not trace.unknown else _offer()
    drawing = f'<svg viewBox="0 0 1000 104" preserveAspectRatio="none" aria-hidden="true">{arcs}</svg>'
    return (
        f'<div class="llmlab-arcs">{drawing}'
        f'<div class="llmlab-words-row"{touch(key="asks", group="asks", sweep=True)}>{chips}</div>'
        f'<div class="llmlab-shares">{shares}</div></div>{hint}'
    )


def _offer() -> str:
    """A sentence that the trained head can read, one press away."""
    press = touch(key="offer", press=TRAINED_OPENING, tip=f"set the tokens to: {TRAINED_TEXT}")
    return (
        '<p class="llmlab-hint">This head has read sentences about kings and dogs, and not these words. '
        f'<span class="llmlab-chip"{press}>{TRAINED_TEXT}</span></p>'
    )


def _table(trace: AttentionTrace) -> str:
    """All cells as shades; numbers stand in the chosen row alone."""
    n = len(trace.tokens)
    values = {
        "weights": trace.weights,
        "scores": trace.scores,
        "products": trace.scores / trace.scale,
    }[trace.show].tolist()
    moved = trace.weights_moved if trace.show == "weights" else trace.scores_moved
    flash, weights, scores = moved.tolist(), trace.weights.tolist(), trace.scores.tolist()
    cells = "<span></span>" + "".join(
        f'<span class="llmlab-head"{touch(key=f"head{j}", link=f"k{j}")}>{shown(trace.tokens[j], 7)}</span>'
        for j in range(n)
    )
    for i, row in enumerate(values):
        cells += f'<span class="llmlab-head llmlab-asking">{shown(trace.tokens[i], 10)}</span>'
        for j, value in enumerate(row):
            kind = "llmlab-cell" + (f" llmlab-moved{abs(trace.by) % 2}" if flash[i][j] else "")
            said = f"{trace.tokens[i][:10]} to {trace.tokens[j][:10]}: "
            said += f"weight {weights[i][j]:.2f}, score {scores[i][j]:.2f}"
            its = touch(key=f"{i}.{j}", press={"query": i, "key": j}, link=f"k{j}", tip=said)
            number = f"<b>{_short(value)}</b>" if i == trace.query else ""
            shade = f'<i class="{_sign(value)}" style="{_shade(trace, value)}"></i>'
            cells += f'<span class="{kind}"{its}>{shade}{number}</span>'
    title = {
        "weights": "Weights <small>each row shares out 100%</small>",
        "scores": f"Scores <small>q·k × {trace.scale:.3g}</small>",
        "products": "q·k <small>a dot product for each pair</small>",
    }[trace.show]
    return (
        f'<div><div><b>{title}</b></div><div class="llmlab-cells"{touch(key="cells", group="follow", sweep=True)} '
        f'style="grid-template-columns:minmax(2.5em,max-content) repeat({n},minmax(0,1fr))">{cells}</div></div>'
    )


def _shade(trace: AttentionTrace, value: float) -> str:
    full = 1.0 if trace.show == "weights" else LARGEST_SCORE
    return heat(abs(value) / full if math.isfinite(value) else 0.0)


def _reason(trace: AttentionTrace) -> str:
    """The chosen cell: the numbers of q and k, to be dragged, and a bar for each of their products."""
    q, k = trace.q[trace.query].tolist(), trace.k[trace.key].tolist()
    products = [a * b for a, b in zip(q, k, strict=True)]
    bars = "".join(_bar(f"product{c}", products[c], LARGEST_PRODUCT) for c in range(SHOWN))
    rest, blank, columns = "", "", SHOWN
    if len(q) > SHOWN:
        rest, blank, columns = f'<span class="llmlab-rest">{len(q) - SHOWN} more</span>', "<span></span>", SHOWN + 1
        bars += _bar("rest", sum(products[SHOWN:]), LARGEST_PRODUCT)
    score, share = float(trace.scores[trace.query, trace.key]), f"{_row(trace)[trace.key]:.0%}"
    return (
        f"<div><b>Why {share}?</b> <small>drag a number sideways</small></div>"
        f'<div class="llmlab-dot"{touch(key="dot", group="numbers")}{_columns(columns)}>'
        f"{_name('q', trace, trace.query)}{_numbers(trace, 'Q', q)}{rest}"
        f"{_name('k', trace, trace.key)}{_numbers(trace, 'K', k)}{blank}"
        f'<span class="llmlab-head">q·k</span>{bars}</div>'
        f'<div class="llmlab-chain">sum <b>{_short(sum(products))}</b> × {trace.scale:.3g} = <b>{_short(score)}</b> '
        f"→ softmax of the row → <b>{share}</b></div>"
    )


def _told(trace: AttentionTrace) -> str:
    """What is told: the value of the key, and the context that the query gets of all."""
    value, context = trace.v[trace.key].tolist(), trace.context[trace.query].tolist()
    bars = "".join(_bar(f"context{c}", context[c], LARGEST_TOLD) for c in range(TOLD))
    more = f" <small>{TOLD} of {len(value)} components</small>" if len(value) > TOLD else ""
    return (
        f'<div class="llmlab-second"><b>What is told</b>{more}</div>'
        f'<div class="llmlab-dot"{touch(key="told", group="values")}{_columns(TOLD)}>'
        f"{_name('v', trace, trace.key)}{_numbers(trace, 'V', value)}"
        f'<span class="llmlab-head">context</span>{bars}</div>'
    )


def _columns(n: int) -> str:
    return f' style="grid-template-columns:5.5em repeat({n},minmax(40px,64px))"'


def _name(letter: str, trace: AttentionTrace, at: int) -> str:
    return f'<span class="llmlab-head">{letter} {shown(trace.tokens[at], 8)}</span>'


def _numbers(trace: AttentionTrace, table: str, values: list[float]) -> str:
    numbers = ""
    for c, value in enumerate(values[: TOLD if table == "V" else SHOWN]):
        on = trace.by and (trace.edit, trace.component) == (table, c)
        press = {} if on else {"edit": table, "component": c, "by": 0}
        its = touch(
            key=f"{table}{c}", press=press, spin="by", tip=f"{table.lower()}[{c}]: drag sideways, or arrow keys"
        )
        numbers += f'<span class="llmlab-number-box{" llmlab-edited" if on else ""}"{its}>{_short(value)}</span>'
    return numbers


def _bar(key: str, value: float, full: float) -> str:
    """A bar up or down from a line in the middle, with its number below."""
    share = min(abs(value) / full, 1.0) if math.isfinite(value) else 0.0
    height = 28 * share
    top = 30 - height if value > 0 else 30
    look = f'class="{_sign(value)}"{touch(key=key)} style="top:{top:.1f}px;height:{height:.1f}px"'
    return f'<span class="llmlab-updown"><i {look}></i><span>{_short(value)}</span></span>'


def _sign(value: float) -> str:
    return "llmlab-minus" if value < 0 else "llmlab-plus"


def _short(value: float) -> str:
    """Two decimals, one from ten on, with a minus sign; nan as it is."""
    return f"{value:.{2 if abs(value) < 9.995 else 1}f}".replace("-", "−")


def _row(trace: AttentionTrace) -> list[float]:
    return trace.weights[trace.query].tolist()


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: AttentionTrace) -> str:
    """What causes what is seen: of an edit what it reaches, else of the chosen cell its largest product."""
    if not trace.tokens:
        return ""
    asks, told = (f"<b>{shown(trace.tokens[at])}</b>" for at in (trace.query, trace.key))
    if trace.by:
        return _why_moved(trace, asks, told)
    if trace.vectors == PREVIOUS:
        return (
            "Made by hand: each query asks for the place before its own, so the word does not matter, only where it "
            "stands. What is told is the word's own value."
        )
    text = f"{asks} gives {_row(trace)[trace.key]:.0%} to {told}: {_rank(trace)}."
    if trace.vectors == TRAINED:
        return text + (
            " Nobody wrote these matrices: training did. The head has always had a mask, so only a word's looks back "
            "mean anything: choose the last word."
        )
    if not trace.scaled and trace.q.shape[1] >= 64:
        return text + (
            f" A sum of {trace.q.shape[1]} products is large, and nothing divides it by √d: the softmax is nearly "
            "all or nothing."
        )
    return text


def _rank(trace: AttentionTrace) -> str:
    """Where the score stands in its row (a softmax sees differences alone), and which component sets it apart most."""
    scores, n = trace.scores[trace.query].tolist(), len(trace.tokens)
    if n == 1:
        return "there is no other word"
    place = 1 + sum(score > scores[trace.key] for score in scores)
    rank = {1: "the highest", n: "the lowest"}.get(place, f"number {place}")
    products = trace.q[trace.query] * trace.k  # (T, width)
    mine = products[trace.key]
    others = (products.sum(dim=0) - mine) / (n - 1)
    apart = mine - others
    up = bool(apart.sum() >= 0)
    lead = int(apart.argmax() if up else apart.argmin())
    moves = "lifts" if up else "lowers"
    return (
        f"its score {_short(scores[trace.key])} is {rank} of {n}, and component {lead} {moves} it most "
        f"({_short(float(mine[lead]))}; {_short(float(others[lead]))} is the mean of the other words)"
    )


def _why_moved(trace: AttentionTrace, asks: str, told: str) -> str:
    rows = len(trace.rows_moved)
    number = f"{trace.edit.lower()}[{trace.component}]"
    if trace.edit == "Q":
        return f"{number} belongs to the question of {asks} alone: only its row of weights moved."
    if trace.edit == "K":
        return (
            f"Every query is multiplied with the key of {told}, so a column of scores moved with {number}; each row "
            f"has to sum to 1 again, so weights moved in {plural(rows, 'row')} of {len(trace.tokens)}."
        )
    if trace.edit == "V":
        return (
            f"A value is told, not asked: no weight moved with {number}, only one component of the context, for each "
            f"word that listens to {told}."
        )
    return (
        f"x makes q, k and v, so {number} of {told} moved a row and a column of scores, and weights in "
        f"{plural(rows, 'row')} of {len(trace.tokens)}."
    )


def describe(trace: AttentionTrace) -> str:
    """The trace in words."""
    if not trace.tokens:
        return "There is no text, so there is nothing to attend to. Type a few words."
    asks, told = trace.tokens[trace.query], trace.tokens[trace.key]
    width = trace.q.shape[1]
    source = "" if trace.vectors == RANDOM else f"Vectors: {trace.vectors}. "
    text = source + (
        f"{plural(len(trace.tokens), 'token')}, queries and keys {width} wide, scores "
        f"{'divided by √' + str(width) if trace.scaled else 'not scaled'}, temperature {trace.temperature:g}. "
        f"Query {trace.query} ({asks}) and key {trace.key} ({told}): score {trace.scores[trace.query, trace.key]:.2f}, "
        f"weight {trace.weights[trace.query, trace.key]:.2f}. "
        f"The largest weight of a row is {trace.largest_weight:.2f} on average. "
    )
    if trace.rows_sum_to_one:
        text += "Each row of the weights sums to 1."
    else:
        sums = ", ".join(f"{total:.2f}" for total in trace.row_sums.tolist())
        text += f"The rows of the weights sum to {sums}: they should sum to 1."
    if trace.by:
        counts = [int(moved.sum()) for moved in (trace.scores_moved, trace.weights_moved, trace.context_moved)]
        text += (
            f" Edited: {trace.edit}[{trace.at}, {trace.component}] by {trace.by:+d}. "
            f"That moved {counts[0]} of {trace.scores.numel()} scores, {counts[1]} of {trace.weights.numel()} weights "
            f"and {counts[2]} of {trace.context.numel()} numbers of the context"
            f"{f', by row {trace.at} of Q, K and V' if trace.edit == 'x' else ''}."
        )
    if trace.tokens_left_out:
        text += f" {plural(trace.tokens_left_out, 'more word')} left out: there is room for {MAX_TOKENS}."
    return text
