"""Answers to "Find the bugs: a softmax with two faults": wrong ones, unusual right ones, near misses, crashes."""

from __future__ import annotations


def _weights(body: str) -> str:
    return f"""
import torch

def attention_weights(scores):
    highest = scores.max(dim=-1, keepdim=True).values
    {body}
"""


WRONG = {
    "columns-sum-to-one": _weights("powers = torch.exp(scores)\n    return powers / powers.sum(-2, keepdim=True)"),
    "columns-sum-to-one: ready-made": _weights("return torch.softmax(scores, dim=0)"),
    "columns-sum-to-one: rows shifted": _weights(
        "powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=0, keepdim=True)"
    ),
    "columns-sum-to-one: columns shifted": _weights(
        "powers = torch.exp(scores - scores.max(0).values)\n    return powers / powers.sum(0)"
    ),
    "sum-of-another-row": _weights("powers = torch.exp(scores)\n    return powers / powers.sum(dim=1)"),
    "sum-of-another-row: rows shifted": _weights(
        "powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=-1)"
    ),
    "sum-of-another-row: no keepdim at all": _weights(
        "powers = torch.exp(scores - scores.max(dim=-1).values)\n    return powers / powers.sum(dim=-1)"
    ),
    "one-sum-for-all": _weights("powers = torch.exp(scores)\n    return powers / powers.sum()"),
    "one-sum-for-all: shifted": _weights("powers = torch.exp(scores - highest)\n    return powers / powers.sum()"),
    "maximum-of-another-row": _weights(
        "powers = torch.exp(scores - scores.max(dim=-1).values)\n    return powers / powers.sum(-1, keepdim=True)"
    ),
    "maximum-of-another-row: columns": _weights(
        "powers = torch.exp(scores - scores.max(0).values)\n    return powers / powers.sum(-1, keepdim=True)"
    ),
    "maximum-divided": _weights(
        "powers = torch.exp(scores / highest)\n    return powers / powers.sum(-1, keepdim=True)"
    ),
    "one-maximum-for-all": _weights(
        "powers = torch.exp(scores - scores.max())\n    return powers / powers.sum(-1, keepdim=True)"
    ),
    "exponential-missing": _weights("return scores / scores.sum(-1, keepdim=True)"),
    "exponential-missing: below": _weights("return torch.exp(scores) / scores.sum(-1, keepdim=True)"),
    "exponential-missing: afterwards": _weights("return torch.exp(scores / scores.sum(-1, keepdim=True))"),
    "not-divided": _weights("return torch.exp(scores)"),
    "not-divided: shifted": _weights("return torch.exp(scores - highest)"),
    "log-weights": _weights("return torch.log_softmax(scores, dim=-1)"),
    "one-winner": _weights("return (scores == highest).float()"),
    "scaled-here": _weights("return torch.softmax(scores / scores.shape[-1] ** 0.5, dim=-1)"),
    "overflows": _weights("powers = torch.exp(scores)\n    return powers / powers.sum(dim=-1, keepdim=True)"),
    "overflows: later": _weights(
        "powers = torch.exp(scores.double())\n    return powers / powers.sum(dim=-1, keepdim=True)"
    ),
    "overflows: above the minimum": _weights(
        "powers = torch.exp(scores - scores.min(-1, keepdim=True).values)\n"
        "    return powers / powers.sum(dim=-1, keepdim=True)"
    ),
    "scores-cut-off: covered up": _weights(
        "powers = torch.exp(scores)\n    return (powers / powers.sum(dim=-1, keepdim=True)).nan_to_num()"
    ),
    "scores-cut-off": _weights(
        "powers = torch.exp(scores.clamp(max=50))\n    return powers / powers.sum(dim=-1, keepdim=True)"
    ),
    "axis-from-the-front": _weights(
        "powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=1, keepdim=True)"
    ),
    "axis-from-the-front: ready-made": _weights("return torch.softmax(scores, dim=1)"),
    "axis-from-the-front: looped over": """
import torch

def attention_weights(scores):
    rows = []
    for row in scores:
        powers = torch.exp(row - row.max())
        rows.append(powers / powers.sum())
    return torch.stack(rows)
""",
    "axis-from-the-front: turned": _weights(
        "powers = torch.exp(scores - highest)\n    return (powers.T / powers.sum(dim=1)).T"
    ),
    "other-shape": _weights("return torch.softmax(scores, dim=-1).sum(dim=-1)"),
    "other-weights": _weights("return torch.sigmoid(scores)"),
    "tied-to-the-example": _weights("return torch.softmax(scores[..., :4], dim=-1)"),
    "returns-none": _weights("powers = torch.exp(scores - highest)"),
    "mutates-input": _weights("scores -= highest\n    return torch.softmax(scores, dim=-1)"),
}

UNUSUAL = [
    _weights("return torch.softmax(scores, dim=-1)"),
    _weights("return torch.exp(scores - scores.logsumexp(dim=-1, keepdim=True))"),
    _weights(
        "print(scores.shape)\n    powers = torch.exp((scores - highest).double())\n"
        "    return torch.einsum('...ij,...i->...ij', powers, 1 / powers.sum(-1))"
    ),
    """
import math

def attention_weights(scores):
    if scores.dim() > 1:
        return [attention_weights(row) for row in scores]
    row = scores.tolist()
    powers = [math.exp(score - max(row)) for score in row]
    return [power / sum(powers) for power in powers]
""",
]

NEAR_MISSES = {
    "columns-sum-to-one": WRONG["one-sum-for-all"],
    "sum-of-another-row": WRONG["columns-sum-to-one: columns shifted"],
    "one-sum-for-all": WRONG["sum-of-another-row"],
    "maximum-of-another-row": WRONG["sum-of-another-row: rows shifted"],
    "maximum-divided": WRONG["scaled-here"],
    "one-maximum-for-all": UNUSUAL[0],
    "exponential-missing": WRONG["not-divided"],
    "not-divided": WRONG["one-sum-for-all: shifted"],
    "log-weights": WRONG["not-divided: shifted"],
    "one-winner": _weights("return torch.softmax(3 * scores, dim=-1)"),
    "scaled-here": _weights("return torch.softmax(scores * 2, dim=-1)"),
    "overflows": WRONG["scores-cut-off"],
    "scores-cut-off": WRONG["overflows"],
    "axis-from-the-front": WRONG["columns-sum-to-one: ready-made"],
    "other-shape": UNUSUAL[3],
    "other-weights": WRONG["log-weights"],
    "tied-to-the-example": UNUSUAL[2],
}

CRASHES = {
    "max-is-a-pair": _weights(
        "powers = torch.exp(scores - scores.max(dim=-1, keepdim=True))\n"
        "    return powers / powers.sum(dim=-1, keepdim=True)"
    ),
    "exp-of-a-table": """
import math

def attention_weights(scores):
    powers = math.exp(scores)
    return powers / powers.sum(dim=-1, keepdim=True)
""",
    "exp-of-a-table: of a row": """
import math

def attention_weights(scores):
    return [[math.exp(row) / sum(map(math.exp, row)) for _ in row] for row in scores]
""",
    "third-axis": _weights("powers = torch.exp(scores - highest)\n    return powers / powers.sum(dim=2, keepdim=True)"),
    "unknown-name": "def attention_weights(scores):\n    return np.exp(scores)",
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "softmax over the wrong axis": ("columns-sum-to-one",),
    "a garbled softmax formula, the sum over the wrong index": ("sum-of-another-row",),
}
