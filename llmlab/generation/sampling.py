"""From logits to the probabilities that a token is drawn from, temperature, then top-k, then top-p; and the draw.

Sources: Fan et al. 2018 for top-k; Holtzman et al. 2020 for top-p, "nucleus sampling".
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from llmlab.utils.arguments import require_count, require_number
from llmlab.utils.tensors import widened


def sampling_probabilities(
    logits: Tensor, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Logits (..., V) to the probabilities (..., V) that a token is drawn from.

    Args:
        logits: one score for each token, -inf for what must not be chosen.
        temperature: the logits are divided by it: below 1 sharper, above 1 flatter, 0 takes the largest logit alone.
        top_k: only the k most probable tokens stay (more where several share the last place; 1 takes the largest logit
            alone, the first of several); None for all.
        top_p: of these, only the fewest tokens whose probabilities add up to p or more stay; None, like 1, for all.

    Returns:
        float64 for logits of float64, otherwise float32, in which 16-bit logits are computed too: their own sums over
        a vocabulary are too coarse to cut at a probability, or to draw from.

    Raises:
        TypeError: logits that are not a tensor of numbers, or a setting of another type.
        ValueError: a setting out of range, or logits from which no probabilities follow, such as NaN.

    >>> logits = torch.tensor([0.5, 0.3, 0.2]).log()
    >>> sampling_probabilities(logits, top_k=2)
    tensor([0.6250, 0.3750, 0.0000])
    >>> sampling_probabilities(logits, temperature=0)
    tensor([1., 0., 0.])
    """
    require_settings(temperature, top_k, top_p)
    scores = _as_scores(logits)
    divisor = min(float(temperature), torch.finfo(scores.dtype).max) or 1.0
    largest = scores.amax(dim=-1) / divisor
    if not largest.isfinite().all():
        raise ValueError(
            f"the largest logit, divided by the temperature {temperature}, must be a finite number, got "
            f"{largest[~largest.isfinite()][0].item()}: has the model diverged, or is the temperature too close to 0?"
        )
    if temperature == 0 or top_k == 1:
        return torch.zeros_like(scores).scatter(-1, scores.argmax(dim=-1, keepdim=True), 1.0)
    if top_k is not None and top_k < scores.shape[-1]:
        last = scores.topk(int(top_k), dim=-1).values[..., -1:]
        scores = scores.masked_fill(scores < last, -torch.inf)  # before the division, which may round two to one
    probabilities = (scores / divisor).softmax(dim=-1)
    if top_p is not None and top_p < 1:
        ranked, order = probabilities.sort(dim=-1, descending=True, stable=True)
        before = ranked.cumsum(dim=-1) - ranked  # what the more probable tokens add up to: the first has 0 and stays
        kept = torch.zeros_like(probabilities, dtype=torch.bool).scatter(-1, order, before < float(top_p))
        probabilities = probabilities * kept
        probabilities = probabilities / probabilities.sum(dim=-1, keepdim=True)
    return probabilities


def draw(probabilities: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """One token for each row of `sampling_probabilities`: (B, V) -> int64 (B, 1), never one of probability 0."""
    chosen = torch.multinomial(probabilities, 1, generator=generator)
    # It divides by random numbers, and one that is rounded to 0 makes 0 / 0 of an impossible token, which then wins.
    impossible = probabilities.gather(-1, chosen) == 0
    return torch.where(impossible, probabilities.argmax(dim=-1, keepdim=True), chosen)


def _as_scores(logits: Tensor) -> Tensor:
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits must be a tensor, got {type(logits).__name__}: write torch.tensor([...])")
    if logits.dtype == torch.bool or logits.is_complex():
        raise TypeError(f"logits must be real numbers, got {logits.dtype}: write logits.float()")
    if logits.dim() == 0 or 0 in logits.shape:
        raise ValueError(f"logits must have the shape (..., V) with at least one token, got {tuple(logits.shape)}")
    return widened(logits) if logits.is_floating_point() else logits.float()


def require_settings(temperature: float, top_k: int | None, top_p: float | None) -> None:
    """Raise unless temperature, top-k and top-p are in range."""
    require_number("temperature", temperature)
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    if math.isinf(temperature):
        raise ValueError("temperature must be finite, got inf: 100 already makes most logits equal")
    if top_k is not None:
        require_count("top_k", top_k)
    if top_p is not None:
        require_number("top_p", top_p)
        if not 0 < top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
