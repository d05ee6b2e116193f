"""The attention bench (lesson 05): a few words, their queries, keys and values, and each step to the context.

The learner's function gets q, k and v. A setting that it has no argument for (scaling off, a temperature) is handed
over inside the queries: scores are linear in them, so q · √d undoes a division by √d.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from zlib import crc32

import torch
import traitlets
from torch import Tensor

from llmlab.attention import scaled_dot_product_attention
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle

MAX_TOKENS = 8  # as many as fit side by side, twice
D_IN, D_VALUE = 5, 3  # widths of x and of v; unlike each other, and unlike every width of q and k
SHOWN = 4  # components of q and k in the picture, and those that can be edited
WIDTHS = ("4", "16", "64", "256")
TEMPERATURES = ("0.1", "0.5", "1", "2", "10")
MOVED = 1e-6  # less than this is rounding
SURE = 0.9  # the share that the target asks for
FIRST_TEXT = "the piano came to the island"

AttendFunction = Callable[[Tensor, Tensor, Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class AttentionTrace:
    """One pass of attention over T tokens, with what an edit of one number moved.

    Attributes:
        tokens: the T words.
        x: their vectors, (T, 5); equal words have equal rows, positions are not added.
        q, k, v: three projections of x, (T, width), (T, width) and (T, 3), with the edit in place.
        scale: what multiplies q kᵀ: 1/√width with scaling, else 1, divided by the temperature.
        scaled, temperature: the settings behind `scale`.
        scores: q kᵀ · scale, (T, T).
        weights, context: what the function returned, (T, T) and (T, 3).
        expected_weights, expected_context: the same from llmlab.
        query, key: the chosen row and column.
        edit, at, component, by: which of x, Q, K and V is edited, in which row and column, and by how much.
        scores_moved, weights_moved, context_moved: bool, which entries the edit moved.
        scores_before, weights_before: the same without the edit.
        own_function: whether weights and context are the learner's; False means that llmlab's stand in.
        tokens_left_out: words of the typed text that the picture has no room for.
    """

    tokens: tuple[str, ...]
    x: Tensor
    q: Tensor
    k: Tensor
    v: Tensor
    scale: float
    scaled: bool
    temperature: float
    scores: Tensor
    weights: Tensor
    context: Tensor
    expected_weights: Tensor
    expected_context: Tensor
    query: int
    key: int
    edit: str
    at: int
    component: int
    by: int
    scores_moved: Tensor
    weights_moved: Tensor
    context_moved: Tensor
    scores_before: Tensor
    weights_before: Tensor
    own_function: bool
    tokens_left_out: int

    @property
    def row_sums(self) -> Tensor:
        """The sum of each row of the weights, (T,)."""
        return self.weights.sum(dim=-1)

    @property
    def rows_sum_to_one(self) -> bool:
        return torch.allclose(self.row_sums, torch.ones(len(self.tokens)), atol=1e-4)

    @property
    def largest_weight(self) -> float:
        """The largest weight of a row, averaged over the rows: near 1 when the softmax is saturated."""
        return sum(map(max, self.weights.tolist())) / len(self.tokens) if self.tokens else math.nan

    @property
    def agrees(self) -> bool:
        """Whether weights and context are those of softmax(q kᵀ · scale) v."""
        return torch.allclose(self.weights, self.expected_weights, atol=1e-4) and torch.allclose(
            self.context, self.expected_context, atol=1e-4
        )


def compute(state: dict[str, Any], attend: AttendFunction | None = None) -> AttentionTrace:
    """The trace of a state of the attention bench.

    Args:
        state: text, width, scaling, temperature, query, key, edit, component and by. A query or key beyond the last
            token means the last one. An edit of Q is in the row of the query, one of x, K or V in that of the key.
        attend: the learner's `attend(q, k, v)`, which returns context and weights and divides by √d; None, or a
            function that is not written yet (it returns None or ...), lets llmlab's stand in.

    Raises:
        TypeError, ValueError: the function returned something other than context (T, 3) and weights (T, T).
        Exception: whatever the function raises.
    """
    words = state["text"].split()
    tokens = tuple(words[:MAX_TOKENS])
    width = int(state["width"])
    query, key, at, component = _places(state, len(tokens))
    scale = _scale(state)
    factor = scale * math.sqrt(width)  # 1/√d is the function's own; this is what the queries bring along

    passes, own_function = [], False
    for by in dict.fromkeys((0, state["by"] if tokens else 0)):  # without the edit and with it, or once without any
        x, q, k, v = _projections(tokens, width, state["edit"], (at, component), by)
        expected = scaled_dot_product_attention(q * factor, k, v)
        own = _own_result(attend, q * factor, k, v)
        own_function = own is not None
        passes.append((expected, own or (expected.context, expected.weights)))
    (was, (context_before, weights_before)), (now, (context, weights)) = passes[0], passes[-1]
    return AttentionTrace(
        tokens=tokens,
        x=x,
        q=q,
        k=k,
        v=v,
        scale=scale,
        scaled=state["scaling"],
        temperature=float(state["temperature"]),
        scores=now.scores,
        weights=weights,
        context=context,
        expected_weights=now.weights,
        expected_context=now.context,
        query=query,
        key=key,
        edit=state["edit"],
        at=at,
        component=component,
        by=by,
        scores_moved=_moved(was.scores, now.scores),
        weights_moved=_moved(weights_before, weights),
        context_moved=_moved(context_before, context),
        scores_before=was.scores,
        weights_before=weights_before,
        own_function=own_function,
        tokens_left_out=len(words) - len(tokens),
    )


def _places(state: dict[str, Any], n_tokens: int) -> tuple[int, int, int, int]:
    """The query, the key, and row and column of the edit, all inside their tables."""
    query, key = (max(0, min(state[name], n_tokens - 1)) for name in ("query", "key"))
    columns = D_VALUE if state["edit"] == "V" else SHOWN
    return query, key, query if state["edit"] == "Q" else key, min(state["component"], columns - 1)


def _scale(state: dict[str, Any]) -> float:
    return (1 / math.sqrt(int(state["width"])) if state["scaling"] else 1.0) / float(state["temperature"])


def _projections(
    tokens: Sequence[str], width: int, edit: str, place: tuple[int, int], by: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, q, k and v, with one number of one of them changed. A word's vector is drawn with the word as its seed."""
    x = torch.empty(len(tokens), D_IN)
    for row, token in zip(x, tokens, strict=True):
        torch.randn(D_IN, generator=torch.Generator().manual_seed(crc32(token.encode(errors="replace"))), out=row)
    x /= x.square().mean(dim=-1, keepdim=True).sqrt()  # rows of equal length: what grows with the width is the width's
    generator = torch.Generator().manual_seed(0)
    W_query, W_key = torch.randn(2, D_IN, width, generator=generator) / math.sqrt(D_IN)
    W_value = torch.randn(D_IN, D_VALUE, generator=generator) / math.sqrt(D_IN)
    if by and edit == "x":
        x[place] += by
    q, k, v = x @ W_query, x @ W_key, x @ W_value
    if by and edit != "x":
        {"Q": q, "K": k, "V": v}[edit][place] += by
    return x, q, k, v


def _own_result(attend: AttendFunction | None, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor] | None:
    """Context and weights of the learner's function; None where there is none, or it is not written yet."""
    found = attend(q.clone(), k.clone(), v.clone()) if attend is not None else None
    if found is None or found is ...:
        return None
    if not isinstance(found, tuple | list) or len(found) < 2:
        raise TypeError(f"attend must return context and weights, got {type(found).__name__}: return context, weights")
    if any(part is None or part is ... for part in found[:2]):
        return None
    context, weights = (torch.as_tensor(part).detach().float() for part in found[:2])
    for name, part, shape in (("context", context, v.shape), ("weights", weights, (len(q), len(k)))):
        if tuple(part.shape) != tuple(shape):
            raise ValueError(
                f"attend must return context, weights; {name} should have shape {tuple(shape)}, got {tuple(part.shape)}"
            )
    return context, weights


def _moved(before: Tensor, after: Tensor) -> Tensor:
    return ((before - after).abs() > MOVED) | (before.isnan() != after.isnan())


def describe(trace: AttentionTrace) -> str:
    """The trace in words."""
    if not trace.tokens:
        return "There is no text, so there is nothing to attend to. Type a few words."
    asks, told = trace.tokens[trace.query], trace.tokens[trace.key]
    width = trace.q.shape[1]
    text = (
        f"{_count(len(trace.tokens), 'token')}, queries and keys {width} wide, scores "
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
        text += f" {_count(trace.tokens_left_out, 'more word')} left out: there is room for {MAX_TOKENS}."
    return text


def render(trace: AttentionTrace) -> str:
    """The trace as HTML: scores and weights, one cell as its dot product, one row as its softmax, and the tables."""
    if not trace.tokens:
        return "<p>No tokens.</p>"
    return (
        '<div class="llmlab-numbers">'
        f"<span>x <b>{tuple(trace.x.shape)}</b></span> · <span>Q, K <b>{tuple(trace.q.shape)}</b></span> · "
        f"<span>V, context <b>{tuple(trace.v.shape)}</b></span> · <span>scores × <b>{trace.scale:.4g}</b></span> · "
        f"<span>largest weight of a row, on average: <b>{trace.largest_weight:.2f}</b></span></div>"
        f'<div class="llmlab-attention">{_scores(trace)}{_weights(trace)}</div>'
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
            f'<tr><th class="llmlab-token">{_shown(token)}</th>{_number(scores[j])}{_number(powers[j])}'
            f"<td{flag}>{weights[j]:.2f}</td></tr>"
        )
    rows += f"<tr><th>sum</th><td></td>{_number(sum(powers))}{_number(sum(weights))}</tr>"
    head = "<th>key</th>" + "".join(f"<th>{name}</th>" for name in ("score", "exp(score − max)", "weight"))
    return _table(f"One row: softmax of query {trace.query} ({_shown(trace.tokens[trace.query])})", head, rows)


def _matrix(trace: AttentionTrace, title: str, values: Tensor, moved: Tensor | None = None) -> str:
    """One table of vectors, at most five columns of it; its title begins with its name."""
    name, width = title[0], values.shape[1]
    shown = width if width <= D_IN else SHOWN
    edited = trace.at if trace.by else -1
    rows = ""
    for i, row in enumerate(values[:, :shown].tolist()):
        cells = ""
        for c, value in enumerate(row):
            is_the_number = trace.edit == name and (i, c) == (edited, trace.component)
            follows = trace.edit == "x" and name in "QKV" and i == edited  # a row of x makes one of each
            mark = "◆" if follows or (moved is not None and moved[i, c]) else ""
            flag = ' class="llmlab-flag"' if is_the_number else ""
            cells += f"<td{flag}>{value:.2f}{mark}</td>"
        rows += f'<tr><th class="llmlab-token">{_shown(trace.tokens[i])}</th>{cells}</tr>'
    head = "<th></th>" + "".join(f"<th>{c}</th>" for c in range(shown))
    return _table(f"{title}, {shown} of {width} columns" if shown < width else title, head, rows)


def _table(title: str, head: str, rows: str) -> str:
    return (
        f'<div class="llmlab-scroll" tabindex="0" role="group" aria-label="{title}">'
        f'<table class="llmlab-grid"><caption>{title}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _columns(trace: AttentionTrace) -> str:
    names = "".join(
        f'<th class="llmlab-token">{_bold(_shown(token), j == trace.key)}</th>' for j, token in enumerate(trace.tokens)
    )
    return f"<th></th>{names}"


def _head(trace: AttentionTrace, row: int) -> str:
    return f'<th class="llmlab-token">{_bold(f"{row} {_shown(trace.tokens[row])}", row == trace.query)}</th>'


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


def _shown(token: str, most: int = 10) -> str:
    return escape(token if len(token) <= most else token[: most - 1] + "…")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


class AttentionBench(Explorer):
    """See how queries, keys and values become scores, weights and context, and what one changed number moves.

    Args:
        attend: your `attend(q, k, v)`, which returns context (T, d_value) and weights (T, T) and divides the scores by
            √d. Assign to `.attend` to try another one.
        text: the words to start with, separated by spaces.

    >>> bench = AttentionBench()
    >>> bench.set(edit="V", by=2)
    >>> int(bench.trace.weights_moved.sum()), int(bench.trace.context_moved.sum())
    (0, 6)
    """

    sheet = "attention_bench.css"

    attend = traitlets.Any()

    def __init__(self, attend: AttendFunction | None = None, text: str = FIRST_TEXT) -> None:
        super().__init__(
            title="Attention bench",
            task=f"Your target: with scaling on and temperature 1, change a single number so that one token gives at "
            f"least {SURE:.0%} of its attention to another word.",
            controls=[
                Text("text", "Tokens", initial=text, max_length=120),
                Choice("width", "Width of Q and K", WIDTHS, initial="4"),
                Toggle("scaling", "Scaling", initial=True),
                Choice("temperature", "Temperature", TEMPERATURES, initial="1"),
                Range("query", "Query (row)", 0, MAX_TOKENS - 1, initial=2),
                Range("key", "Key (column)", 0, MAX_TOKENS - 1, initial=1),
                Choice("edit", "Edit", ("x", "Q", "K", "V"), initial="K"),
                Range("component", "Component", 0, SHOWN - 1, initial=0),
                Range("by", "By", -6, 6, initial=0),
            ],
            attend=attend,
        )

    @traitlets.observe("attend")
    def _attend_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> AttentionTrace:
        return compute(state, self.attend)

    def render(self, trace: AttentionTrace) -> str:
        return render(trace)

    def describe(self, trace: AttentionTrace) -> str:
        return describe(trace)

    def note(self, trace: AttentionTrace) -> str:
        if self.attend is None:
            return ""
        name = getattr(self.attend, "__name__", "your function")
        if not trace.own_function:
            return f"{name} is not written yet, so llmlab's own attention is shown."
        if not trace.agrees:
            return f"What {name} returns is not softmax(q kᵀ · {trace.scale:.4g}) v: compare it with the scores."
        return ""

    def target(self, trace: AttentionTrace) -> tuple[bool, str]:
        if len(set(trace.tokens)) < 2:
            return False, "Not yet: type at least two different words."
        asks, told = trace.tokens[trace.query], trace.tokens[trace.key]
        share = float(trace.weights[trace.query, trace.key])
        still = [
            words
            for words, needed in (
                ("choose a key that is another word", asks == told),
                ("switch scaling on", not trace.scaled),
                ("set the temperature to 1", trace.temperature != 1),
                ("mend the function, whose result is not yet attention", not trace.agrees),
                ("edit one number", trace.by == 0),
            )
            if needed
        ]
        gives = f"query {trace.query} ({asks}) gives {share:.0%} to key {trace.key} ({told})"
        if share >= SURE and not still:
            return True, f"Reached: {gives}."
        return False, f"Not yet: {gives}{'; ' if still else ''}{', '.join(still)}."

    def code_for(self, state: dict[str, Any]) -> str:
        tokens = state["text"].split()[:MAX_TOKENS]
        *_, at, component = _places(state, len(tokens))
        edit = f"{state['edit'].lower()}[{at}, {component}] += {state['by']}\n" if state["by"] and tokens else ""
        return (
            "from zlib import crc32\n\n"
            "import torch\n"
            "from llmlab.attention import scaled_dot_product_attention\n\n"
            f"tokens = {tokens!r}\n"
            "seeds = [torch.Generator().manual_seed(crc32(token.encode(errors='replace'))) for token in tokens]\n"
            f"x = torch.stack([torch.randn({D_IN}, generator=seed) for seed in seeds])\n"
            "x /= x.square().mean(dim=-1, keepdim=True).sqrt()\n"
            f"{edit if state['edit'] == 'x' else ''}"
            "generator = torch.Generator().manual_seed(0)\n"
            f"W_query, W_key = torch.randn(2, {D_IN}, {state['width']}, generator=generator) / {D_IN}**0.5\n"
            f"W_value = torch.randn({D_IN}, {D_VALUE}, generator=generator) / {D_IN}**0.5\n"
            "q, k, v = x @ W_query, x @ W_key, x @ W_value\n"
            f"{edit if state['edit'] != 'x' else ''}"
            f"context, weights, scores = scaled_dot_product_attention(q, k, v, scale={_scale(state)!r})\n"
            "print(weights)"
        )
