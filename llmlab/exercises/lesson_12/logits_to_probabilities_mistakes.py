"""Distributions over the next token: the right one, and what each known mistake makes of the logits."""

from __future__ import annotations

import torch
from torch import Tensor


def divided(shares: Tensor) -> Tensor:
    """Shares that sum to 1."""
    return shares / shares.sum()


def top_k(shares: Tensor, k: int | None) -> Tensor:
    """The shares of the k largest, not divided by their sum."""
    return shares if k is None else shares * (shares >= shares.topk(min(k, len(shares))).values[-1])


def top_p(shares: Tensor, p: float | None) -> Tensor:
    """The shares of the most probable tokens up to the one with which their sum reaches p, not divided by it."""
    if p is None:
        return shares
    kept, total = torch.zeros_like(shares), 0.0
    for place in shares.argsort(descending=True).tolist():
        kept[place] = shares[place]
        total += float(shares[place])
        if total >= p:
            break
    return kept


def probabilities(logits: Tensor, temperature: float, k: int | None, p: float | None) -> Tensor:
    """What the function should give."""
    softened = (logits.double() / temperature).softmax(dim=-1)
    return divided(top_p(divided(top_k(softened, k)), p))


def wrong_temperatures(logits: Tensor, T: float) -> dict[str, Tensor]:
    """What each known mistake gives at another temperature."""
    plain = logits.softmax(-1)
    return {
        "temperature-after-softmax": plain / T,
        "temperature-changes-nothing": plain,
        "softmax-twice": (plain / T).softmax(-1),
        "temperature-multiplies": (logits * T).softmax(-1),
    }


def wrong_top_ks(logits: Tensor, k: int) -> dict[str, Tensor]:
    """What each known mistake gives with top-k."""
    plain = logits.softmax(-1)
    kept = top_k(plain, k)
    zeroed = torch.where(kept > 0, logits, torch.zeros(()))
    return {
        "top-k-not-renormalised": kept,
        "top-k-changes-nothing": plain,
        "softmax-of-zeros": zeroed.softmax(-1),
        "softmax-twice": kept.softmax(-1),
        "softmax-twice: of those that were kept": plain.masked_fill(kept == 0, -torch.inf).softmax(-1),
        "first-k-of-the-vocabulary": divided(plain * (torch.arange(len(plain)) < k)),
        "keeps-the-least-probable": divided(plain * (plain <= (-plain).topk(k).values[-1].neg())),
        "one-too-many-by-top-k": divided(top_k(plain, k + 1)),
        "one-too-few-by-top-k": divided(top_k(plain, max(1, k - 1))),
    }


def wrong_top_ps(logits: Tensor, p: float) -> dict[str, Tensor]:
    """What each known mistake gives with top-p."""
    plain = logits.softmax(-1)
    kept = top_p(plain, p)
    n = int((kept > 0).sum())
    in_order = plain * (plain.cumsum(0) - plain < p)
    order = plain.argsort(descending=True)
    models = {
        "top-p-not-renormalised": kept,
        "top-p-changes-nothing": plain,
        "one-too-many-by-top-p": divided(top_k(plain, n + 1)),
        "not-sorted": divided(in_order),
        "each-token-against-p": plain * (plain >= p),
        "not-put-back": divided(kept).sort(descending=True).values,
        "not-put-back: the places that are cut": divided(plain * (torch.arange(len(plain)) < n)),
        "put-back-from-the-wrong-places": divided(kept).sort(descending=True).values[order],
        "probabilities-lost": divided((kept > 0).float()),
    }
    if n > 1:
        fewer = top_k(plain, n - 1)
        models |= {"one-too-few-by-top-p": divided(fewer), "top-p-not-renormalised": kept}
    return models
