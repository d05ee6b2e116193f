"""Answers to "A running softmax": wrong ones by misconception, unusual right ones."""

from __future__ import annotations


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


WRONG = {
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
}

UNUSUAL = [
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
]

NEAR_MISSES = {
    "old-sum-not-moved": _update(old="total * 0.5"),
    "moved-the-wrong-way": _update(old="total * (new - largest)"),
    "old-sum-forgotten": _update(added="0"),
    "block-not-moved": _update(added="(block - block.min()).exp().sum()"),
    "exponential-forgotten": _update(added="(block - new).exp().mean()"),
    "only-the-blocks-maximum": _update("torch.minimum(largest, block.max())"),
    "no-maximum-taken-off": _update(old="total", added="(block - new).exp().sum()"),
    "old-maximum-kept": _update(result="largest, old + added"),
    "the-two-swapped": _update(result="old, new"),
    "overflow": _update(old="total * (largest - new).exp().clamp(min=1e-3)"),
    "not-from-nothing": _update(added="(block - new).exp().mean()"),
    "not-two-numbers": _update(result="[new, old + added]"),
    "other-values": _update(old="total"),
    "tied-to-the-example": _update(old="total", added="(block[:3] - new).exp().sum()"),
}

CRASHES = {
    "truth-of-many": _update("max(largest, block)"),
    "one-number-wanted": "import math\n" + _update(added="math.exp(block - new)"),
    "values-of-max": _update("torch.maximum(largest, block.max(dim=0))"),
}
