"""The values of the distribution sculptor: one distribution from logits to draws, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from llmlab.explorers.distribution_sculptor.counted import counted_model
from llmlab.explorers.host.learner import is_written
from llmlab.generation import sampling_probabilities

TEMPERATURES = ("0", "0.2", "0.5", "0.8", "1", "1.5", "2", "3", "5", "10")
TOP_K = ("1", "2", "3", "4", "5", "6", "8", "11", "16", "25", "50", "100", "all")
TOP_P = ("0.1", "0.3", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99", "1")
ROWS = 16  # tokens in the table; the others share a row
DRAWS = 20
OPEN = 0.5  # of as open as if all that have come next were equally likely: what the target asks for, everywhere

ProbabilityFunction = Callable[[Tensor, float, int | None, float | None], Any]


@dataclass(frozen=True)
class SculptorTrace:
    """One distribution over V tokens, step by step; all tensors are in order of falling logits.

    Attributes:
        context: the words before.
        tokens: the vocabulary.
        seen: how often each token followed the last two words in the counted text.
        logits: (V,).
        temperature, top_k, top_p: the settings; None for a cut that is off.
        scaled: logits divided by the temperature, (V,); None at temperature 0.
        softened: their softmax, (V,): probabilities before any cut.
        in_top_k: bool, (V,).
        after_top_k: softmax of those that are left, (V,).
        kept: bool, (V,): what is left after both cuts, by llmlab.
        expected: the probabilities by llmlab, (V,).
        probabilities: what the function returned, (V,).
        drawn: places of the tokens drawn.
        shown: how many of them the picture shows.
        plain: softmax of the logits at temperature 1 without any cut, (V,).
        everywhere: with the same setting, for each of the six contexts, the chance of a token that never came next,
            and how open the choice is: `choices` as a share of the tokens that did.
        own_function: whether `probabilities` is the learner's; False means that llmlab's stands in.
    """

    context: str
    tokens: tuple[str, ...]
    seen: tuple[int, ...]
    logits: Tensor
    temperature: float
    top_k: int | None
    top_p: float | None
    scaled: Tensor | None
    softened: Tensor
    in_top_k: Tensor
    after_top_k: Tensor
    kept: Tensor
    expected: Tensor
    probabilities: Tensor
    drawn: tuple[int, ...]
    shown: int
    plain: Tensor
    everywhere: tuple[tuple[float, float], ...]
    own_function: bool

    @property
    def total(self) -> float:
        """The sum of the probabilities: 1, unless the learner's function forgets to divide."""
        return float(self.probabilities.sum())

    @property
    def entropy(self) -> float:
        """Of the distribution that is drawn from, in bits."""
        shares = self.probabilities[self.probabilities > 0] / self.total
        return float(-(shares * shares.log2()).sum()) + 0.0  # no "-0"

    @property
    def choices(self) -> float:
        """2 to the entropy: as many equally likely tokens would leave it as open."""
        return 2**self.entropy

    @property
    def good_everywhere(self) -> tuple[bool, ...]:
        """For each context whether the setting lets in no nonsense and leaves the choice open enough."""
        return tuple(unseen == 0 and openness >= OPEN for unseen, openness in self.everywhere)

    @property
    def n_seen(self) -> int:
        """How many different tokens followed the last two words in the counted text."""
        return sum(count > 0 for count in self.seen)

    @property
    def unseen(self) -> float:
        """The chance of drawing a token that never came next in the counted text."""
        return float(self.probabilities[torch.tensor(self.seen) == 0].sum()) / self.total


def compute(state: dict[str, Any], probabilities: ProbabilityFunction | None = None) -> SculptorTrace:
    """The trace of a state of the distribution sculptor.

    Args:
        state: context, temperature, top_k, top_p, seed and draws.
        probabilities: the learner's `f(logits (V,), temperature, top_k, top_p)`, which returns (V,); None, or a
            function that is not written yet (it returns None or ...), lets llmlab's stand in.

    Raises:
        TypeError, ValueError: the function returned something that is not V probabilities.
        Exception: whatever the function raises.
    """
    vocabulary, contexts = counted_model()
    logits, seen = contexts[state["context"]]
    temperature = float(state["temperature"])
    top_k = None if state["top_k"] == "all" else int(state["top_k"])
    top_p = None if state["top_p"] == "1" else float(state["top_p"])

    softened = sampling_probabilities(logits, temperature=temperature)
    after_top_k = sampling_probabilities(logits, temperature=temperature, top_k=top_k)
    expected = sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p)

    def answered(logits: Tensor) -> tuple[Tensor, bool]:
        answer = None if probabilities is None else probabilities(logits.clone(), temperature, top_k, top_p)
        if is_written(answer):
            return _as_probabilities(answer, len(logits)), True
        return sampling_probabilities(logits, temperature=temperature, top_k=top_k, top_p=top_p), False

    answer, own_function = answered(logits)
    everywhere = tuple(_judged(answered(other)[0], counts) for other, counts in contexts.values())

    # Of equal logits, those that are kept come first.
    order = expected.argsort(descending=True, stable=True)
    order = order[logits[order].argsort(descending=True, stable=True)]
    answer = answer[order]
    # A draw is a point between 0 and the sum: it falls on a token as often as the token's share is long.
    points = torch.rand(DRAWS, generator=torch.Generator().manual_seed(state["seed"])) * answer.sum()
    drawn = torch.searchsorted(answer.cumsum(dim=0), points, right=True).clamp(max=int(answer.nonzero().max()))
    return SculptorTrace(
        context=state["context"],
        tokens=tuple(vocabulary[id] for id in order.tolist()),
        seen=tuple(seen[id] for id in order.tolist()),
        logits=logits[order],
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        scaled=logits[order] / temperature if temperature else None,
        softened=softened[order],
        in_top_k=after_top_k[order] > 0,
        after_top_k=after_top_k[order],
        kept=expected[order] > 0,
        expected=expected[order],
        probabilities=answer,
        drawn=tuple(drawn.tolist()),
        shown=state["draws"],
        plain=logits.softmax(dim=-1)[order],
        everywhere=everywhere,
        own_function=own_function,
    )


def _judged(shares: Tensor, seen: tuple[int, ...]) -> tuple[float, float]:
    """Of a distribution: the chance of what never came next, and how open it is beside all that did."""
    shares = shares / shares.sum()
    never = torch.tensor(seen) == 0
    kept = shares[shares > 0]
    return float(shares[never].sum()), 2 ** float(-(kept * kept.log2()).sum()) / int((~never).sum())


def _as_probabilities(answer: Any, size: int) -> Tensor:
    """What a learner's function returned as a float tensor (V,)."""
    try:
        answer = torch.as_tensor(answer, dtype=torch.float32).detach()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"the function must return a tensor of {size} probabilities, got {type(answer).__name__}"
        ) from None
    if answer.shape != (size,):
        raise ValueError(f"the function must return one probability per token, ({size},), got {tuple(answer.shape)}")
    if not (answer.isfinite() & (answer >= 0)).all():
        raise ValueError(
            "probabilities must be numbers of at least 0: the function returned NaN, inf or a negative one"
        )
    if not answer.any():
        raise ValueError("the function returned zeros alone: no token is left to draw")
    return answer
