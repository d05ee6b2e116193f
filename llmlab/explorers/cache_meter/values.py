"""The values of the cache meter: the bytes of cache and weights for every sharing of key and value heads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any

from llmlab.explorers.host.learner import is_written
from llmlab.generation import cache_bytes

VOCABULARY = 32_000
WEIGHT_BYTES = 2  # bytes per number of the weights
LAYERS = ("4", "8", "12", "24", "32", "40", "80")
HEADS = ("8", "16", "32", "64")
WIDTHS = ("32", "64", "128")
SHARING = {"1: multi-head": 1, "2": 2, "4": 4, "8": 8, "all: multi-query": 0}  # query heads to a key/value head
# Steps of 1,024 tokens, so that playing them fills the memory evenly; the long ones beyond come by doubling.
LENGTHS = ("256", *map(str, range(1024, 16_384 + 1, 1024)), "32768", "65536", "131072")
BATCHES = ("1", "2", "4", "8", "16", "32", "64")
PRECISIONS = {"8 bits": 1, "16 bits": 2, "32 bits": 4}
MEMORIES = ("8", "16", "24", "48", "80")
GB = 10**9

# The target: a model of the 7B kind (its layers, heads and width), so many texts of that length, this memory.
TARGET_MODEL = {"n_layers": 32, "n_heads": 32, "d_head": 128}
TARGET_TEXTS, TARGET_LENGTH, TARGET_MEMORY = 32, 8_192, 24 * GB

CountFunction = Callable[[int, int, int, int, int, int], int]


@dataclass(frozen=True)
class Variant:
    """One choice of key and value heads.

    Attributes:
        name: multi-head, grouped-query or multi-query.
        sharing: the value of the control that sets it.
        n_kv_heads: heads of keys and values.
        cache: bytes of the cache.
        weights: bytes of the model's weights.
    """

    name: str
    sharing: str
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
        length, batch: tokens held for each text, and texts.
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
        """What one more token of one text adds to the cache."""
        return self.chosen.cache // (self.length * self.batch)

    def texts_that_fit(self, one: Variant) -> int:
        """How many texts of this length the memory beside the weights holds."""
        return max(0, self.memory - one.weights) // (one.cache // self.batch)

    @property
    def most_heads(self) -> int:
        """The most key and value heads with which all of it fits, in a cache of as few bits as there are; 0: none."""
        fewest = min(PRECISIONS.values())
        small = [(one, one.cache // self.bytes_per_number * fewest) for one in self.variants]
        return max((one.n_kv_heads for one, cache in small if one.weights + cache <= self.memory), default=0)

    @property
    def tokens_that_fit(self) -> int:
        """Tokens, over all texts, that the memory beside the weights holds."""
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

    def variant(sharing: str) -> Variant:
        n_kv_heads = n_heads // (SHARING[sharing] or n_heads)
        name = {n_heads: "multi-head", 1: "multi-query"}.get(n_kv_heads, "grouped-query")
        cache = cache_bytes(n_layers, n_kv_heads, d_head, length, batch, bytes_per_number)
        weights = WEIGHT_BYTES * _parameters(n_layers, n_heads, n_kv_heads, d_head)
        return Variant(name, sharing, n_kv_heads, cache, weights)

    chosen = variant(state["sharing"])
    # Two values may come to the same (8 query heads, shared by 8 or by all): then the one that is set stands for both.
    by_heads = {one.n_kv_heads: one for one in (*map(variant, SHARING), chosen)}
    variants = tuple(by_heads[n] for n in sorted(by_heads, reverse=True))
    arguments = (n_layers, chosen.n_kv_heads, d_head, length, batch, bytes_per_number)
    counted = None if count is None else count(*arguments)
    own_function = is_written(counted)
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
