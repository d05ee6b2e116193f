"""The picture of the cache meter as HTML, the reason of what is seen, and the same in words.

One card, drawn once for each way to share key and value heads: weights at the bottom, the cache on them, a band for
each text, and what does not fit spills over. The axis is the card's: only another card moves it. Below, which query
heads share a key and value head, and the product that the cache is, its factors as numbers to drag.
"""

from __future__ import annotations

from llmlab.explorers.cache_meter.numbers import as_bytes, noun
from llmlab.explorers.cache_meter.values import GB, CacheTrace, Variant
from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural

AXIS = 2.25  # memories of the card from the bottom of the picture to its top
NARROWEST = 1.5  # a text's band in percent of the axis; narrower ones are not drawn
# What each part of a card is made of, so that a factor and what it grows light up together.
IN_CACHE = "c-two c-layers c-kv c-width c-length c-batch c-bytes"
IN_WEIGHTS = "w-layers w-kv w-width w-heads"


def render(trace: CacheTrace) -> str:
    """The cards, the heads that share, and the product."""
    cards = "".join(_card(trace, one) for one in trace.variants)
    rim = 100 / AXIS
    bands = any(_band(trace, one) for one in trace.variants)
    return (
        '<div class="llmlab-cards"><div class="llmlab-card-axis"><div>'
        f'<span style="bottom:{rim:.1f}%">{trace.memory // GB} GB</span><span style="bottom:0">0</span></div></div>'
        f'<div class="llmlab-card-row"{touch(key="cards", group="follow")}>{cards}</div></div>'
        f"{_product(trace)}"
        '<p class="llmlab-hint"><span class="llmlab-fill-key llmlab-fill-weights"></span> weights '
        f'<span class="llmlab-fill-key llmlab-fill-cache"></span> cache{", a band for each text" if bands else ""} '
        '<span class="llmlab-fill-key llmlab-fill-spill"></span> does not fit &nbsp; Press a card, or drag a '
        "number of the product. Small dots: query heads. Large dots: the key and value heads that they use.</p>"
    )


def _percent(bytes_: int, trace: CacheTrace) -> float:
    """A height in percent of the axis, which what is higher still runs out of."""
    return 100 * min(bytes_ / (AXIS * trace.memory), 1)


def _band(trace: CacheTrace, one: Variant) -> float:
    """What a text takes in percent of the axis; 0 where a band would be too narrow to be seen."""
    band = 100 * one.cache / trace.batch / (AXIS * trace.memory)
    return band if band > NARROWEST else 0


def _card(trace: CacheTrace, one: Variant) -> str:
    """One card with all that has to go into it."""
    weights, top, rim = _percent(one.weights, trace), _percent(one.total, trace), 100 / AXIS
    whole = 100 * one.cache / (AXIS * trace.memory)  # also where the picture ends: the bands keep their height
    bands = f";--llmlab-text:{100 / trace.batch:.4g}%" if _band(trace, one) else ""
    texts = min(trace.texts_that_fit(one), trace.batch)
    fits = one.total <= trace.memory
    found = f"{'all' if fits else texts} of {trace.batch} fit"
    if trace.batch == 1:
        found = "fits" if fits else "does not fit"
    spill = ""
    if not fits:
        spill = f'<i class="llmlab-fill-spill" style="bottom:{rim:.2f}%;height:{top - rim:.2f}%"></i>'
    beyond = ""
    if one.total > AXIS * trace.memory:  # the picture ends, so a number says by how much it is too high
        beyond = f"<b>▲ {as_bytes(one.total - trace.memory)} over</b>"
    said = f"{one.name}, {plural(one.n_kv_heads, 'key and value head')}: {as_bytes(one.total)}, {found}"
    its = touch(key=f"card{one.n_kv_heads}", press={"sharing": one.sharing}, tip=said)
    return (
        f'<div class="llmlab-card{"" if fits else " llmlab-over"}"{its}><div class="llmlab-glass">'
        f'<i class="llmlab-fill-cache"{touch(link=IN_CACHE)} '
        f'style="bottom:{weights:.2f}%;height:{whole:.2f}%{bands}"></i>'
        f'<i class="llmlab-fill-weights"{touch(link=IN_WEIGHTS)} style="height:{weights:.2f}%"></i>{spill}'
        f'<i class="llmlab-card-edge" style="height:{rim:.2f}%"></i>{beyond}</div>{_heads(trace.n_heads, one)}'
        f"<span><b>{one.n_kv_heads}</b> {one.name}</span>"
        f'<span class="llmlab-card-sum">{as_bytes(one.total)}</span>'
        f"<span><b>{'✓' if fits else '✗'}</b> {found}</span></div>"
    )


def _heads(n_heads: int, one: Variant) -> str:
    """Query heads above, key and value heads below, a line from each to the one that it uses."""
    shared = n_heads // one.n_kv_heads

    def across(place: float, places: int) -> str:
        return f"{100 * (place + 0.5) / places:.1f}"

    upper = [across(query, n_heads) for query in range(n_heads)]
    lower = [across(head, one.n_kv_heads) for head in range(one.n_kv_heads)]
    lines = "".join(f"M{upper[query]} 3L{lower[query // shared]} 27" for query in range(n_heads))
    return (
        '<svg class="llmlab-fan" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="llmlab-fan-lines" d="{lines}"></path>'
        f'<path class="llmlab-fan-queries" d="{"".join(f"M{x} 3h0" for x in upper)}"></path>'
        f'<path class="llmlab-fan-keys" d="{"".join(f"M{x} 27h0" for x in lower)}"></path></svg>'
    )


def _product(trace: CacheTrace) -> str:
    """The factors of the cache, most of them numbers to drag; the query heads beside them, which are none."""
    parts = (
        ("two", "2", "keys and values", ""),
        ("layers", trace.n_layers, "layers", "layers"),
        ("kv", trace.chosen.n_kv_heads, "key and value heads", ""),
        ("width", trace.d_head, "numbers per head", "width"),
        ("length", f"{trace.length:,}", "tokens", "length"),
        ("batch", trace.batch, "texts", "batch"),
        ("bytes", trace.bytes_per_number, "bytes", "precision"),
    )
    factors = " × ".join(_factor(name, number, words, control) for name, number, words, control in parts)
    heads = _factor("heads", trace.n_heads, "query heads", "heads", "w-heads")
    return (
        f'<div class="llmlab-product"><b>cache</b> = {factors} = <b>{as_bytes(trace.chosen.cache)}</b>'
        f"<span>&nbsp; not in it: {heads}</span></div>"
    )


def _factor(name: str, number: object, words: str, control: str, link: str = "") -> str:
    tip = f"{words}: drag sideways, or arrow keys" if control else f"{words}: press a card" if name == "kv" else ""
    its = touch(key=f"factor-{name}", spin=control, link=link or f"c-{name} w-{name}", tip=tip)
    kind = " llmlab-factor-drag" if control else ""
    figure = f'<b class="llmlab-factor-number{kind}"{its}>{number}</b>'
    return f'<span class="llmlab-factor">{figure} {noun(number, words)}</span>'


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: CacheTrace) -> str:
    """How the bytes of a token come about, and what that leaves room for."""
    one = trace.chosen
    if one.weights > trace.memory:
        helps = "Only a smaller model would, or a larger card."
        if min(other.weights for other in trace.variants) <= trace.memory:
            helps = "But fewer key and value heads make the weights smaller, too."
        return (
            f"The weights alone, {as_bytes(one.weights)}, are more than the card holds: no shorter texts, fewer of "
            f"them or fewer bits make room. {helps}"
        )
    shared = trace.n_heads // one.n_kv_heads
    if shared == 1:
        cause = "Each query head has keys and values of its own"
    else:
        cause = f"{'All ' if one.n_kv_heads == 1 else ''}{shared} query heads share one key and value head"
    room = trace.texts_that_fit(one)
    found = f"the card has room for {f'{room:,} such texts' if room > 1 else 'one such text' if room else 'none'}"
    texts = f"{plural(trace.batch, 'text')} of {trace.length:,} {'takes' if trace.batch == 1 else 'take'}"
    return (
        f"{cause}, so a token takes <b>{as_bytes(trace.bytes_per_token)}</b> in {trace.n_layers} layers, and {texts} "
        f"{as_bytes(one.cache)}. Beside {as_bytes(one.weights)} of weights {found}."
    )


def describe(trace: CacheTrace) -> str:
    """The trace in words: cache, weights, memory, and what other sharings would take."""
    chosen, first, last = trace.chosen, trace.variants[0], trace.variants[-1]
    return (
        f"{trace.batch} × {trace.length:,} tokens with {chosen.n_kv_heads} key and value heads for {trace.n_heads} "
        f"query heads ({chosen.name}): the cache takes {as_bytes(chosen.cache)}, the weights "
        f"{as_bytes(chosen.weights)}, together {as_bytes(chosen.total)} of {as_bytes(trace.memory)}. "
        f"Multi-head attention needs a cache of {as_bytes(first.cache)}, "
        f"multi-query attention one of {as_bytes(last.cache)}."
    )
