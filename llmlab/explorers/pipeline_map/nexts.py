"""The end of the river: the most probable next tokens, of which one can be pressed, and the stream that leads there."""

from __future__ import annotations

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import printable
from llmlab.explorers.pipeline_map.numbers import first_shown, said, shown
from llmlab.explorers.pipeline_map.values import MAX_CHARACTERS, PipelineTrace


def stream(trace: PipelineTrace, lanes: int) -> str:
    """From the chosen context vector out to the next tokens."""
    first = first_shown(trace)
    start, end = 100 * (trace.position - first + (first > 0)) + 50, 100 * lanes
    return (
        f'<svg class="llmlab-stream" viewBox="0 0 {end} 40" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="llmlab-aside" d="M{start} 0C{start} 26 {start} 26 {end} 26" '
        'vector-effect="non-scaling-stroke"></path>'
        f'<path class="llmlab-down" d="M{start} 0C{start} 30 0 10 0 40" vector-effect="non-scaling-stroke"></path>'
        "</svg>"
    )


def next_tokens(trace: PipelineTrace) -> str:
    """The most probable next tokens on an axis from 0 to 1; a press appends one to the text up to there."""
    best, rows = trace.most_probable(len(trace.continued)), ""
    for (id, probability), text in zip(best, trace.continued, strict=True):
        token = trace.vocabulary[id]
        its = touch(tip=f"{said(token)} cannot be appended: a text has at most {MAX_CHARACTERS} whole characters")
        if text is not None:
            press = {"text": text, "written": 0, "back": 0}
            its = touch(key=f"next{id}", press=press, name=f"append {said(token)}: {printable(text[-60:])}")
        rows += (
            f'<div class="llmlab-next-row"{touch(key=f"row{id}", flip=True)}><span class="llmlab-append"{its}>'
            f"{shown(token)}</span>{_bar(probability)}</div>"
        )
    others = max(0.0, 1 - sum(probability for _, probability in best))
    rows += (
        f'<div class="llmlab-next-row"{touch(key="rest")}><span>{trace.logits.shape[1] - len(best):,} others</span>'
        f"{_bar(others)}</div>"
    )
    after = shown(trace.tokens[trace.position])
    return (
        f'<p class="llmlab-hint">after <b class="llmlab-mono">{after}</b>: press one to append it</p>'
        f'<div class="llmlab-nexts"{touch(key="nexts", group="nexts")}>{rows}</div>'
    )


def _bar(probability: float) -> str:
    return (
        f'<span class="llmlab-scale"><i style="width:{100 * probability:.1f}%"></i></span>'
        f"<span>{_percent(probability)}</span>"
    )


def _percent(probability: float) -> str:
    """Whole percents; what rounds to nothing and is something is said to be below 1."""
    return "&lt;1%" if 0 < probability < 0.005 else f"{probability:.0%}"
