"""The sentence of the embedding bench as HTML: a strip of shades for each word, dials where pairs turn, and cosines."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from llmlab.explorers.embedding_bench.numbers import one, shade, two
from llmlab.explorers.embedding_bench.values import BenchTrace
from llmlab.explorers.host.touch import touch

FULL = 3.0  # a number whose shade is full, in every state
LONGEST = 8.0  # a length that fills its bar, in every state


def sentence(trace: BenchTrace) -> str:
    """A row for each word: its numbers, its length, and the word of the table that it is nearest to."""
    rows = "".join(_row(trace, place) for place in range(len(trace.words)))
    head = '<div class="llmlab-row llmlab-row-head"><span></span><span></span><span></span><span></span>'
    head += "<span>length</span><span>nearest</span></div>"
    turned = trace.positions == "rotary"
    hint = (
        "a dial is a pair of numbers: the thin hand before, the thick one after turning"
        if turned
        else "a square is a number: blue above zero, striped orange below"
    )
    return (
        f'<div><div><b>The sentence</b> <small>{hint}</small></div><div class="llmlab-rows"'
        f"{touch(key='rows', group='rows')}>{head}{rows}</div></div>"
    )


def _row(trace: BenchTrace, place: int) -> str:
    word, vector, typed = trace.words[place], trace.vectors[place], trace.order[place]
    numbers = ", ".join(map(one, vector))
    press = touch(key=f"chip{typed}", press={"near": word}, link=f"s{place}", tip=f"look at {word}")
    strip = _dials(trace, place) if trace.positions == "rotary" else _cells(vector)
    said = f"{word}, place {place}: {numbers}"
    new = ""
    if typed != place:
        new = f"{'≠' if place in trace.noticed else '='} from {typed}"
    return (
        f'<div class="llmlab-row"{touch(key=f"row{typed}", flip=True)}><span class="llmlab-place">{place}</span>'
        f'<span class="llmlab-chip"{press}>{escape(word[:12])}</span>'
        f'<span class="llmlab-strip-row"{touch(key=f"strip{typed}", tip=said)}>{strip}</span>'
        f'<span class="llmlab-new">{new}</span>{_length(trace, place)}{_nearest(trace, place)}</div>'
    )


def _cells(vector: np.ndarray) -> str:
    return "".join(f'<i class="llmlab-square{shade(value, FULL)}"></i>' for value in vector)


def _dials(trace: BenchTrace, place: int) -> str:
    """A dial for each pair (2i, 2i + 1): the way it points now, and before it was turned."""
    even, odd = trace.vectors[place, 0::2], trace.vectors[place, 1::2]
    pairs, dials = len(odd), ""
    for i in range(pairs):
        now = math.degrees(math.atan2(odd[i], even[i]))
        before = now - math.degrees(place * 10_000 ** (-i / pairs))
        dials += f'<i class="llmlab-dial" style="--now:{-now:.0f}deg;--before:{-before:.0f}deg"></i>'
    return dials


def _length(trace: BenchTrace, place: int) -> str:
    """A bar as long as the vector, with a mark where the word's own vector ends."""
    length, own = trace.lengths[place], trace.token_lengths[place]
    kept = bool(trace.same_length[place])
    said = f"{length:.1f}, the word alone {own:.1f}"
    return (
        f'<span class="llmlab-long"{touch(key=f"long{trace.order[place]}", tip=said)}>'
        f'<i class="llmlab-{"kept" if kept else "changed"}" style="width:{_share(length)}"></i>'
        f'<i class="llmlab-own" style="left:{_share(own)}"></i></span>'
    )


def _share(length: float) -> str:
    return f"{100 * min(length / LONGEST, 1):.0f}%"


def _nearest(trace: BenchTrace, place: int) -> str:
    right = bool(trace.still_nearest[place])
    sign, look = ("✓", "good") if right else ("✗", "wrong")
    word = escape(trace.nearest_word[place][:12])
    return f'<span class="llmlab-read llmlab-{look}-read">{sign} <span>{word}</span></span>'


def cosines(trace: BenchTrace) -> str:
    """A square for each pair of words; numbers in one half, as the other is the same."""
    cells, T = "<span></span>", len(trace.words)
    for j, word in enumerate(trace.words):
        cells += f'<span class="llmlab-head"{touch(key=f"column{j}", link=f"s{j}")}>{escape(word[:5])}</span>'
    for i, word in enumerate(trace.words):
        cells += (
            f'<span class="llmlab-head llmlab-asking"{touch(key=f"line{i}", link=f"s{i}")}>{escape(word[:10])}</span>'
        )
        for j in range(T):
            value = trace.cosines[i, j]
            its = touch(key=f"{i}.{j}", link=f"s{i} s{j}")
            cells += f'<span{its}><i class="llmlab-square{shade(value, 1.0)}">{two(value) if i < j else ""}</i></span>'
    columns = f"minmax(2em,max-content) repeat({T},minmax(0,1fr))"
    return (
        "<div><div><b>Cosines</b> <small>of each pair</small></div>"
        f'<div class="llmlab-pairs" style="grid-template-columns:{columns}">{cells}</div></div>'
    )
