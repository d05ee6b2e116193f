"""Answers to "Grouped queries": wrong ones by misconception, near misses, crashes, unusual right ones."""

from __future__ import annotations


def _grouped(
    keys="k.repeat_interleave(size, dim=0)",
    values="v.repeat_interleave(size, dim=0)",
    scores="q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5",
    context="scores.softmax(dim=-1) @ v",
    result="context",
):
    """A `grouped_attention` with one part of it changed."""
    return (
        "def grouped_attention(q, k, v):\n"
        "    size = len(q) // len(k)\n"
        f"    k, v = {keys}, {values}\n"
        f"    scores = {scores}\n"
        f"    context = {context}\n"
        f"    return {result}\n"
    )


WRONG = {
    "takes-turns": _grouped("k.repeat(size, 1, 1)", "v.repeat(size, 1, 1)"),
    "takes-turns: keys alone": _grouped("k.repeat(size, 1, 1)"),
    "takes-turns: values alone": _grouped(values="v.repeat(size, 1, 1)"),
    "all-share-the-first": _grouped("k[:1]", "v[:1]"),
    "all-share-the-mean": _grouped("k.mean(0, keepdim=True)", "v.mean(0, keepdim=True)"),
    "one-context-per-group": _grouped(
        "k", "v", "q.reshape(len(k), size, *q.shape[1:]).mean(1) @ k.mT / q.shape[-1] ** 0.5"
    ),
    "first-of-each-group": _grouped(result="context[::size]"),
    "not-scaled": _grouped(scores="q @ k.mT"),
    "scaled-by-the-heads": _grouped(scores="q @ k.mT / len(q) ** 0.5"),
    "softmax-over-queries": _grouped(context="scores.softmax(dim=-2) @ v"),
    "keys-as-values": _grouped(context="scores.softmax(dim=-1) @ k"),
    "no-softmax": _grouped(context="scores @ v"),
    "weights-not-context": _grouped(context="scores.softmax(dim=-1)"),
    "heads-merged": _grouped(result="context.transpose(0, 1).flatten(1)"),
    "groups-kept-apart": _grouped(result="context.reshape(-1, size, *context.shape[1:])"),
    "causal": _grouped(
        context="scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -torch.inf).softmax(-1) @ v"
    ),
    "not-a-tensor": _grouped(result="(context, scores.softmax(dim=-1))"),
    "not-the-shape": _grouped(result="context[0]"),
    "no-root": _grouped(scores="q @ k.mT / q.shape[-1]"),
    "other-context": _grouped(scores="-q @ k.mT / q.shape[-1] ** 0.5"),
    "tied-to-the-example": _grouped(
        "k.repeat_interleave(3, dim=0)[: len(q)]", "v.repeat_interleave(3, dim=0)[: len(q)]"
    ),
    "returns-none": _grouped(result="None"),
    "wrong-parameters": "def grouped_attention(q, k):\n    return q",
    "mutates-input": _grouped(scores="q.mul_(2) @ k.mT"),
}

UNUSUAL = [
    _grouped(),
    """
def grouped_attention(q, k, v):
    q = q.reshape(len(k), -1, *q.shape[1:])
    weights = (torch.einsum("ghtd,gsd->ghts", q, k) / q.shape[-1] ** 0.5).softmax(-1)
    return torch.einsum("ghts,gsd->ghtd", weights, v).flatten(0, 1)
""",
    """
def grouped_attention(q, k, v):
    contexts = []
    for head in range(len(q)):
        group = head * len(k) // len(q)
        contexts.append(torch.nn.functional.scaled_dot_product_attention(q[head], k[group], v[group]).tolist())
    return contexts
""",
]

NEAR_MISSES = {
    "takes-turns": _grouped("k.flip(0).repeat_interleave(size, dim=0)", "v.flip(0).repeat_interleave(size, dim=0)"),
    "all-share-the-first": _grouped("k[-1:]", "v[-1:]"),
    "all-share-the-mean": _grouped("k.sum(0, keepdim=True)", "v.sum(0, keepdim=True)"),
    "one-context-per-group": _grouped(result="context.reshape(-1, size, *context.shape[1:]).mean(1)"),
    "first-of-each-group": _grouped(result="context[size - 1 :: size]"),
    "not-scaled": _grouped(scores="q @ k.mT / q.shape[-1]"),
    "scaled-by-the-heads": _grouped(scores="q @ k.mT / len(q)"),
    "softmax-over-queries": _grouped(context="scores.sigmoid() @ v"),
    "keys-as-values": _grouped(context="scores.softmax(dim=-1) @ (k + v)"),
    "no-softmax": _grouped(context="scores.relu() @ v"),
    "weights-not-context": _grouped(context="scores.sigmoid()"),
    "heads-merged": _grouped(result="context.flatten(0, 1)"),
    "groups-kept-apart": _grouped(result="context[None]"),
    "causal": _grouped(
        context="scores.masked_fill(torch.ones(scores.shape[-2:]).tril(-1).bool(), -torch.inf).softmax(-1) @ v"
    ),
    "not-a-tensor": _grouped(result="context.tolist()"),
    "not-the-shape": _grouped(result="context.flip(0)"),
    "no-root": _grouped(scores="q @ k.mT"),
    "other-context": _grouped(scores="q @ k.mT"),
    "tied-to-the-example": _grouped("k[[0, 0, 0, 1, 1, 0]]", "v[[0, 0, 0, 1, 1, 0]]"),
}

CRASHES = {
    "heads-do-not-match": _grouped("k", "v"),
    "heads-do-not-match: values": _grouped(values="v"),
    "position-not-whole": _grouped()
    .replace("len(q) // len(k)", "len(q) / len(k)")
    .replace("k.repeat_interleave(size, dim=0)", "torch.stack([k[head] for head in range(size)])"),
    "copies-not-whole": _grouped().replace("len(q) // len(k)", "len(q) / len(k)"),
    "copies-not-whole: of a list": _grouped("torch.cat([k] * size)").replace("len(q) // len(k)", "len(q) / len(k)"),
    "all-dimensions-turned": _grouped(scores="q @ k.T / q.shape[-1] ** 0.5"),
}
