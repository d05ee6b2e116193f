"""Answers to "Bytes of a cache": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _bytes(result):
    return (
        "def kv_cache_bytes(n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number):\n"
        f"    return {result}\n"
    )


WRONG = {
    "keys-only": _bytes("n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "queries-too": _bytes("3 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "layers-forgotten": _bytes("2 * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "heads-forgotten": _bytes("2 * n_layers * d_head * length * batch_size * bytes_per_number"),
    "width-forgotten": _bytes("2 * n_layers * n_kv_heads * length * batch_size * bytes_per_number"),
    "length-forgotten": _bytes("2 * n_layers * n_kv_heads * d_head * batch_size * bytes_per_number"),
    "batch-forgotten": _bytes("2 * n_layers * n_kv_heads * d_head * length * bytes_per_number"),
    "numbers-not-bytes": _bytes("2 * n_layers * n_kv_heads * d_head * length * batch_size"),
    "bits-not-bytes": _bytes("8 * 2 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "length-squared": _bytes("2 * n_layers * n_kv_heads * d_head * length * length * batch_size * bytes_per_number"),
    "weights-stored": _bytes("n_layers * n_kv_heads * length * length * batch_size * bytes_per_number"),
    "not-a-number": _bytes("(n_layers, n_kv_heads)"),
    "other-count": _bytes("n_layers + n_kv_heads"),
    "tied-to-the-example": _bytes("2 * n_layers * n_kv_heads * d_head * length * batch_size * 2"),
    "tied-to-the-example: another number": _bytes("2 * n_layers * n_kv_heads * d_head * length * batch_size * 8"),
    "tied-to-the-example: the lesson's heads": _bytes(
        "2 * n_layers * 6 * d_head * length * batch_size * bytes_per_number"
    ),
    "tied-to-the-example: two numbers": _bytes("2 * n_layers * n_kv_heads * 64 * length * 5 * bytes_per_number"),
    "tied-to-the-example: at most": _bytes(
        "2 * n_layers * n_kv_heads * min(d_head, 64) * length * batch_size * bytes_per_number"
    ),
    "returns-none": _bytes("None").replace("return", "total = n_layers; return"),
    "wrong-parameters": "def kv_cache_bytes(n_layers, d_head):\n    return 2 * n_layers * d_head",
}

UNUSUAL = [
    _bytes("bytes_per_number * batch_size * length * (n_kv_heads * d_head) * 2 * n_layers"),
    """
def kv_cache_bytes(*sizes):
    total = 2
    for size in sizes:
        total = total * size
    return torch.tensor(total)
""",
]

NEAR_MISSES = {
    "keys-only": _bytes("n_layers * n_kv_heads * d_head * length * batch_size"),
    "queries-too": _bytes("3 * n_layers * n_kv_heads * d_head * length * batch_size"),
    "layers-forgotten": _bytes("n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "heads-forgotten": _bytes("n_layers * d_head * length * batch_size * bytes_per_number"),
    "width-forgotten": _bytes("n_layers * n_kv_heads * length * batch_size * bytes_per_number"),
    "length-forgotten": _bytes("n_layers * n_kv_heads * d_head * batch_size * bytes_per_number"),
    "batch-forgotten": _bytes("n_layers * n_kv_heads * d_head * length * bytes_per_number"),
    "numbers-not-bytes": _bytes("2 * n_layers * n_kv_heads * d_head * length * batch_size * 2"),
    "bits-not-bytes": _bytes("16 * 2 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "length-squared": _bytes("n_layers * n_kv_heads * d_head * length * length * batch_size * bytes_per_number"),
    "weights-stored": _bytes("2 * n_layers * n_kv_heads * length * length * batch_size * bytes_per_number"),
    "not-a-number": _bytes("2.0 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "other-count": _bytes("n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
    "tied-to-the-example": _bytes("7 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
}

CRASHES = {
    "unknown-name": _bytes("2 * n_layers * n_heads * d_head * length * batch_size * bytes_per_number"),
    "called-not-multiplied": _bytes("2 (n_layers * n_kv_heads) * d_head * length * batch_size * bytes_per_number"),
    "unknown-name: math": _bytes("2 * math.prod([n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number])"),
}

# The lesson's cells that drive an explorer with the answer.
DRIVEN = {
    "explorer": "CacheMeter",
    "parts": ("probe = CacheMeter(",),
    "unseen": frozenset({"returns-none", "mutates-input"}),
    "raises": (TypeError,),
}
