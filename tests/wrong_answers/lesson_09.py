"""Named wrong answers and unusual right ones for lesson 09, as a learner would type them.

Keys are misconception ids, with words after a colon where several answers share one. For 09.2 an answer is an
expression; for the others it is a cell that defines a function.
"""


def _sampler(
    softened="(logits / temperature).softmax(dim=-1)",
    kept_k="p >= p.topk(min(top_k, len(p))).values[-1]",
    after_k="p / p.sum()",
    kept_p="ranked.cumsum(0) - ranked < top_p",
    ranked="p.sort(descending=True)",
    after_p="p / p.sum()",
    zero="torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()",
):
    """A `next_probabilities` with one part of it changed."""
    return (
        "def next_probabilities(logits, temperature, top_k, top_p):\n"
        "    if temperature == 0:\n"
        f"        return {zero}\n"
        f"    p = {softened}\n"
        "    if top_k is not None:\n"
        f"        p = p * ({kept_k})\n"
        f"        p = {after_k}\n"
        "    if top_p is not None:\n"
        f"        ranked, order = {ranked}\n"
        f"        keep = torch.zeros(len(p), dtype=torch.bool).scatter(0, order, {kept_p})\n"
        "        p = p * keep\n"
        f"        p = {after_p}\n"
        "    return p\n"
    )


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


def _bytes(result):
    return (
        "def kv_cache_bytes(n_layers, n_kv_heads, d_head, length, batch_size, bytes_per_number):\n"
        f"    return {result}\n"
    )


def _update(
    new="torch.maximum(largest, block.max())",
    old="total * (largest - new).exp()",
    added="(block - new).exp().sum()",
    result="new, old + added",
):
    """An `update` with one part of it changed."""
    return (
        "def update(largest, total, block):\n"
        f"    new = {new}\n"
        f"    old = {old}\n"
        f"    added = {added}\n"
        f"    return {result}\n"
    )


WRONG: dict[str, dict[str, str]] = {
    "09.1": {
        "temperature-after-softmax": _sampler("logits.softmax(dim=-1) / temperature"),
        "temperature-changes-nothing": _sampler("logits.softmax(dim=-1)"),
        "temperature-changes-nothing: divided and divided again": _sampler(
            "logits.softmax(dim=-1) / temperature; p = p / p.sum()"
        ),
        "softmax-twice": _sampler("(logits.softmax(dim=-1) / temperature).softmax(dim=-1)"),
        "softmax-twice: after top-k": _sampler(after_k="p.softmax(dim=-1)"),
        "temperature-multiplies": _sampler("(logits * temperature).softmax(dim=-1)"),
        "top-k-not-renormalised": _sampler(after_k="p"),
        "softmax-of-zeros": _sampler(
            after_k="torch.where(p > 0, logits / temperature, torch.tensor(0.0)).softmax(dim=-1)"
        ),
        "first-k-of-the-vocabulary": _sampler(kept_k="torch.arange(len(p)) < top_k"),
        "keeps-the-least-probable": _sampler(kept_k="p <= p.topk(min(top_k, len(p)), largest=False).values[-1]"),
        "cut-changes-nothing": _sampler(kept_k="p >= 0"),
        "cut-changes-nothing: top-p": _sampler(kept_p="ranked >= 0"),
        "one-too-many": _sampler(kept_k="p >= p.topk(min(top_k + 1, len(p))).values[-1]"),
        "one-too-many: top-p": _sampler(kept_p="torch.arange(len(p)) <= (ranked.cumsum(0) - ranked < top_p).sum()"),
        "one-too-few": _sampler(kept_p="ranked.cumsum(0) <= top_p"),
        "one-too-few: top-k": _sampler(kept_k="p > p.topk(min(top_k, len(p))).values[-1]"),
        "top-p-not-renormalised": _sampler(after_p="p"),
        "not-sorted": _sampler(ranked="(p, torch.arange(len(p)))"),
        "each-token-against-p": _sampler(kept_p="ranked >= top_p", after_p="p"),
        "not-put-back": _sampler(after_p="(ranked * (ranked.cumsum(0) - ranked < top_p)).div(p.sum())"),
        "not-put-back: the places that are cut": _sampler(
            ranked="p.sort(descending=True)[0], torch.arange(len(p))", kept_p="ranked.cumsum(0) - ranked < top_p"
        ),
        "probabilities-lost": _sampler(after_p="keep / keep.sum()"),
        "logits-returned": _sampler("logits / temperature"),
        "nothing-left": _sampler(kept_p="ranked >= top_p"),
        "nothing-left: first sum": _sampler(kept_p="(ranked.cumsum(0) - ranked < top_p) & (ranked[0] < top_p)"),
        "temperature-after-the-cuts": """
def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()
    if top_k is not None:
        logits = logits.masked_fill(logits < logits.topk(min(top_k, len(logits))).values[-1], -torch.inf)
    if top_p is not None:
        ranked, order = logits.softmax(dim=-1).sort(descending=True)
        logits = logits.index_fill(0, order[ranked.cumsum(0) - ranked >= top_p], -torch.inf)
    return (logits / temperature).softmax(dim=-1)
""",
        "top-p-of-all-tokens": """
def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()
    p = (logits / temperature).softmax(dim=-1)
    kept = p.clone()
    if top_k is not None:
        kept[p < p.topk(min(top_k, len(p))).values[-1]] = 0
    if top_p is not None:
        ranked, order = p.sort(descending=True)
        kept[order[ranked.cumsum(0) - ranked >= top_p]] = 0
    return kept / kept.sum()
""",
        "zero-is-greedy": _sampler(zero="logits.softmax(dim=-1)"),
        "not-the-shape": "def next_probabilities(logits, temperature, top_k, top_p):\n    return logits.argmax()",
        "other-values": _sampler("(logits - temperature).sigmoid()"),
        "tied-to-the-example": _sampler(kept_k="p >= p.topk(min(top_k, len(p), 5)).values[-1]"),
        "mutates-input": _sampler("logits.div_(temperature).softmax(dim=-1)"),
        "returns-none": "def next_probabilities(logits, temperature, top_k, top_p):\n    p = logits.softmax(dim=-1)",
        "wrong-parameters": "def next_probabilities(logits):\n    return logits.softmax(dim=-1)",
    },
    "09.2": {
        "the-two-swapped": "(8, 26)",
        "one-pass-too-many": "(35, 9)",
        "one-pass-too-many: with a cache": "(26, 9)",
        "one-pass-too-many: each step reads its own token": "(30, 8)",
        "new-tokens-forgotten": "(20, 8)",
        "nothing-again": "(9, 5)",
        "prompt-is-free": "(26, 4)",
        "not-two-numbers": "26",
        "not-two-numbers: words": "('many', 'few')",
        "count-again": "(27, 7)",
    },
    "09.3": {
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
        "other-context": _step(context="(q @ keys.T / q.shape[-1]).softmax(dim=-1) @ values"),
        "tied-to-the-example": _step(context="(q @ keys[-3:].T / q.shape[-1] ** 0.5).softmax(dim=-1) @ values[-3:]"),
        "tied-to-the-example: root of two": _step(context="(q @ keys.T / 2 ** 0.5).softmax(dim=-1) @ values"),
        "returns-none": "def cached_step(q, k, v, keys, values):\n    keys = torch.cat([keys, k])",
        "wrong-parameters": "def cached_step(q, keys, values):\n    return q, keys, values",
    },
    "09.4": {
        "keys-only": _bytes("n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
        "queries-too": _bytes("3 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
        "layers-forgotten": _bytes("2 * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
        "heads-forgotten": _bytes("2 * n_layers * d_head * length * batch_size * bytes_per_number"),
        "width-forgotten": _bytes("2 * n_layers * n_kv_heads * length * batch_size * bytes_per_number"),
        "length-forgotten": _bytes("2 * n_layers * n_kv_heads * d_head * batch_size * bytes_per_number"),
        "batch-forgotten": _bytes("2 * n_layers * n_kv_heads * d_head * length * bytes_per_number"),
        "numbers-not-bytes": _bytes("2 * n_layers * n_kv_heads * d_head * length * batch_size"),
        "bits-not-bytes": _bytes("8 * 2 * n_layers * n_kv_heads * d_head * length * batch_size * bytes_per_number"),
        "length-squared": _bytes(
            "2 * n_layers * n_kv_heads * d_head * length * length * batch_size * bytes_per_number"
        ),
        "weights-stored": _bytes("n_layers * n_kv_heads * length * length * batch_size * bytes_per_number"),
        "not-a-number": _bytes("(n_layers, n_kv_heads)"),
        "other-count": _bytes("n_layers + n_kv_heads"),
        "tied-to-the-example": _bytes("2 * n_layers * n_kv_heads * d_head * length * batch_size * 2"),
        "tied-to-the-example: at most": _bytes(
            "2 * n_layers * n_kv_heads * min(d_head, 64) * length * batch_size * bytes_per_number"
        ),
        "returns-none": _bytes("None").replace("return", "total = n_layers; return"),
        "wrong-parameters": "def kv_cache_bytes(n_layers, d_head):\n    return 2 * n_layers * d_head",
    },
    "09.5": {
        "old-sum-not-moved": _update(old="total"),
        "moved-the-wrong-way": _update(old="total * (new - largest).exp()"),
        "old-sum-forgotten": _update(old="0"),
        "block-not-moved": _update(added="(block - block.max()).exp().sum()"),
        "old-sum-not-moved: nor the block": _update(old="total", added="(block - block.max()).exp().sum()"),
        "exponential-forgotten": _update(added="(block - new).sum()"),
        "other-values: the factor is not an exponential": _update(old="total * (largest - new)"),
        "only-the-blocks-maximum": _update("block.max()"),
        "no-maximum-taken-off": _update(old="total", added="block.exp().sum()"),
        "old-maximum-kept": _update("largest"),
        "the-two-swapped": _update(result="old + added, new"),
        "overflow": _update(old="total * largest.exp() / new.exp()", added="block.exp().sum() / new.exp()"),
        "not-from-nothing": _update(old="total * (largest - new).exp() if total > 0 else 1.0"),
        "not-two-numbers": _update(result="(block - new).exp() / (old + added)"),
        "other-values": _update(added="(block - new).exp().mean()"),
        "tied-to-the-example": _update(added="(block[:3] - new).exp().sum()"),
        "returns-none": _update(result="None"),
        "wrong-parameters": "def update(block):\n    return block.max(), block.exp().sum()",
    },
}

UNUSUAL: dict[str, list[str]] = {
    "09.1": [
        _sampler(),
        """
def next_probabilities(logits, temperature, top_k, top_p):
    import math
    n = len(logits)
    scores = [float(x) for x in logits]
    order = sorted(range(n), key=lambda i: -scores[i])
    if temperature == 0:
        return [float(i == order[0]) for i in range(n)]
    shares = [math.exp((s - scores[order[0]]) / temperature) for s in scores]
    kept = order[: top_k or n]
    total, chosen = sum(shares[i] for i in kept), []
    for i in kept:
        chosen.append(i)
        if top_p is not None and sum(shares[j] for j in chosen) / total >= top_p:
            break
    whole = sum(shares[i] for i in chosen)
    return [shares[i] / whole if i in chosen else 0.0 for i in range(n)]
""",
        """
def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return (logits == logits.max()).double()
    logits = logits / temperature
    if top_k is not None:
        logits = logits.masked_fill(logits < logits.topk(min(top_k, len(logits))).values[-1], -torch.inf)
    if top_p is not None:
        ranked, order = logits.softmax(dim=-1).sort(descending=True)
        logits = logits.index_fill(0, order[ranked.cumsum(0) - ranked >= top_p], -torch.inf)
    return logits.softmax(dim=-1)
""",
    ],
    "09.2": ["[26, 8]", "torch.tensor([26, 8])", "(5 + 6 + 7 + 8, 5 + 3 * 1)", "(26.0, 8.0)"],
    "09.3": [
        _step(context="torch.nn.functional.scaled_dot_product_attention(q, keys, values)"),
        """
def cached_step(q, k, v, keys, values):
    keys, values = torch.vstack((keys, k)), torch.vstack((values, v))
    scores = [sum(a * b for a, b in zip(q[0], key)) / len(q[0]) ** 0.5 for key in keys]
    weights = torch.stack(scores).softmax(dim=0)
    return torch.einsum("t,td->d", weights, values)[None], keys, values
""",
    ],
    "09.4": [
        _bytes("bytes_per_number * batch_size * length * (n_kv_heads * d_head) * 2 * n_layers"),
        """
def kv_cache_bytes(*sizes):
    total = 2
    for size in sizes:
        total = total * size
    return torch.tensor(total)
""",
    ],
    "09.5": [
        _update(),
        """
def update(largest, total, block):
    import math
    for score in block.tolist():
        new = max(float(largest), score)
        total = float(total) * math.exp(float(largest) - new) + math.exp(score - new)
        largest = new
    return largest, total
""",
        """
def update(largest, total, block):
    scores = torch.cat([(largest + total.log()).reshape(1), block])
    new = torch.cat([largest.reshape(1), block]).amax()
    return new, (scores.logsumexp(0) - new).exp()
""",
    ],
}

# Mistakes of reference/known_mistakes.md: which wrong answers show them.
KNOWN_MISTAKES = {
    "temperature applied after softmax": [
        ("09.1", "temperature-after-softmax"),
        ("09.1", "temperature-changes-nothing"),
    ],
    "top-k applied to probabilities and not renormalised": [("09.1", "top-k-not-renormalised")],
}
