"""Answers to "Route tokens to experts": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _mixture(
    chosen="logits.topk(k, dim=-1)",
    shares="largest.softmax(dim=-1)",
    output="x[n] @ experts[chosen[n, j]]",
    places="range(k)",
    result="total",
):
    """A `mixture` with one part of it changed."""
    return (
        "def mixture(x, router, experts, k):\n"
        "    logits = x @ router\n"
        f"    largest, chosen = {chosen}\n"
        f"    shares = {shares}\n"
        "    total = torch.zeros_like(x)\n"
        "    for n in range(len(x)):\n"
        f"        for j in {places}:\n"
        f"            total[n] += shares[n, j] * ({output})\n"
        f"    return {result}\n"
    )


WRONG = {
    "softmax-over-all": _mixture(shares="logits.softmax(dim=-1).gather(1, chosen)"),
    "all-experts-used": _mixture("logits, None", "logits.softmax(dim=-1)", "x[n] @ experts[j]", "range(len(experts))"),
    "not-weighted": _mixture(shares="torch.ones_like(largest)"),
    "equal-shares": _mixture(shares="torch.ones_like(largest) / k"),
    "only-the-best": _mixture("logits.topk(1, dim=-1)", places="range(1)"),
    "only-the-best: in its share": _mixture(places="range(1)"),
    "only-the-last": _mixture().replace("+=", "="),
    "smallest-chosen": _mixture("logits.topk(k, dim=-1, largest=False)"),
    "logits-as-shares": _mixture(shares="largest"),
    "softmax-over-tokens": _mixture(shares="largest.softmax(dim=0)"),
    "shares-turned-round": _mixture(shares="largest.softmax(dim=-1).flip(-1)"),
    "chosen-for-all": _mixture(
        "logits, logits.mean(0).topk(k).indices.expand(len(x), k)", "logits.gather(1, chosen).softmax(-1)"
    ),
    "place-not-number": _mixture(output="x[n] @ experts[j]"),
    "expert-turned": _mixture(output="experts[chosen[n, j]] @ x[n]"),
    "not-the-shape": _mixture(result="shares, chosen"),
    "not-the-shape: the logits": _mixture(result="logits"),
    "other-values": _mixture(output="x[n] + x[n] @ experts[chosen[n, j]]"),
    "tied-to-the-example": _mixture("logits.topk(min(2, len(experts)), dim=-1)", places="range(len(chosen[0]))"),
    "returns-none": _mixture(result="None"),
    "wrong-parameters": "def mixture(x, router, experts):\n    return x",
    "mutates-input": _mixture(output="x[n].mul_(2) @ experts[chosen[n, j]]"),
}

# What looks like a mistake and is another, or none.
NEAR_MISSES = {
    "softmax-over-all": _mixture(shares="(p := logits.softmax(-1).gather(1, chosen)) / p.sum(-1, keepdim=True)"),
    "all-experts-used": _mixture(
        "logits, None", "torch.ones_like(logits) / len(experts)", "x[n] @ experts[j]", "range(len(experts))"
    ),
    "not-weighted": WRONG["equal-shares"],
    "equal-shares": WRONG["not-weighted"],
    "only-the-best": _mixture(places="range(1, 2)"),
    "only-the-last": _mixture(places="range(1)"),
    "smallest-chosen": WRONG["shares-turned-round"],
    "logits-as-shares": _mixture(shares="largest / largest.sum(-1, keepdim=True)"),
    "softmax-over-tokens": _mixture(shares="logits.softmax(dim=0).gather(1, chosen)"),
    "shares-turned-round": WRONG["smallest-chosen"],
    "chosen-for-all": _mixture(
        "logits, logits[:1].topk(k).indices.expand(len(x), k)", "logits.gather(1, chosen).softmax(-1)"
    ),
    "place-not-number": _mixture(output="x[n] @ experts[len(experts) - 1 - j]"),
    "expert-turned": _mixture(output="x[n] @ experts[chosen[n, j]].flip(0)"),
    "not-the-shape": WRONG["other-values"],
    "other-values": WRONG["logits-as-shares"],
    "tied-to-the-example": WRONG["only-the-best"],
}

CRASHES = {
    "pair-of-topk": """
def mixture(x, router, experts, k):
    return (x @ router).topk(k, dim=-1).softmax(dim=-1)
""",
    "shapes-in-product": _mixture().replace("x @ router", "x @ router.T"),
    "all-tokens-in-one-row": _mixture(output="x @ experts[chosen[n, j]]"),
    "position-not-in-tensor": _mixture(output="x[n] @ experts[k + chosen[n, j]]"),
}

UNUSUAL = [
    _mixture(),
    """
def mixture(x, router, experts, k):
    logits = x @ router
    least = logits.sort(dim=-1, descending=True).values[:, k - 1 : k]
    shares = logits.masked_fill(logits < least, -torch.inf).softmax(dim=-1)
    return torch.einsum("ne,nd,edo->no", shares, x, experts)
""",
    """
def mixture(x, router, experts, k):
    largest, chosen = (x @ router).topk(k, dim=-1)
    shares, total = largest.softmax(dim=-1), torch.zeros_like(x)
    for e, expert in enumerate(experts):
        token, place = torch.where(chosen == e)
        total.index_add_(0, token, shares[token, place, None] * (x[token] @ expert))
    return total
""",
    """
def mixture(x, router, experts, k):
    import math
    rows = []
    for token in x:
        logits = (token @ router).tolist()
        best = sorted(range(len(logits)), key=lambda e: -logits[e])[:k]
        total = sum(math.exp(logits[e]) for e in best)
        rows.append(sum(math.exp(logits[e]) / total * (token @ experts[e]) for e in best).tolist())
    return rows
""",
]
