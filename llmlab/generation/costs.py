"""What the keys and values of a cache take in memory; needs no PyTorch."""

from __future__ import annotations

import math

from llmlab.utils.arguments import as_count


def cache_bytes(
    n_layers: int, n_kv_heads: int, d_head: int, length: int, batch_size: int = 1, bytes_per_number: int = 2
) -> int:
    """Bytes that the keys and values of a full cache take: two vectors per token, layer and key/value head.

    Args:
        n_layers: blocks, each with a cache of its own.
        n_kv_heads: heads of keys and values: as many as query heads (multi-head attention), fewer (grouped-query), or
            one (multi-query).
        d_head: width of one head.
        length: tokens held for each text, prompt and new ones together.
        batch_size: texts held at once.
        bytes_per_number: 4 for float32, 2 for bfloat16 and float16, 1 for 8-bit numbers.

    Raises:
        TypeError: an argument is not an int.
        ValueError: an argument is below 1 (`length`: below 0).

    >>> cache_bytes(n_layers=12, n_kv_heads=12, d_head=64, length=1_024)  # GPT-2 with a full context, 16 bits
    37748736
    """
    sizes = {"n_layers": n_layers, "n_kv_heads": n_kv_heads, "d_head": d_head, "length": length}
    sizes |= {"batch_size": batch_size, "bytes_per_number": bytes_per_number}
    # As Python's ints: a product of NumPy's 32 bits would begin anew at 2³¹ without a word.
    return 2 * math.prod(as_count(name, size, least=0 if name == "length" else 1) for name, size in sizes.items())
