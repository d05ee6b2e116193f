"""All numbers of the cache meter as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from llmlab.explorers.cache_meter.values import GB, CacheTrace
from llmlab.explorers.host.markup import cell, numbers, scrolling, table
from llmlab.explorers.host.words import three_digits


def more(trace: CacheTrace) -> str:
    """How the bytes come about, totals, and a row with two bars for each sharing."""
    return _product(trace) + _numbers(trace) + _table(trace)


def _product(trace: CacheTrace) -> str:
    factors = (
        (2, "keys and values"),
        (trace.n_layers, "layers"),
        (trace.chosen.n_kv_heads, "key and value heads"),
        (trace.d_head, "numbers per head"),
        (f"{trace.length:,}", "tokens"),
        (trace.batch, "texts"),
        (trace.bytes_per_number, "bytes"),
    )
    text = " × ".join(f"<span><b>{number}</b> {noun(number, name)}</span>" for number, name in factors)
    return f'<div class="llmlab-numbers">{text} = <span><b>{trace.chosen.cache:,}</b> bytes</span></div>'


def noun(number: object, words: str) -> str:
    """What is counted, in the singular where the number is 1: `words` end with its s, or have none for it."""
    return words.removesuffix("s") if f"{number}" == "1" else words


def _numbers(trace: CacheTrace) -> str:
    chosen = trace.chosen
    facts = {
        "cache": as_bytes(chosen.cache),
        "weights": as_bytes(chosen.weights),
        "memory": as_bytes(trace.memory),
        "left" if trace.fits else "missing": as_bytes(abs(trace.memory - chosen.total)),
        "one more token of one text": as_bytes(trace.bytes_per_token),
        "tokens that fit beside the weights": f"{trace.tokens_that_fit:,}",
        "read for one step": as_bytes(chosen.total),
    }
    if trace.own_function:
        facts["your count"] = f"{trace.counted:,} bytes"
    return numbers(facts)


def _table(trace: CacheTrace) -> str:
    names = ("attention", "key and value heads", "cache", "of multi-head", "weights", "together", "", "")
    head = "".join(f"<th>{name}</th>" for name in names)
    scale = max(trace.memory, *(one.total for one in trace.variants))
    rows = ""
    for one in trace.variants:
        fits = "fits" if one.total <= trace.memory else "does not fit"
        mark = ' class="llmlab-flag"' if one is trace.chosen else ""
        rows += (
            f"<tr><th{mark}>{'▸ ' if mark else '  '}{one.name}</th>{cell(one.n_kv_heads)}{cell(as_bytes(one.cache))}"
            f"{cell(f'{one.cache / trace.variants[0].cache:.1%}')}{cell(as_bytes(one.weights))}"
            f"{cell(as_bytes(one.total))}{_bars(one.weights / scale, one.cache / scale)}<td>{fits}</td></tr>"
        )
    rows += (
        f"<tr><th>  memory</th>{cell('') * 4}{cell(as_bytes(trace.memory))}"
        f'<td class="llmlab-memory"><div class="llmlab-limit" style="width: {100 * trace.memory / scale:.1f}%">&nbsp;'
        "</div></td><td></td></tr>"
    )
    key = (
        '<p><span class="llmlab-key llmlab-of-weights" style="background-color: #2272b4">&nbsp;&nbsp;&nbsp;</span> '
        'weights <span class="llmlab-key llmlab-of-cache" style="background-color: #b8520a">&nbsp;&nbsp;&nbsp;</span> '
        "cache</p>"
    )
    return scrolling("Memory for each sharing of heads", table(rows, head=head, kind="llmlab-memories")) + key


def _bars(weights: float, cache: float) -> str:
    """Weights and cache side by side. The colours hold 3:1 against a white and a black page; the cache is hatched."""
    pieces = "".join(
        f'<div class="llmlab-of-{name}" style="width: {100 * share:.1f}%; background-color: {colour}">&nbsp;</div>'
        for name, share, colour in (("weights", weights, "#2272b4"), ("cache", cache, "#b8520a"))
    )
    return f'<td class="llmlab-memory">{pieces}</td>'


def as_bytes(number: int) -> str:
    """Three digits or so and a unit: 37.7 MB, 524 kB."""
    for unit, size in (("GB", GB), ("MB", 10**6), ("kB", 10**3)):
        if number >= 0.9995 * size:
            return f"{three_digits(number / size)} {unit}"
    return f"{number} B"
