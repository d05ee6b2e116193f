"""The cache meter as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.cache_meter import numbers, picture
from llmlab.explorers.cache_meter.numbers import as_bytes
from llmlab.explorers.cache_meter.values import (
    BATCHES,
    GB,
    HEADS,
    LAYERS,
    LENGTHS,
    MEMORIES,
    PRECISIONS,
    SHARING,
    TARGET_LENGTH,
    TARGET_MEMORY,
    TARGET_MODEL,
    TARGET_TEXTS,
    WIDTHS,
    CacheTrace,
    CountFunction,
    compute,
)
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Scale
from llmlab.explorers.host.learner import learners_function, name_of, not_written
from llmlab.explorers.host.words import plural

QUESTION = Question(
    "One key and value head for all and 16 bits would take less memory still. Why not that?",
    (
        (
            "all query heads would look up the same keys",
            True,
            "One set of keys and values can say less than four, and the price is quality. Half the bits keep four.",
        ),
        ("the weights would grow", False, "They would shrink: the projections for keys and values would be narrower."),
        (
            "its cache would grow faster with the length",
            False,
            "More slowly: a token would take 16,384 bytes in place of 32,768.",
        ),
    ),
)


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
    heading = "Cache meter"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more
    count = learners_function()

    def __init__(self, count: CountFunction | None = None) -> None:
        super().__init__(
            title=self.heading,
            task=(
                f"Your target: {TARGET_TEXTS} texts of {TARGET_LENGTH:,} tokens in place of 8, with the same model "
                "(32 layers, 32 query heads of 128) on the same card of 24 GB, and with as many key and value heads as "
                "will fit."
            ),
            controls=[
                Scale("length", "Tokens of a text", LENGTHS, "8192", play=350, labels=tuple(map(_grouped, LENGTHS))),
                Scale("batch", "Texts at once", BATCHES, initial="8"),
                Choice("precision", "Numbers of the cache", tuple(PRECISIONS), initial="16 bits", look="buttons"),
                Choice("memory", "Card, GB", MEMORIES, initial="24", look="buttons"),
                Choice("sharing", "Query heads to a key/value head", tuple(SHARING), "1: multi-head", quiet=True),
                Scale("layers", "Layers", LAYERS, initial="32", quiet=True),
                Scale("heads", "Query heads", HEADS, initial="32", quiet=True),
                Scale("width", "Width of a head", WIDTHS, initial="128", quiet=True),
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
        return (
            f"{name} gives {trace.counted:,} bytes; two vectors per token, layer and head take {trace.chosen.cache:,}."
        )

    def target(self, trace: CacheTrace) -> tuple[bool, str]:
        one = trace.chosen
        sizes = {name: getattr(trace, name) for name in TARGET_MODEL}
        if sizes != TARGET_MODEL:
            return False, "Not yet: this is another model; the target's has 32 layers and 32 query heads of 128."
        if trace.memory != TARGET_MEMORY:
            return False, f"Not yet: this card has {trace.memory // GB} GB; the target's has {TARGET_MEMORY // GB}."
        if (trace.batch, trace.length) != (TARGET_TEXTS, TARGET_LENGTH):
            texts = plural(trace.batch, "text")
            return (
                False,
                f"Not yet: {texts} of {trace.length:,} tokens; wanted are {TARGET_TEXTS} of {TARGET_LENGTH:,}.",
            )
        if not trace.fits:
            over = as_bytes(one.total - trace.memory)
            return False, f"Not yet: {as_bytes(one.weights)} + {as_bytes(one.cache)} are {over} more than 24 GB."
        heads = plural(one.n_kv_heads, "key and value head")
        if one.n_kv_heads < trace.most_heads:
            return False, f"Not yet: it fits with {heads}, and there is a way to fit more."
        bits = 8 * trace.bytes_per_number
        bytes_taken = f"{as_bytes(one.weights)} of weights and {as_bytes(one.cache)} of cache"
        return True, f"Reached with {heads} and {bits} bits per number: {bytes_taken}. No more heads would fit."

    def question(self, trace: CacheTrace) -> Question:
        return QUESTION

    def limits(self, trace: CacheTrace) -> dict[str, list[str]]:
        return {"sharing": [one.sharing for one in trace.variants]}

    def code_for(self, state: dict[str, Any]) -> str:
        trace = compute(state)
        return (
            f"n_layers, n_kv_heads, d_head = {trace.n_layers}, {trace.chosen.n_kv_heads}, {trace.d_head}\n"
            f"length, batch_size, bytes_per_number = {trace.length}, {trace.batch}, {trace.bytes_per_number}\n"
            "keys_and_values = 2\n"
            "per_token = keys_and_values * n_layers * n_kv_heads * d_head * bytes_per_number\n"
            'print(f"{per_token * length * batch_size:,} bytes, {per_token:,} per token")'
        )


def _grouped(number: str) -> str:
    return f"{int(number):,}"
