"""Answers to "Attention with a cache": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


def _step(
    keys="torch.cat([keys, k])",
    values="torch.cat([values, v])",
    context="(q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values",
    result="context, keys, values",
):
    """A `cached_step` with one part of it changed."""
    return (
        "def cached_step(q, k, v, keys, values):\n"
        f"    keys, values = {keys}, {values}\n"
        f"    context = {context}\n"
        f"    return {result}\n"
    )


WRONG = {
    "does-not-see-itself": """
def cached_step(q, k, v, keys, values):
    context = (q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values
    return context, torch.cat([keys, k]), torch.cat([values, v])
""",
    "cache-not-read": _step(context="(q @ k.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ v"),
    "cache-not-grown": """
def cached_step(q, k, v, keys, values):
    all_keys, all_values = torch.cat([keys, k]), torch.cat([values, v])
    return (q @ all_keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ all_values, keys, values
""",
    "cache-not-grown: from nothing": """
def cached_step(q, k, v, keys, values):
    if len(keys) == 0:
        return v, keys, values
    keys, values = torch.cat([keys, k]), torch.cat([values, v])
    return (q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values, keys, values
""",
    "cache-replaced": _step("k", "v"),
    "new-one-in-front": _step("torch.cat([k, keys])", "torch.cat([v, values])"),
    "not-scaled": _step(context="(q @ keys.T).softmax(dim=-1) @ values"),
    "scaled-by-the-tokens": _step(context="(q @ keys.T / len(keys) ** 0.5).softmax(dim=-1) @ values"),
    "softmax-over-queries": _step(context="(q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=0) @ values"),
    "keys-as-values": _step(context="(q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ keys"),
    "keys-as-values: in the cache": _step(values="torch.cat([keys, k])"),
    "old-values": _step(context="(q @ keys[:-1].T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values[1:]"),
    "mask-hides-the-past": _step(
        context="torch.nn.functional.scaled_dot_product_attention(q, keys, values, is_causal=True)"
    ),
    "context-without-its-row": _step(context="(q[0] @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values"),
    "weights-not-context": _step(context="(q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1)"),
    "no-softmax": _step(context="q @ keys.T / q.shape[-1] ** 0.5 @ values"),
    "not-three-things": _step(result="context"),
    "not-three-things: in another order": _step(result="keys, values, context"),
    "other-cache": _step("torch.cat([keys, q])"),
    "no-root": _step(context="(q @ keys.T / q.shape[-1]).softmax(dim=-1) @ values"),
    "keys-and-values-swapped": _step(result="context, values, keys"),
    "added-not-appended": _step("keys + k", "values + v"),
    "added-not-appended: for what comes back": _step(result="context, keys[:2] + k, values"),
    "other-context": _step(context="(q @ -keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values"),
    "tied-to-the-example": _step(context="(q @ keys[-3:].T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values[-3:]"),
    "tied-to-the-example: root of two": _step(context="(q @ keys.T / 2 ** 0.5).softmax(dim=-1) @ values"),
    "returns-none": "def cached_step(q, k, v, keys, values):\n    keys = torch.cat([keys, k])",
    "wrong-parameters": "def cached_step(q, keys, values):\n    return q, keys, values",
}

UNUSUAL = [
    _step(context="torch.nn.functional.scaled_dot_product_attention(q, keys, values)"),
    """
def cached_step(q, k, v, keys, values):
    keys, values = torch.vstack((keys, k)), torch.vstack((values, v))
    scores = [sum(a * b for a, b in zip(q[0], key)) / len(q[0]) ** 0.5 for key in keys]
    weights = torch.stack(scores).softmax(dim=0)
    return torch.einsum("t,td->d", weights, values)[None], keys, values
""",
    """
def cached_step(q, k, v, keys, values):
    T, d = keys.shape
    longer = torch.zeros(2, T + 1, d)
    for old, new, place in ((keys, k, longer[0]), (values, v, longer[1])):
        place[:T], place[T:] = old, new
    return (q @ longer[0].T / v.shape[-1] ** 0.5).softmax(dim=-1) @ longer[1], longer[0], longer[1]
""",
]

NEAR_MISSES = {
    "does-not-see-itself": _step(context="(q @ keys[1:].T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values[1:]"),
    "cache-not-read": _step(context="v * 2"),
    "cache-not-grown": _step("torch.cat([keys, k, k])"),
    "cache-replaced": _step("torch.cat([k, k])"),
    "new-one-in-front": _step("torch.cat([keys[:1], k, keys[1:]])"),
    "not-scaled": _step(context="(q @ keys.T * q.shape[-1] ** 0.5).softmax(dim=-1) @ values"),
    "scaled-by-the-tokens": _step(context="(q @ keys.T / len(keys)).softmax(dim=-1) @ values"),
    "softmax-over-queries": _step(context="(q @ keys.T / q.shape[-1] ** 0.5).sigmoid() @ values"),
    "keys-as-values": _step(context="(q @ keys.T / q.shape[-1] ** 0.5).softmax(dim=-1) @ (keys + values)"),
    "old-values": _step(context="(q @ keys[1:].T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values[:-1]"),
    "mask-hides-the-past": _step(context="values[1:2] if len(values) > 1 else values"),
    "context-without-its-row": _step(context="(q[0] @ keys.T).softmax(dim=-1) @ values"),
    "weights-not-context": _step(context="(q @ keys.T).softmax(dim=-1)"),
    "no-softmax": _step(context="q @ keys.T @ values"),
    "no-root": _step(context="(q @ keys.T / 3).softmax(dim=-1) @ values"),
    "keys-and-values-swapped": _step(result="context, values, values"),
    "added-not-appended": _step("keys - k"),
    "not-three-things": _step(result="[context, keys, values]"),
    "other-cache": _step("torch.cat([k, keys])"),
    "other-context": _step(context="(q @ keys.T).softmax(dim=-1) @ values"),
    "tied-to-the-example": _step(context="(q @ keys[:2].T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values[:2]"),
}

CRASHES = {
    "appended-to-a-tensor": _step("keys.append(k)"),
    "cat-without-a-list": _step("torch.cat(keys, k)"),
    "key-not-turned: one has not grown": _step("keys + k"),
    "key-not-turned": _step(context="(q @ keys / q.shape[-1] ** 0.5).softmax(dim=-1) @ values"),
}
