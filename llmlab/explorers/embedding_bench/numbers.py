"""All numbers of the embedding bench as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from html import escape

from llmlab.explorers.embedding_bench.values import SAME, BenchTrace
from llmlab.explorers.host.markup import numbers, scrolling, table

POSITIONS = {
    "none": "none",
    "learned": "a learned table before its training, still random",
    "sinusoidal": "sines and cosines, added",
    "rotary": "each pair of numbers turned",
}


def more(trace: BenchTrace) -> str:
    """Facts, the cosines of the words shown, and their vectors."""
    if not trace.words:
        return "<p>No word to show.</p>"
    return (
        f"{_facts(trace)}{_cosines(trace)}{_vectors(trace)}"
        "<div>Blue is positive, striped orange negative; the stronger the colour, the larger the number.</div>"
    )


def _facts(trace: BenchTrace) -> str:
    facts = {"training steps": "none, random" if trace.step is None else f"{trace.step:,}"}
    if trace.loss is not None:
        facts["loss at this run's end"] = two(trace.loss)
    facts["positions"] = POSITIONS[trace.positions]
    if trace.analogy:
        facts["king − man + woman →"] = f"{escape(trace.analogy[0])} ({two(trace.analogy[1])})"
    facts["vectors changed by the order"] = f"{int((trace.changes > SAME).sum())} of {len(trace.words)}"
    facts["mean of the rows"] = "changed" if trace.mean_change > SAME else "unchanged"
    facts["lengths"] = "those of the words" if trace.lengths_kept else "changed by the positions"
    return numbers(facts)


def _vectors(trace: BenchTrace) -> str:
    columns = "".join(f'<th class="llmlab-number">{number}</th>' for number in range(trace.vectors.shape[1]))
    head = f'<th></th><th>word</th><th class="llmlab-number">length</th><th>nearest</th>{columns}'
    rows = ""
    for place, (word, vector) in enumerate(zip(trace.words, trace.vectors, strict=True)):
        cells = "".join(f'<td class="llmlab-number{shade(value, 3.0)}">{one(value)}</td>' for value in vector)
        rows += (
            f'<tr><td class="llmlab-number">{place}</td><td class="llmlab-token">{escape(word)}</td>'
            f'<td class="llmlab-number">{trace.lengths[place]:.1f}</td>'
            f'<td class="llmlab-token">{escape(trace.nearest_word[place])}</td>{cells}</tr>'
        )
    return scrolling("The vectors", table(rows, head=head, kind="llmlab-strip", caption="The vectors"))


def _cosines(trace: BenchTrace) -> str:
    head = "".join(f'<th class="llmlab-token llmlab-number">{escape(word[:8])}</th>' for word in trace.words)
    rows = ""
    for word, row in zip(trace.words, trace.cosines, strict=True):
        cells = "".join(f'<td class="llmlab-number{shade(value, 1.0)}">{two(value)}</td>' for value in row)
        rows += f'<tr><td class="llmlab-token">{escape(word)}</td>{cells}</tr>'
    cosines = table(rows, head=f"<th></th>{head}", kind="llmlab-strip", caption="Cosine of each pair")
    return scrolling("The cosines", cosines)


def shade(value: float, full: float) -> str:
    """The class that colours a number: p or n for its sign, 1 to 4 for its size; none near zero."""
    level = min(4, round(4 * abs(float(value)) / full))
    return f" llmlab-{'p' if value > 0 else 'n'}{level}" if level else ""


def one(value: float) -> str:
    """A number with one decimal and a true minus sign."""
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def two(value: float) -> str:
    """A number with two decimals and a true minus sign."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
