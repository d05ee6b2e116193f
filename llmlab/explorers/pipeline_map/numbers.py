"""All numbers of the pipeline map as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from torch import Tensor

from llmlab.explorers.host.markup import scrolling, table
from llmlab.explorers.host.words import printable, visible
from llmlab.explorers.pipeline_map.values import CANDIDATES, COLUMNS, LESSONS, LONGEST, NUMBERS, START, PipelineTrace


def more(trace: PipelineTrace) -> str:
    """The map as a table: a column for each position, a row or more for each stage, and the list of next tokens."""
    T, first, row = len(trace.tokens), first_shown(trace), trace.position
    shape_TD, shape_TV = f"(T, D) = {shape(trace.context)}", f"(T, V) = {shape(trace.logits)}"
    shape_HTT = f"(H, T, T) = {shape(trace.weights[0])}"
    best = [trace.most_probable(1, at)[0] for at in range(first, T)]
    in_front = ", and a space in front of them" if trace.text and trace.read != trace.text else ""
    made_of = "token" if trace.rotary else "token + position"
    rows = (
        _stage(trace, "Characters", f"({len(trace.text)},){in_front}", "01")
        + _characters(trace)
        + _stage(trace, "Tokens", f"(T,) = ({T},)", "01", "02")
        + _row(trace, "", [("token", shown(part)) for part in trace.tokens[first:]])
        + _stage(trace, "Token ids", f"(T,) = ({T},)", "01")
        + _row(trace, "", [("number", str(id)) for id in trace.ids[first:].tolist()])
        + _stage(trace, "Embeddings", f"{shape_TD}, {made_of}, the first {NUMBERS} numbers of each", "04", "05")
        + _vectors(trace, trace.embeddings)
        + _stage(
            trace, "Attention weights", f"{shape_HTT}, layer {trace.layer}, head {trace.head}, row {row}", "06", "08"
        )
        + _attention(trace)
        + _stage(trace, "Context vectors", f"{shape_TD}, after all {len(trace.weights)} layers", "08", "09")
        + _vectors(trace, trace.context)
        + _stage(trace, "Logits", f"{shape_TV}, the largest at each position", "09")
        + _row(trace, "", [("number", _two(trace.logits[at, id].item())) for at, (id, _) in enumerate(best, first)])
        + _stage(trace, "Probabilities", f"{shape_TV}, the most probable next token at each position", "09", "12")
        + _row(trace, "", [("token", shown(trace.vocabulary[id])) for id, _ in best])
        + _row(trace, "", [("number", f"{probability:.2f}") for _, probability in best])
    )
    head = "".join(f'<th scope="col"{_marked(trace, at)}>{"▼ " * (at == row)}{at}</th>' for at in range(first, T))
    before = f'<th scope="col">0–{first - 1}</th>' if first else ""
    stages = table(rows, head=f'<th scope="col">position</th>{before}{head}', kind="llmlab-pipeline")
    return (
        f"{scrolling('The text, stage by stage', stages)}"
        '<div>▼ the chosen position &nbsp; · a space &nbsp; <span class="llmlab-key llmlab-masked">masked</span> '
        f"may not be looked at &nbsp; blue above zero, striped orange below &nbsp; positions, layers, heads: "
        f"counted from 0</div>{_candidates(trace)}"
    )


def first_shown(trace: PipelineTrace) -> int:
    """The first position with a column of its own."""
    return max(0, len(trace.tokens) - COLUMNS)


def _stage(trace: PipelineTrace, name: str, shape: str, *lessons: str) -> str:
    links = ", ".join(
        f'<a href="{LESSONS[lesson]}.ipynb" target="_blank" rel="noopener">lesson {lesson}</a>' for lesson in lessons
    )
    columns = 1 + min(len(trace.tokens), COLUMNS + 1)
    return f'<tr><th class="llmlab-stage" colspan="{columns}"><b>{name}</b> {shape} · {links}</th></tr>'


def _row(trace: PipelineTrace, label: str, cells: Sequence[tuple[str, str]], before: str = "…") -> str:
    """A row of cells (kind, content), one for each position in the picture; `before` stands for the earlier ones."""
    first = first_shown(trace)
    row = f"<tr><th>{label}</th>" + (f'<td class="llmlab-number">{before}</td>' if first else "")
    for at, (kind, content) in enumerate(cells, first):
        row += f'<td class="llmlab-{kind}{" llmlab-at" * (at == trace.position)}">{content}</td>'
    return f"{row}</tr>"


def _marked(trace: PipelineTrace, position: int) -> str:
    return ' class="llmlab-at"' if position == trace.position else ""


def _characters(trace: PipelineTrace) -> str:
    """The characters over their tokens."""
    row = '<tr class="llmlab-letters"><th></th>' + "<td>…</td>" * (first_shown(trace) > 0)
    return row + "".join(f'<td colspan="{wide}">{letters}</td>' for wide, letters in characters(trace)) + "</tr>"


def characters(trace: PipelineTrace) -> Iterator[tuple[int, str]]:
    """(columns, characters) from left to right: tokens of which none is a whole character share their columns."""
    first, start = first_shown(trace), -len(trace.left_out)
    for count, text in _whole_characters((*trace.left_out, *trace.tokens)):
        wide = start + count - max(start, first)  # columns of these tokens in the picture
        if wide > 0:
            added = start == -len(trace.left_out) and trace.read.startswith(START)  # a token, but nobody's characters
            yield wide, "" if added else dotted(text)
        start += count


def _whole_characters(parts: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """(number of tokens, their text), for the smallest groups of tokens that are whole characters."""
    held, count = b"", 0
    for part in parts:
        held, count = held + part, count + 1
        try:
            text = held.decode()
        except UnicodeDecodeError:
            continue
        yield count, text
        held, count = b"", 0


def _vectors(trace: PipelineTrace, vectors: Tensor) -> str:
    """The first numbers of each vector, a column per vector, shaded by their share of the largest of all."""
    largest = max(vectors.abs().max().item(), 1e-9)
    numbers = vectors[first_shown(trace) :, :NUMBERS].T.tolist()
    return "".join(
        _row(trace, str(n), [(f"number{_shade(value / largest)}", _two(value)) for value in values])
        for n, values in enumerate(numbers)
    )


def _attention(trace: PipelineTrace) -> str:
    weights, first = trace.attention.tolist(), first_shown(trace)
    cells = [
        (f"number{_shade(weight)}", f"{weight:.2f}") if at <= trace.position else ("masked", "masked")
        for at, weight in enumerate(weights[first:], first)
    ]
    return _row(trace, "", cells, before=f"{sum(weights[:first]):.2f}")


def _candidates(trace: PipelineTrace) -> str:
    """The next tokens at the chosen position: logits, and their softmax with bars."""
    V = trace.logits.shape[1]
    best, logits, body = trace.most_probable(min(CANDIDATES, V)), trace.logits[trace.position].tolist(), ""
    for id, probability in best:
        body += (
            f'<tr><td class="llmlab-token">{shown(trace.vocabulary[id])}</td><td class="llmlab-number">{id}</td>'
            f'<td class="llmlab-number">{_two(logits[id])}</td>{_bar(probability)}</tr>'
        )
    others = max(0.0, 1 - sum(probability for _, probability in best))
    body += f"<tr><td>{V - len(best):,} others</td><td></td><td></td>{_bar(others)}</tr>"
    head = "".join(f'<th scope="col">{name}</th>' for name in ("next token", "id", "logit", "probability"))
    title = f"Row {trace.position} of logits and probabilities: after {shown(trace.tokens[trace.position])}"
    nexts = table(body, head=f"{head}<td></td>", kind="llmlab-pipeline llmlab-next-table", caption=title)
    return scrolling("The most probable next tokens", nexts)


def _bar(probability: float) -> str:
    bar = f'<span class="llmlab-next-bar" style="width:{10 * probability:.1f}em"></span>'
    return f'<td class="llmlab-number">{probability:.2f}</td><td>{bar}</td>'


def _shade(share: float) -> str:
    """A class for a number from -1 to 1: four depths of blue, four of striped orange."""
    depth = min(4, round(5 * abs(share)))
    return f" llmlab-{'p' if share > 0 else 'n'}{depth}" if depth else ""


def shown(part: bytes) -> str:
    """A token that can be seen, escaped: spaces as a raised dot, line ends as an arrow, and not too long."""
    try:
        return dotted(part.decode())
    except UnicodeDecodeError:
        return part[:LONGEST].hex(" ")


def dotted(text: str) -> str:
    """Text that can be seen, escaped, and not too long."""
    if text == START:
        return "&lt;|endoftext|&gt;"
    return escape(printable(visible(shortened(text))))


def shortened(text: str) -> str:
    """Text of which no more is written out than fits a column."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def shape(values: Tensor) -> str:
    """A shape as Python writes it."""
    return str(tuple(values.shape))


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def said(part: bytes) -> str:
    """A token in words: as text, control characters by name, or as bytes where it is not whole characters."""
    try:
        return printable(part.decode())
    except UnicodeDecodeError:
        return f"bytes {part.hex(' ')}"
