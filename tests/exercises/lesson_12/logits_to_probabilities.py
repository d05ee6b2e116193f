"""Answers to "From logits to probabilities": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


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


WRONG = {
    "temperature-after-softmax": _sampler("logits.softmax(dim=-1) / temperature"),
    "temperature-changes-nothing": _sampler("logits.softmax(dim=-1)"),
    "temperature-changes-nothing: divided and divided again": _sampler(
        "logits.softmax(dim=-1) / temperature; p = p / p.sum()"
    ),
    "softmax-twice": _sampler("(logits.softmax(dim=-1) / temperature).softmax(dim=-1)"),
    "softmax-twice: after top-k": _sampler(after_k="p.softmax(dim=-1)"),
    "softmax-twice: of those that were kept": _sampler(after_k="torch.where(p > 0, p, -torch.inf).softmax(dim=-1)"),
    "temperature-multiplies": _sampler("(logits * temperature).softmax(dim=-1)"),
    "top-k-not-renormalised": _sampler(after_k="p"),
    "softmax-of-zeros": _sampler(after_k="torch.where(p > 0, logits / temperature, torch.tensor(0.0)).softmax(dim=-1)"),
    "first-k-of-the-vocabulary": _sampler(kept_k="torch.arange(len(p)) < top_k"),
    "keeps-the-least-probable": _sampler(kept_k="p <= p.topk(min(top_k, len(p)), largest=False).values[-1]"),
    "top-k-changes-nothing": _sampler(kept_k="p >= 0"),
    "top-p-changes-nothing": _sampler(kept_p="ranked >= 0"),
    "one-too-many-by-top-k": _sampler(kept_k="p >= p.topk(min(top_k + 1, len(p))).values[-1]"),
    "one-too-many-by-top-p": _sampler(kept_p="torch.arange(len(p)) <= (ranked.cumsum(0) - ranked < top_p).sum()"),
    "one-too-few-by-top-p": _sampler(kept_p="ranked.cumsum(0) <= top_p"),
    "one-too-few-by-top-k": _sampler(kept_k="p > p.topk(min(top_k, len(p))).values[-1]"),
    "top-p-not-renormalised": _sampler(after_p="p"),
    "not-sorted": _sampler(ranked="(p, torch.arange(len(p)))"),
    "each-token-against-p": _sampler(kept_p="ranked >= top_p", after_p="p"),
    "not-put-back": _sampler(after_p="(ranked * (ranked.cumsum(0) - ranked < top_p)).div(p.sum())"),
    "not-put-back: the places that are cut": _sampler(
        ranked="p.sort(descending=True)[0], torch.arange(len(p))", kept_p="ranked.cumsum(0) - ranked < top_p"
    ),
    "put-back-from-the-wrong-places": _sampler(
        after_p="(ranked * (ranked.cumsum(0) - ranked < top_p))[order]; p = p / p.sum()"
    ),
    "probabilities-lost": _sampler(after_p="keep / keep.sum()"),
    "logits-returned": _sampler("logits / temperature"),
    "nothing-left": _sampler(kept_p="ranked >= top_p"),
    "not-numbers": _sampler(after_k="torch.where(p > 0, p, -torch.inf); p = p / p.sum()"),
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
    "top-p-of-all-tokens: top-p first": """
def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()
    p = (logits / temperature).softmax(dim=-1)
    if top_p is not None:
        ranked, order = p.sort(descending=True)
        p = p.index_fill(0, order[ranked.cumsum(0) - ranked >= top_p], 0)
        p = p / p.sum()
    if top_k is not None:
        p = p * (p >= p.topk(min(top_k, len(p))).values[-1])
    return p / p.sum()
""",
    "only-one-of-the-cuts": _sampler().replace("    if top_p is", "    elif top_p is"),
    "only-one-of-the-cuts: the other": _sampler().replace("if top_k is not None", "if top_p is None and top_k"),
    "zero-is-greedy": _sampler(zero="logits.softmax(dim=-1)"),
    "not-the-shape": "def next_probabilities(logits, temperature, top_k, top_p):\n    return logits.argmax()",
    "other-values": _sampler("(logits - temperature).sigmoid()"),
    "tied-to-the-example": _sampler(kept_k="p >= p.topk(min(top_k, len(p), 5)).values[-1]"),
    "mutates-input": _sampler("logits.div_(temperature).softmax(dim=-1)"),
    "returns-none": "def next_probabilities(logits, temperature, top_k, top_p):\n    p = logits.softmax(dim=-1)",
    "wrong-parameters": "def next_probabilities(logits):\n    return logits.softmax(dim=-1)",
}

UNUSUAL = [
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
]

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "temperature applied after softmax": ("temperature-after-softmax", "temperature-changes-nothing"),
    "top-k applied to probabilities and not renormalised": ("top-k-not-renormalised",),
}

# The lesson's cells that drive an explorer with the answer.
# Temperature 0 does not occur there.
DRIVEN = {
    "explorer": "DistributionSculptor",
    "parts": ("probe = DistributionSculptor(",),
    "unseen": frozenset({"returns-none", "zero-is-greedy", "mutates-input"}),
    "raises": (TypeError, ValueError),
}

_LOGITS_CUT = """
def next_probabilities(logits, temperature, top_k, top_p):
    if temperature == 0:
        return torch.nn.functional.one_hot(logits.argmax(), len(logits)).float()
    logits = logits / temperature
    if top_k is not None:
        logits = logits.masked_fill({cut}, -torch.inf)
    return logits.softmax(dim=-1)
"""
NEAR_MISSES = {
    "temperature-after-softmax": _sampler("logits.softmax(dim=-1) * temperature"),
    "temperature-changes-nothing": _sampler("(logits / temperature**2).softmax(dim=-1)"),
    "softmax-twice": _sampler("(logits.sigmoid() / temperature).softmax(dim=-1)"),
    "temperature-multiplies": _sampler("(logits / temperature / 2).softmax(dim=-1)"),
    "top-k-not-renormalised": _sampler(after_k="p / p.max()"),
    "softmax-of-zeros": _sampler(
        after_k="torch.where(p > 0, logits / temperature, torch.tensor(-1.0)).softmax(dim=-1)"
    ),
    "first-k-of-the-vocabulary": _sampler(kept_k="torch.arange(len(p)) >= len(p) - top_k"),
    "keeps-the-least-probable": _sampler(kept_k="p < p.topk(min(top_k, len(p))).values[-1]"),
    "top-k-changes-nothing": _sampler(kept_k="p >= p.min() * 1.01"),
    "one-too-many-by-top-k": _sampler(kept_k="p >= p.topk(min(top_k + 2, len(p))).values[-1]"),
    "one-too-few-by-top-k": _LOGITS_CUT.format(cut="logits <= logits.topk(min(top_k, len(logits))).values[0]"),
    "top-p-changes-nothing": _sampler(kept_p="torch.arange(len(p)) < len(p) - 1"),
    "one-too-many-by-top-p": _sampler(kept_p="torch.arange(len(p)) <= (ranked.cumsum(0) - ranked < top_p).sum() + 1"),
    "one-too-few-by-top-p": _sampler(kept_p="torch.arange(len(p)) < 1"),
    "top-p-not-renormalised": _sampler(after_p="p / p.max()"),
    "not-sorted": _sampler(ranked="p.sort()"),
    "each-token-against-p": _sampler(kept_p="ranked >= 1 - top_p", after_p="p"),
    "not-put-back": _sampler(after_p="(p / p.sum()).flip(0)"),
    "put-back-from-the-wrong-places": WRONG["not-put-back"],
    "probabilities-lost": _sampler(after_p="keep / len(keep)"),
    "logits-returned": _sampler("logits / temperature - logits.max()"),
    "nothing-left": _sampler(kept_p="ranked > 0", after_p="p / 2"),
    "not-numbers": _sampler(after_k="p * 1e30"),
    "temperature-after-the-cuts": _sampler("(logits / temperature**0.5).softmax(dim=-1)"),
    "top-p-of-all-tokens": _sampler(kept_p="ranked.cumsum(0) <= top_p"),
    "only-one-of-the-cuts": WRONG["top-p-of-all-tokens"],
    "zero-is-greedy": _sampler(zero="torch.nn.functional.one_hot(logits.argmax(), len(logits)).double()"),
    "not-the-shape": _sampler(after_k="(p / p.sum()).tolist(); p = torch.tensor(p)"),
    "other-values": _sampler("(logits * temperature).softmax(dim=-1)"),
    "tied-to-the-example": _sampler(kept_k="p >= p.topk(2).values[-1]"),
}

CRASHES = {
    "k-larger-than-v": _sampler(kept_k="p >= p.topk(top_k).values[-1]"),
    "cut-that-is-off": _LOGITS_CUT.replace("if top_k is not None", "if True").format(
        cut="logits < logits.topk(top_k).values[-1]"
    ),
    "sort-gives-two": _sampler(ranked="(p.sort(descending=True), p)"),
    "sort-gives-two: a slice of them": _sampler(kept_k="p > 0", after_k="p.sort(descending=True)[:top_k].float()"),
}
