"""Answers to "Mask before the softmax": wrong ones by misconception, unusual right ones, near misses, crashes."""

from __future__ import annotations


def _weights(body: str) -> str:
    return f"""
import math

def causal_weights(scores):
    T = len(scores)
    causal = torch.ones(T, T).tril()
    {body}
"""


WRONG = {
    "mask-after-the-softmax": _weights("return scores.softmax(-1) * causal"),
    "mask-after-the-softmax: filled": _weights("return scores.softmax(-1).masked_fill(causal == 0, 0.0)"),
    "01-mask-added": _weights("return (scores + causal).softmax(-1)"),
    "01-mask-added: of the future": _weights("return (scores + torch.ones(T, T).triu(1)).softmax(-1)"),
    "01-mask-added: taken away": _weights("return (scores - (1 - causal)).softmax(-1)"),
    "mask-multiplied": _weights("return (scores * causal).softmax(-1)"),
    "mask-multiplied: tril": _weights("return scores.tril().softmax(-1)"),
    "finite-number": _weights("return scores.masked_fill(causal == 0, -5.0).softmax(-1)"),
    "finite-number: larger": _weights("return scores.masked_fill(causal == 0, -30.0).softmax(-1)"),
    "finite-number: too little to be seen": _weights("return scores.masked_fill(causal == 0, -100.0).softmax(-1)"),
    "all-nan": _weights("return (scores + (1 - causal) * -math.inf).softmax(-1)"),
    "keepdim-missing": _weights("late = scores.softmax(-1) * causal\n    return late / late.sum(dim=-1)"),
    "keepdim-missing: by hand": _weights("late = scores.exp() * causal\n    return late / late.sum(dim=-1)"),
    "two-softmaxes": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(-1).softmax(-1)"),
    "two-softmaxes: one before the mask": _weights(
        "return scores.softmax(-1).masked_fill(causal == 0, -math.inf).softmax(-1)"
    ),
    "no-mask": _weights("return scores.softmax(-1)"),
    "mask-one-too-high": _weights("return scores.masked_fill(torch.ones(T, T).triu(2) == 1, -math.inf).softmax(-1)"),
    "mask-one-too-low": _weights("return scores.masked_fill(torch.ones(T, T).triu() == 1, -math.inf).softmax(-1)"),
    "mask-one-too-low: zeros": _weights(
        "return scores.masked_fill(torch.ones(T, T).triu() == 1, -math.inf).softmax(-1).nan_to_num(0.0)"
    ),
    "mask-inverted": _weights("return scores.masked_fill(causal == 1, -math.inf).softmax(-1)"),
    "mask-inverted: with itself": _weights("return scores.masked_fill(causal.tril(-1) == 1, -math.inf).softmax(-1)"),
    "mask-from-the-scores": _weights("return scores.masked_fill(scores.triu(1).bool(), -math.inf).softmax(-1)"),
    "mask-from-the-scores: tril": _weights("return scores.masked_fill(scores.tril() == 0, -math.inf).softmax(-1)"),
    "softmax-over-the-queries": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(0)"),
    "softmax-over-the-queries: renormalised": _weights(
        "late = scores.softmax(-1) * causal\n    return late / late.sum(0)"
    ),
    "one-softmax-for-all": _weights(
        "return scores.masked_fill(causal == 0, -math.inf).flatten().softmax(0).view(T, T)"
    ),
    "one-softmax-for-all: one sum": _weights("late = scores.softmax(-1) * causal\n    return late / late.sum()"),
    "no-softmax": _weights("return scores.masked_fill(causal == 0, -math.inf)"),
    "not-normalised": _weights("return scores.exp() * causal"),
    "transposed": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(-1).T"),
    "scaled-too": _weights("return scores.masked_fill(causal == 0, -math.inf).div(T ** 0.5).softmax(-1)"),
    "scaled-too: by the length": _weights("return (scores / T).masked_fill(causal == 0, -math.inf).softmax(-1)"),
    "not-a-square": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax(-1).sum(0)"),
    "not-a-square: a text": _weights("return 'triangle'"),
    "other-weights: the past set to 0": _weights("return scores.triu().softmax(-1)"),
    "other-weights": _weights("return (2 * scores).masked_fill(causal == 0, -math.inf).softmax(-1)"),
    "tied-to-the-example": _weights(
        "mask = torch.zeros(T, T).bool()\n    mask[:4, :4] = torch.ones(4, 4).triu(1).bool()[:T, :T]\n"
        "    return scores.masked_fill(mask, -math.inf).softmax(-1)"
    ),
    "mutates-input": _weights("return scores.masked_fill_(causal == 0, -math.inf).softmax(-1)"),
}

UNUSUAL = [
    # A late mask that is renormalised is no bug.
    _weights("late = scores.softmax(-1) * causal\n    return late / late.sum(-1, keepdim=True)"),
    _weights("return (scores + torch.full((T, T), -1e9).triu(1)).softmax(-1)"),
    _weights(
        "rows = []\n    for i, row in enumerate(scores.tolist()):\n"
        "        exps = [math.exp(s) for s in row[: i + 1]]\n"
        "        rows.append([e / sum(exps) for e in exps] + [0.0] * (T - i - 1))\n    return rows"
    ),
    _weights("return torch.where(causal.bool(), scores, -math.inf).double().softmax(-1)"),
]

NEAR_MISSES = {
    "mask-after-the-softmax": UNUSUAL[0],
    "01-mask-added": UNUSUAL[1],
    "mask-multiplied": _weights("return (scores * causal).masked_fill(causal == 0, -math.inf).softmax(-1)"),
    "all-nan": WRONG["mask-one-too-low"],
    "keepdim-missing": WRONG["softmax-over-the-queries: renormalised"],
    "two-softmaxes": WRONG["scaled-too"],
    "finite-number": UNUSUAL[1],
    "no-mask": WRONG["mask-one-too-high"],
    "mask-one-too-high": WRONG["no-mask"],
    "mask-one-too-low": WRONG["mask-inverted"],
    "mask-inverted": WRONG["transposed"],
    "mask-from-the-scores": _weights("return scores.masked_fill(scores.tril() + causal == 0, -math.inf).softmax(-1)"),
    "softmax-over-the-queries": WRONG["transposed"],
    "one-softmax-for-all": WRONG["not-normalised"],
    "no-softmax": WRONG["not-normalised"],
    "not-normalised": WRONG["mask-after-the-softmax"],
    "transposed": WRONG["softmax-over-the-queries"],
    "scaled-too": WRONG["other-weights"],
    "not-a-square": UNUSUAL[2],
    "other-weights": WRONG["scaled-too"],
    "tied-to-the-example": UNUSUAL[3],
}

CRASHES = {
    "mask-of-numbers": _weights("return scores.masked_fill(1 - causal, -math.inf).softmax(-1)"),
    "mask-of-numbers: where": _weights("return torch.where(causal, scores, -math.inf).softmax(-1)"),
    "numbers-turned-round": _weights("return scores.masked_fill(~causal, -math.inf).softmax(-1)"),
    "numbers-turned-round: the other way": _weights(
        "return scores.masked_fill(1 - causal.bool(), -math.inf).softmax(-1)"
    ),
    "numpys-k": _weights("return scores.masked_fill(torch.ones(T, T).triu(k=1) == 1, -math.inf).softmax(-1)"),
    "softmax-without-axis": _weights("return scores.masked_fill(causal == 0, -math.inf).softmax()"),
    "unknown-name": _weights("return scores.masked_fill(causal == 0, -inf).softmax(-1)"),
}

# A mistake that is known from elsewhere -> the misconceptions that name it.
KNOWN_MISTAKES = {
    "masking after softmax without renormalising, or adding a 0/1 mask to the scores": (
        "mask-after-the-softmax",
        "01-mask-added",
    )
}

# The lesson's cells that drive an explorer with the answer. The map sees what reaches what: not which weights they are.
DRIVEN = {
    "explorer": "InfluenceMap",
    "parts": ("def attend(x, W_query", "probe = InfluenceMap("),
    "unseen": frozenset({"returns-none", "mutates-input"}),
    "raises": (ValueError, TypeError, IndexError, RuntimeError, AttributeError),
    "names": {"draw": lambda *_: None},
}
