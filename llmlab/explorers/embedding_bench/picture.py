"""The picture of the embedding bench as HTML, and the same in words."""

from __future__ import annotations

from html import escape

import numpy as np

from llmlab.explorers.embedding_bench.values import SAME, SENTENCE, BenchTrace
from llmlab.explorers.host.markup import image, numbers, scrolling, table

_POSITIONS = {
    "none": "none",
    "learned": "a learned table before its training, still random",
    "sinusoidal": "sines and cosines, added",
    "rotary": "each pair of numbers turned",
}


def render(trace: BenchTrace) -> str:
    """The bench as HTML: facts, the vectors as a strip of numbers, their cosines, and a map of them."""
    if not trace.words:
        return f"<div>{escape(describe(trace))}</div>"
    return (
        f'{_numbers(trace)}<div class="llmlab-beside">{_cosines(trace)}{_picture(trace)}</div>{_strip(trace)}'
        "<div>Blue is positive, striped orange negative; the stronger the colour, the larger the number.</div>"
    )


def describe(trace: BenchTrace) -> str:
    """The bench in words."""
    if not trace.words:
        unknown = f" Not in the vocabulary: {', '.join(trace.unknown)}." if trace.unknown else ""
        return f"No word to show.{unknown} Try: {SENTENCE}"
    source = "a random table" if trace.step is None else f"the table after {trace.step:,} training steps"
    sentences = [f"{' '.join(trace.words)}: {trace.vectors.shape[1]} numbers per word, from {source}."]
    if trace.positions != "none":
        sentences.append(f"Positions: {_POSITIONS[trace.positions]}.")
    for i, j in trace.repeated[:1]:
        same = "have the same vector" if not trace.told_apart else f"have cosine {_two(trace.cosines[i, j])}"
        sentences.append(f"The two {trace.words[i]!r} {same}.")
    if trace.order != tuple(range(len(trace.order))):
        moved = int((trace.changes > SAME).sum())
        sentences.append(
            f"Shuffled: {moved} of {len(trace.words)} vectors changed, the others only moved with their word; "
            f"the mean of all rows {'changed' if trace.mean_change > SAME else 'did not'}."
        )
    if trace.analogy:
        sentences.append(f"king - man + woman is nearest to {trace.analogy[0]}, cosine {_two(trace.analogy[1])}.")
    if trace.unknown:
        sentences.append(f"Not in the vocabulary: {', '.join(trace.unknown)}.")
    if trace.left_out:
        sentences.append(f"{trace.left_out} more words have no room here.")
    return " ".join(sentences)


def _numbers(trace: BenchTrace) -> str:
    facts = {"training steps": "none, random" if trace.step is None else f"{trace.step:,}"}
    if trace.loss is not None:
        facts["loss at this run's end"] = _two(trace.loss)
    facts["positions"] = _POSITIONS[trace.positions]
    if trace.analogy:
        facts["king − man + woman →"] = f"{escape(trace.analogy[0])} ({_two(trace.analogy[1])})"
    facts["vectors changed by the order"] = f"{int((trace.changes > SAME).sum())} of {len(trace.words)}"
    facts["mean of the rows"] = "changed" if trace.mean_change > SAME else "unchanged"
    facts["lengths"] = "those of the words" if trace.lengths_kept else "changed by the positions"
    return numbers(facts)


def _strip(trace: BenchTrace) -> str:
    columns = "".join(f'<th class="llmlab-number">{number}</th>' for number in range(trace.vectors.shape[1]))
    head = f'<th></th><th>word</th><th class="llmlab-number">length</th>{columns}'
    rows = ""
    for place, (word, vector) in enumerate(zip(trace.words, trace.vectors, strict=True)):
        cells = "".join(f'<td class="llmlab-number{_shade(value, 3.0)}">{_one(value)}</td>' for value in vector)
        length = np.linalg.norm(vector)
        rows += (
            f'<tr><td class="llmlab-number">{place}</td><td class="llmlab-token">{escape(word)}</td>'
            f'<td class="llmlab-number">{length:.1f}</td>{cells}</tr>'
        )
    return scrolling("The vectors", table(rows, head=head, kind="llmlab-strip", caption="The vectors"))


def _cosines(trace: BenchTrace) -> str:
    head = "".join(f'<th class="llmlab-token llmlab-number">{escape(word[:8])}</th>' for word in trace.words)
    rows = ""
    for word, row in zip(trace.words, trace.cosines, strict=True):
        cells = "".join(f'<td class="llmlab-number{_shade(value, 1.0)}">{_two(value)}</td>' for value in row)
        rows += f'<tr><td class="llmlab-token">{escape(word)}</td>{cells}</tr>'
    cosines = table(rows, head=f"<th></th>{head}", kind="llmlab-strip", caption="Cosine of each pair")
    return scrolling("The cosines", cosines)


def _picture(trace: BenchTrace) -> str:
    """The map as an image; its directions and its scale are the same at every checkpoint, the cross is zero."""
    width, height, margin = 300, 210, 30
    dots, labels = "", []
    for word, (x, y) in zip(trace.words, trace.map, strict=True):
        left, top = (
            width / 2 + x / trace.map_span * (width / 2 - 2 * margin),
            height / 2 - y / trace.map_span * (height / 2 - margin),
        )
        label = top + 4
        while any(abs(left - x) < 60 and abs(label - y) < 12 for x, y in labels):  # words at one spot: below each other
            label += 1
        labels.append((left, label))
        dots += (
            f'<circle cx="{left:.0f}" cy="{top:.0f}" r="4" fill="#2f7fc1"/>'
            f'<text x="{left + 7:.0f}" y="{label:.0f}">{escape(word[:12])}</text>'
        )
    axes = f'<path d="M{width / 2:.0f} 0V{height}M0 {height / 2:.0f}H{width}" stroke="#c8c8c8"/>'
    where = "; ".join(f"{word} {_one(x)}, {_one(y)}" for word, (x, y) in zip(trace.words, trace.map, strict=True))
    drawn = image(axes + dots, alt=f"Map of the vectors. {where}", width=width, height=height)
    return f'<div class="llmlab-map2d"><div>The same in two dimensions (cross: zero)</div>{drawn}</div>'


def _shade(value: float, full: float) -> str:
    """The class that colours a number: p or n for its sign, 1 to 4 for its size; none near zero."""
    level = min(4, round(4 * abs(float(value)) / full))
    return f" llmlab-{'p' if value > 0 else 'n'}{level}" if level else ""


def _one(value: float) -> str:
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")
