"""The cache meter as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.cache_meter import picture
from llmlab.explorers.cache_meter.picture import as_bytes
from llmlab.explorers.cache_meter.values import (
    BATCHES,
    HEADS,
    LAYERS,
    LENGTHS,
    MEMORIES,
    PRECISIONS,
    SHARING,
    TARGET,
    TARGET_MEMORY,
    TARGET_TOKENS,
    WIDTHS,
    CacheTrace,
    CountFunction,
    compute,
)
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice
from llmlab.explorers.host.learner import learners_function, name_of, not_written


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
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    count = learners_function()

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

    def compute(self, state: dict[str, Any]) -> CacheTrace:
        return compute(state, self.count)

    def note(self, trace: CacheTrace) -> str:
        if not trace.own_function:
            return not_written(self.count, "llmlab's own count is shown")
        if trace.counted == trace.chosen.cache:
            return ""
        name = name_of(self.count)
        return f"{name} gives {trace.counted:,} bytes; two vectors a token, layer and head take {trace.chosen.cache:,}."

    def target(self, trace: CacheTrace) -> tuple[bool, str]:
        sizes = {name: getattr(trace, name) for name in TARGET}
        if sizes != TARGET:
            return False, "Not yet: this is another model; the target's has 32 layers and 32 query heads of 128."
        tokens = trace.length * trace.batch
        if tokens < TARGET_TOKENS:
            return False, f"Not yet: {tokens:,} tokens in the cache, {TARGET_TOKENS:,} wanted."
        needed = f"{as_bytes(trace.chosen.weights)} of weights and {as_bytes(trace.chosen.cache)} of cache"
        if trace.chosen.total > TARGET_MEMORY:
            over = as_bytes(trace.chosen.total - TARGET_MEMORY)
            return False, f"Not yet: {needed} are {over} more than {as_bytes(TARGET_MEMORY)}."
        how = f"{trace.chosen.n_kv_heads} key and value heads and a cache of {8 * trace.bytes_per_number} bits a number"
        return True, f"Reached with {how}: {needed} fit in {as_bytes(TARGET_MEMORY)}."

    def code_for(self, state: dict[str, Any]) -> str:
        trace = compute(state)
        return (
            f"n_layers, n_kv_heads, d_head = {trace.n_layers}, {trace.chosen.n_kv_heads}, {trace.d_head}\n"
            f"length, batch_size, bytes_per_number = {trace.length}, {trace.batch}, {trace.bytes_per_number}\n"
            "keys_and_values = 2\n"
            "per_token = keys_and_values * n_layers * n_kv_heads * d_head * bytes_per_number\n"
            'print(f"{per_token * length * batch_size:,} bytes, {per_token:,} a token")'
        )
