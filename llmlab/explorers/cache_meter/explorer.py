"""The cache meter (lesson 09): the memory that keys and values take while a model generates.

Nothing is built here: the bytes follow from the sizes alone. The weights beside the cache are those of a GPT with
blocks as in lesson 07 (fewer key and value heads make two of its projections smaller), a vocabulary of 32,000 with tied
weights, 16 bits a number. 1 GB is 10⁹ bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

import traitlets

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice
from llmlab.generation import cache_bytes

VOCABULARY = 32_000
WEIGHT_BYTES = 2  # bytes a number of the weights
LAYERS = ("4", "8", "12", "24", "32", "40", "80")
HEADS = ("8", "16", "32", "64")
WIDTHS = ("32", "64", "128")
SHARING = {"1: multi-head": 1, "2": 2, "4": 4, "8": 8, "all: multi-query": 0}  # query heads to a key/value head
LENGTHS = ("256", "1024", "2048", "4096", "8192", "16384", "32768", "131072")
BATCHES = ("1", "2", "4", "8", "16", "32", "64")
PRECISIONS = {"32 bits": 4, "16 bits": 2, "8 bits": 1}
MEMORIES = ("8", "16", "24", "48", "80")
GB = 10**9

# The target: a model of the 7B kind (its layers, heads and width), this many tokens in the cache, this memory.
TARGET = {"n_layers": 32, "n_heads": 32, "d_head": 128}
TARGET_TOKENS, TARGET_MEMORY = 8 * 8_192, 24 * GB

CountFunction = Callable[[int, int, int, int, int, int], int]


@dataclass(frozen=True)
class Variant:
    """One choice of key and value heads.

    Attributes:
        name: multi-head, grouped-query or multi-query.
        n_kv_heads: heads of keys and values.
        cache: bytes of the cache.
        weights: bytes of the model's weights.
    """

    name: str
    n_kv_heads: int
    cache: int
    weights: int

    @property
    def total(self) -> int:
        return self.cache + self.weights


@dataclass(frozen=True)
class CacheTrace:
    """A cache in bytes, for every sharing of key and value heads.

    Attributes:
        n_layers, n_heads, d_head: the sizes of the model; its width is n_heads · d_head.
        length, batch: tokens held for each sequence, and sequences.
        bytes_per_number: of the cache.
        memory: bytes there are.
        variants: from as many key and value heads as query heads to one.
        chosen: the variant that is set.
        counted: the bytes of the chosen cache by the learner's function; without one, llmlab's.
        own_function: whether `counted` is the learner's.
    """

    n_layers: int
    n_heads: int
    d_head: int
    length: int
    batch: int
    bytes_per_number: int
    memory: int
    variants: tuple[Variant, ...]
    chosen: Variant
    counted: int
    own_function: bool

    @property
    def fits(self) -> bool:
        return self.chosen.total <= self.memory

    @property
    def bytes_per_token(self) -> int:
        """What one more token of one sequence adds to the cache."""
        return self.chosen.cache // (self.length * self.batch)

    @property
    def tokens_that_fit(self) -> int:
        """Tokens, over all sequences, that the memory beside the weights holds."""
        return max(0, self.memory - self.chosen.weights) // self.bytes_per_token


def compute(state: dict[str, Any], count: CountFunction | None = None) -> CacheTrace:
    """The trace of a state of the cache meter.

    Args:
        state: layers, heads, width, sharing, length, batch, precision and memory.
        count: the learner's `count(n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number)`; None, or a
            function that is not written yet (it returns None or ...), lets llmlab's stand in.

    Raises:
        TypeError: the function returned something other than a whole number.
        Exception: whatever the function raises.
    """
    n_layers, n_heads, d_head = int(state["layers"]), int(state["heads"]), int(state["width"])
    length, batch = int(state["length"]), int(state["batch"])
    bytes_per_number = PRECISIONS[state["precision"]]

    def variant(n_kv_heads: int) -> Variant:
        name = {n_heads: "multi-head", 1: "multi-query"}.get(n_kv_heads, "grouped-query")
        cache = cache_bytes(n_layers, n_kv_heads, d_head, length, batch, bytes_per_number)
        return Variant(name, n_kv_heads, cache, WEIGHT_BYTES * _parameters(n_layers, n_heads, n_kv_heads, d_head))

    heads = {shared: n_heads // (shared or n_heads) for shared in SHARING.values()}
    variants = tuple(variant(n) for n in sorted(set(heads.values()), reverse=True))
    chosen = next(one for one in variants if one.n_kv_heads == heads[SHARING[state["sharing"]]])
    arguments = (n_layers, chosen.n_kv_heads, d_head, length, batch, bytes_per_number)
    counted = None if count is None else count(*arguments)
    own_function = counted is not None and counted is not ...
    return CacheTrace(
        n_layers=n_layers,
        n_heads=n_heads,
        d_head=d_head,
        length=length,
        batch=batch,
        bytes_per_number=bytes_per_number,
        memory=int(state["memory"]) * GB,
        variants=variants,
        chosen=chosen,
        counted=_whole(counted) if own_function else chosen.cache,
        own_function=own_function,
    )


def _parameters(n_layers: int, n_heads: int, n_kv_heads: int, d_head: int) -> int:
    """Numbers in the matrices: queries and output, keys and values, feed-forward; and the token table."""
    d_model = n_heads * d_head
    attention = 2 * d_model * d_model + 2 * d_model * n_kv_heads * d_head
    return n_layers * (attention + 8 * d_model * d_model) + VOCABULARY * d_model


def _whole(counted: Any) -> int:
    """Bytes as a plain int, also from NumPy, a tensor, or a float without a fraction."""
    try:
        if not isinstance(counted, bool):
            return int(counted) if isinstance(counted, float) and counted.is_integer() else index(counted)
    except TypeError:
        pass
    raise TypeError(f"a number of bytes must be a whole number, got {counted!r} ({type(counted).__name__})")


def render(trace: CacheTrace) -> str:
    """The trace as HTML: how the bytes come about, totals, and a row with two bars for each sharing."""
    return _product(trace) + _numbers(trace) + _table(trace)


def describe(trace: CacheTrace) -> str:
    """The trace in words: cache, weights, memory, and what other sharings would take."""
    chosen, first, last = trace.chosen, trace.variants[0], trace.variants[-1]
    return (
        f"{trace.batch} × {trace.length:,} tokens with {chosen.n_kv_heads} key and value heads for {trace.n_heads} "
        f"query heads ({chosen.name}): the cache takes {_bytes(chosen.cache)}, the weights {_bytes(chosen.weights)}, "
        f"together {_bytes(chosen.total)} of {_bytes(trace.memory)}. Multi-head attention needs a cache of "
        f"{_bytes(first.cache)}, multi-query attention one of {_bytes(last.cache)}."
    )


def _product(trace: CacheTrace) -> str:
    factors = (
        (2, "keys and values"),
        (trace.n_layers, "layers"),
        (trace.chosen.n_kv_heads, "key and value heads"),
        (trace.d_head, "numbers a head"),
        (f"{trace.length:,}", "tokens"),
        (trace.batch, "sequences"),
        (trace.bytes_per_number, "bytes"),
    )
    text = " × ".join(f"<span><b>{number}</b> {name}</span>" for number, name in factors)
    return f'<div class="llmlab-numbers">{text} = <span><b>{trace.chosen.cache:,}</b> bytes</span></div>'


def _numbers(trace: CacheTrace) -> str:
    chosen = trace.chosen
    facts = {
        "cache": _bytes(chosen.cache),
        "weights": _bytes(chosen.weights),
        "memory": _bytes(trace.memory),
        "left" if trace.fits else "missing": _bytes(abs(trace.memory - chosen.total)),
        "one more token of one sequence": _bytes(trace.bytes_per_token),
        "tokens that fit beside the weights": f"{trace.tokens_that_fit:,}",
        "read for one step": _bytes(chosen.total),
    }
    if trace.own_function:
        facts["your count"] = f"{trace.counted:,} bytes"
    return (
        '<div class="llmlab-numbers">'
        + " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
        + "</div>"
    )


def _table(trace: CacheTrace) -> str:
    names = ("attention", "key and value heads", "cache", "of multi-head", "weights", "together", "", "")
    head = "".join(f"<th>{name}</th>" for name in names)
    scale = max(trace.memory, *(one.total for one in trace.variants))
    rows = ""
    for one in trace.variants:
        fits = "fits" if one.total <= trace.memory else "does not fit"
        mark = ' class="llmlab-flag"' if one is trace.chosen else ""
        rows += (
            f"<tr><th{mark}>{'▸ ' if mark else '  '}{one.name}</th>{_cell(one.n_kv_heads)}{_cell(_bytes(one.cache))}"
            f"{_cell(f'{one.cache / trace.variants[0].cache:.1%}')}{_cell(_bytes(one.weights))}"
            f"{_cell(_bytes(one.total))}{_bars(one.weights / scale, one.cache / scale)}<td>{fits}</td></tr>"
        )
    rows += (
        f"<tr><th>  memory</th>{_cell('') * 4}{_cell(_bytes(trace.memory))}"
        f'<td class="llmlab-memory"><div class="llmlab-limit" style="width: {100 * trace.memory / scale:.1f}%">&nbsp;'
        "</div></td><td></td></tr>"
    )
    key = (
        '<p><span class="llmlab-key llmlab-weights" style="background-color: #2f7fc1">&nbsp;&nbsp;&nbsp;</span> '
        'weights <span class="llmlab-key llmlab-cache" style="background-color: #c8590a">&nbsp;&nbsp;&nbsp;</span> '
        "cache</p>"
    )
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="Memory for each sharing of heads">'
        f'<table class="llmlab-grid llmlab-meter"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        + key
    )


def _bars(weights: float, cache: float) -> str:
    """Weights and cache side by side. The colours hold 3:1 against a white and a black page; the cache is hatched."""
    pieces = "".join(
        f'<div class="llmlab-{name}" style="width: {100 * share:.1f}%; background-color: {colour}">&nbsp;</div>'
        for name, share, colour in (("weights", weights, "#2f7fc1"), ("cache", cache, "#c8590a"))
    )
    return f'<td class="llmlab-memory">{pieces}</td>'


def _cell(value: Any) -> str:
    return f'<td class="llmlab-number">{value}</td>'


def _bytes(number: int) -> str:
    """Three digits or so and a unit: 37.7 MB, 524 kB."""
    for unit, size in (("GB", GB), ("MB", 10**6), ("kB", 10**3)):
        if number >= 0.9995 * size:
            scaled = number / size
            return f"{scaled:,.{2 if scaled < 9.995 else 1 if scaled < 99.95 else 0}f} {unit}"
    return f"{number} B"


class CacheMeter(Explorer):
    """See what the keys and values of a cache take, for multi-head, grouped-query and multi-query attention.

    Args:
        count: your `count(n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number)`, which returns bytes.
            Assign to `.count` to try another one.

    >>> meter = CacheMeter()
    >>> meter.trace.chosen.cache, meter.trace.fits
    (34359738368, False)
    """

    sheet = "cache_meter.css"

    count = traitlets.Any()

    def __init__(self, count: CountFunction | None = None) -> None:
        super().__init__(
            title="Cache meter",
            task=(
                "Your target: the model of the first state (32 layers, 32 query heads of 128) with 65,536 tokens in "
                "its cache (8 sequences of 8,192), and all of it in 24 GB."
            ),
            controls=[
                Choice("layers", "Layers", LAYERS, initial="32"),
                Choice("heads", "Query heads", HEADS, initial="32"),
                Choice("width", "Width of a head", WIDTHS, initial="128"),
                Choice("sharing", "Query heads to a key/value head", tuple(SHARING), initial="1: multi-head"),
                Choice("length", "Tokens held", LENGTHS, initial="8192"),
                Choice("batch", "Sequences", BATCHES, initial="8"),
                Choice("precision", "Cache", tuple(PRECISIONS), initial="16 bits"),
                Choice("memory", "Memory in GB", MEMORIES, initial="24"),
            ],
            count=count,
        )

    @traitlets.observe("count")
    def _count_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> CacheTrace:
        return compute(state, self.count)

    def render(self, trace: CacheTrace) -> str:
        return render(trace)

    def describe(self, trace: CacheTrace) -> str:
        return describe(trace)

    def note(self, trace: CacheTrace) -> str:
        if self.count is None:
            return ""
        name = getattr(self.count, "__name__", "your function")
        if not trace.own_function:
            return f"{name} is not written yet, so llmlab's own count is shown."
        if trace.counted == trace.chosen.cache:
            return ""
        return f"{name} gives {trace.counted:,} bytes; two vectors a token, layer and head take {trace.chosen.cache:,}."

    def target(self, trace: CacheTrace) -> tuple[bool, str]:
        sizes = {name: getattr(trace, name) for name in TARGET}
        if sizes != TARGET:
            return False, "Not yet: this is another model; the target's has 32 layers and 32 query heads of 128."
        tokens = trace.length * trace.batch
        if tokens < TARGET_TOKENS:
            return False, f"Not yet: {tokens:,} tokens in the cache, {TARGET_TOKENS:,} wanted."
        needed = f"{_bytes(trace.chosen.weights)} of weights and {_bytes(trace.chosen.cache)} of cache"
        if trace.chosen.total > TARGET_MEMORY:
            over = _bytes(trace.chosen.total - TARGET_MEMORY)
            return False, f"Not yet: {needed} are {over} more than {_bytes(TARGET_MEMORY)}."
        how = f"{trace.chosen.n_kv_heads} key and value heads and a cache of {8 * trace.bytes_per_number} bits a number"
        return True, f"Reached with {how}: {needed} fit in {_bytes(TARGET_MEMORY)}."

    def code_for(self, state: dict[str, Any]) -> str:
        trace = compute(state)
        return (
            f"n_layers, n_kv_heads, d_head = {trace.n_layers}, {trace.chosen.n_kv_heads}, {trace.d_head}\n"
            f"length, batch_size, bytes_per_number = {trace.length}, {trace.batch}, {trace.bytes_per_number}\n"
            "keys_and_values = 2\n"
            "per_token = keys_and_values * n_layers * n_kv_heads * d_head * bytes_per_number\n"
            'print(f"{per_token * length * batch_size:,} bytes, {per_token:,} a token")'
        )
