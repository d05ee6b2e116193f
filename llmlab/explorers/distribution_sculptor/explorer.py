"""The distribution sculptor (lesson 09): from logits to the probabilities that the next token is drawn from.

The logits are those of a counted model: the logarithm of how often each token followed the last two words in the toy
world's text, mixed with how often it followed the last one and how often it stands anywhere, so that every token has a
chance. Such a model has the long tail that trained ones have too, and knows which tokens have never come next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import torch
import traitlets
from torch import Tensor

from llmlab.corpus import toy_world
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range
from llmlab.generation import sampling_probabilities
from llmlab.tokenizers import WordTokenizer

SENTENCES = 5_000  # of the toy world, counted
SHARES = (0.9, 0.09, 0.01)  # of the counts after two words, after one, and anywhere
CONTEXTS = ("the dogs", "the queen loves her", "he is a good", "the horse runs in the", "the king is", "she is a")
TEMPERATURES = ("0", "0.2", "0.5", "0.8", "1", "1.5", "2", "3", "5", "10")
TOP_K = ("all", "1", "2", "3", "4", "5", "6", "8", "11", "16", "25", "50", "100")
TOP_P = ("0.1", "0.3", "0.5", "0.7", "0.8", "0.9", "0.95", "0.99", "1")
ROWS = 16  # tokens in the table; the others share a row
DRAWS = 20
VARIETY = 0.9  # of the tokens that have come next: what the target asks for

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
    def n_seen(self) -> int:
        """How many different tokens followed the last two words in the counted text."""
        return sum(count > 0 for count in self.seen)

    @property
    def unseen(self) -> float:
        """The chance of drawing a token that never came next in the counted text."""
        return float(self.probabilities[torch.tensor(self.seen) == 0].sum()) / self.total


@cache
def counted_model() -> tuple[tuple[str, ...], dict[str, tuple[Tensor, tuple[int, ...]]]]:
    """The vocabulary, and for each context the logits (V,) and how often each token came next."""
    text = toy_world(SENTENCES)
    tokenizer = WordTokenizer.from_text(text, special_tokens=("<|endoftext|>",), unknown="<|endoftext|>")
    ids = tokenizer.encode(text)
    anywhere = _counts(ids, len(tokenizer))
    contexts = {}
    for context in CONTEXTS:
        *_, before, last = tokenizer.encode(context)
        after_two = _counts(
            [c for a, b, c in zip(ids, ids[1:], ids[2:], strict=False) if (a, b) == (before, last)], len(tokenizer)
        )
        after_one = _counts([c for b, c in zip(ids, ids[1:], strict=False) if b == last], len(tokenizer))
        mixed = sum(
            share * counts / counts.sum()
            for share, counts in zip(SHARES, (after_two, after_one, anywhere), strict=True)
        )
        contexts[context] = mixed.log().float(), tuple(after_two.int().tolist())
    return tuple(tokenizer.vocabulary.values()), contexts


def _counts(ids: list[int], size: int) -> Tensor:
    counts = Counter(ids)
    return torch.tensor([counts[id] for id in range(size)], dtype=torch.float64)


def compute(state: dict[str, Any], probabilities: ProbabilityFunction | None = None) -> SculptorTrace:
    """The trace of a state of the distribution sculptor.

    Args:
        state: context, temperature, top_k, top_p and seed.
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
    answer = None if probabilities is None else probabilities(logits.clone(), temperature, top_k, top_p)
    own_function = answer is not None and answer is not ...
    answer = _as_probabilities(answer, len(logits)) if own_function else expected

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
        own_function=own_function,
    )


def _as_probabilities(answer: Any, size: int) -> Tensor:
    """What a learner's function returned as a float tensor (V,)."""
    try:
        answer = torch.as_tensor(answer, dtype=torch.float32).detach()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"the function must return a tensor of {size} probabilities, got {type(answer).__name__}"
        ) from None
    if answer.shape != (size,):
        raise ValueError(f"the function must return one probability a token, ({size},), got {tuple(answer.shape)}")
    if not (answer.isfinite() & (answer >= 0)).all():
        raise ValueError(
            "probabilities must be numbers of at least 0: the function returned NaN, inf or a negative one"
        )
    if not answer.any():
        raise ValueError("the function returned zeros alone: no token is left to draw")
    return answer


def render(trace: SculptorTrace) -> str:
    """The trace as HTML: the order of operations, totals, and a table with a bar for each token."""
    return _order(trace) + _numbers(trace) + _table(trace) + _draws(trace)


def describe(trace: SculptorTrace) -> str:
    """The trace in words: what is kept, the most probable tokens, how open the choice is, what is drawn."""
    best = ", ".join(
        f"{token} {share:.1%}"
        for token, share in zip(trace.tokens[:3], trace.probabilities[:3].tolist(), strict=True)
        if share > 0
    )
    return (
        f"After “{trace.context}”: {_how_many_kept(trace)}. Most probable: {best}. The entropy is "
        f"{trace.entropy:.2f} bits, as open as {trace.choices:.1f} equally likely tokens; {_percent(trace.unseen)} "
        f"goes to tokens that never came next in the counted text. The first draw is {trace.tokens[trace.drawn[0]]}."
    )


def _how_many_kept(trace: SculptorTrace) -> str:
    kept, size = int((trace.probabilities > 0).sum()), len(trace.tokens)
    return f"{kept} of {size} tokens can be drawn"


def _order(trace: SculptorTrace) -> str:
    """The steps in the order in which they are taken."""
    if not trace.temperature:
        steps = ["logits", "temperature 0: the largest alone (greedy)", "draw"]
    else:
        steps = ["logits", f"÷ temperature {trace.temperature:g}"]
        steps += [f"keep the top {trace.top_k}"] if trace.top_k else []
        steps += ["softmax"]
        steps += [f"keep the first that reach {trace.top_p:g}, divide by their sum"] if trace.top_p else []
        steps += ["draw"]
    return f'<div class="llmlab-numbers llmlab-steps">{" → ".join(f"<span>{step}</span>" for step in steps)}</div>'


def _numbers(trace: SculptorTrace) -> str:
    facts = {
        "can be drawn": f"{int((trace.probabilities > 0).sum())} of {len(trace.tokens)}",
        "sum": f"{trace.total:.3f}",
        "entropy": f"{trace.entropy:.2f} bits",
        "as open as": f"{trace.choices:.1f} equal tokens",
        "came next in the text": f"{trace.n_seen} tokens",
        "chance of another one": _percent(trace.unseen),
    }
    return (
        '<div class="llmlab-numbers">'
        + " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
        + "</div>"
    )


def _table(trace: SculptorTrace) -> str:
    names = ["token", "came next", "logit", "÷ temp.", "softmax", "after top-k", "running sum", "probability", "", ""]
    head = "".join(f"<th>{name}</th>" for name in [*names, "drawn"])
    running = trace.after_top_k.cumsum(dim=0).tolist()
    scaled = ["–"] * ROWS if trace.scaled is None else [f"{value:.2f}" for value in trace.scaled[:ROWS].tolist()]
    logits, softened = trace.logits[:ROWS].tolist(), trace.softened.tolist()
    after_top_k, in_top_k = trace.after_top_k.tolist(), trace.in_top_k.tolist()
    probabilities, kept = trace.probabilities.tolist(), trace.kept.tolist()
    largest = max(*softened, *probabilities)
    drawn = Counter(trace.drawn)
    rows = ""
    for i in range(ROWS):
        cut = (
            "" if kept[i] else "cut by top-p" if in_top_k[i] else "cut by top-k" if trace.temperature else "not largest"
        )
        left = [f"{after_top_k[i]:.3f}", f"{running[i]:.3f}"] if in_top_k[i] else ["–", "–"]
        numbers = [trace.seen[i], f"{logits[i]:.2f}", scaled[i], f"{softened[i]:.3f}", *left, f"{probabilities[i]:.3f}"]
        share, look = (probabilities[i], "kept") if probabilities[i] > 0 else (softened[i], "cut")
        rows += (
            f'<tr><th class="llmlab-token">{escape(trace.tokens[i])}</th>{"".join(map(_cell, numbers))}'
            f"{_bar(look, share / largest)}<td>{cut}</td>{_cell(drawn[i] or '')}</tr>"
        )
    others = range(ROWS, len(trace.tokens))
    sums = [sum(values[i] for i in others) for values in (trace.seen, softened, after_top_k, probabilities)]
    left = sum(probabilities[i] > 0 for i in others)
    rows += (
        f"<tr><th>{len(others)} others</th>{_cell(sums[0])}{_cell('')}{_cell('')}{_cell(f'{sums[1]:.3f}')}"
        f"{_cell(f'{sums[2]:.3f}')}{_cell('')}{_cell(f'{sums[3]:.3f}')}"
        f"{_bar('kept' if left else 'cut', min(1.0, (sums[3] if left else sums[1]) / largest))}<td>{left} kept</td>"
        f"{_cell(sum(drawn[i] for i in others) or '')}</tr>"
    )
    return (
        '<div class="llmlab-scroll" tabindex="0" role="group" aria-label="From logits to probabilities">'
        f'<table class="llmlab-grid llmlab-sculptor"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


_COLOUR = "#2f7fc1"  # holds 3:1 against a white and a black page


def _bar(look: str, share: float) -> str:
    width = f"width: {100 * share:.1f}%"
    if look == "kept":
        width += f"; background-color: {_COLOUR}"
    return f'<td class="llmlab-share"><div class="llmlab-{look}" style="{width}">&nbsp;</div></td>'


def _draws(trace: SculptorTrace) -> str:
    words = " ".join(escape(trace.tokens[place]) for place in trace.drawn)
    return f'<p>{DRAWS} draws: <span class="llmlab-drawn">{words}</span></p>'


def _cell(value: Any) -> str:
    return f'<td class="llmlab-number">{value}</td>'


def _percent(share: float) -> str:
    """A share in percent; what is small but not nothing does not look like nothing."""
    return "0 %" if share == 0 else "less than 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


class DistributionSculptor(Explorer):
    """See what temperature, top-k and top-p do to the probabilities of the next token.

    Args:
        probabilities: your function of (logits, temperature, top_k, top_p), with None for a cut that is off, which
            returns the probabilities. Assign to `.probabilities` to try another one.

    >>> sculptor = DistributionSculptor()
    >>> sculptor.set(temperature="0")
    >>> sculptor.trace.entropy
    0.0
    """

    sheet = "distribution_sculptor.css"

    probabilities = traitlets.Any()

    def __init__(self, probabilities: ProbabilityFunction | None = None) -> None:
        super().__init__(
            title="Distribution sculptor",
            task=(
                "Your target: variety without nonsense. No chance for a token that never came next in the text, and a "
                f"choice at least {VARIETY:.0%} as open as if all that did were equally likely."
            ),
            controls=[
                Choice("context", "Context", CONTEXTS, initial=CONTEXTS[0]),
                Choice("temperature", "Temperature", TEMPERATURES, initial="2"),
                Choice("top_k", "Top-k", TOP_K, initial="all"),
                Choice("top_p", "Top-p", TOP_P, initial="1"),
                Range("seed", "Seed of the draws", 0, 20, initial=0),
            ],
            probabilities=probabilities,
        )

    @traitlets.observe("probabilities")
    def _probabilities_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> SculptorTrace:
        return compute(state, self.probabilities)

    def render(self, trace: SculptorTrace) -> str:
        return render(trace)

    def describe(self, trace: SculptorTrace) -> str:
        return describe(trace)

    def note(self, trace: SculptorTrace) -> str:
        if self.probabilities is None:
            return ""
        name = getattr(self.probabilities, "__name__", "your function")
        if not trace.own_function:
            return f"{name} is not written yet, so llmlab's own probabilities are shown."
        if abs(trace.total - 1) > 1e-3:
            return f"{name} gives probabilities that sum to {trace.total:.3f}: they must sum to 1."
        difference = (trace.probabilities - trace.expected).abs()
        if difference.max() < 1e-4:
            return ""
        at = int(difference.argmax())
        mine, expected = float(trace.probabilities[at]), float(trace.expected[at])
        return f"{name} gives “{trace.tokens[at]}” the probability {mine:.3f}, and llmlab gives it {expected:.3f}."

    def target(self, trace: SculptorTrace) -> tuple[bool, str]:
        wanted = VARIETY * trace.n_seen
        if abs(trace.total - 1) > 1e-3:
            return False, f"Not yet: the probabilities sum to {trace.total:.3f}."
        found = f"as open as {trace.choices:.1f} equal tokens of {wanted:.1f}"
        if trace.unseen == 0 and trace.choices >= wanted:
            return True, f"Reached: {found}, and nothing that never came next."
        return False, f"Not yet: {found}; chance of a token that never came next: {_percent(trace.unseen)}."

    def code_for(self, state: dict[str, Any]) -> str:
        top_k = None if state["top_k"] == "all" else int(state["top_k"])
        top_p = None if state["top_p"] == "1" else float(state["top_p"])
        return (
            "from llmlab.explorers.distribution_sculptor import counted_model\n"
            "from llmlab.generation import sampling_probabilities\n\n"
            "vocabulary, contexts = counted_model()\n"
            f"logits, came_next = contexts[{state['context']!r}]\n"
            "probabilities = sampling_probabilities(\n"
            f"    logits, temperature={state['temperature']}, top_k={top_k}, top_p={top_p}\n"
            ")\n"
            "for place in probabilities.argsort(descending=True, stable=True).tolist()[:5]:\n"
            '    print(vocabulary[place], f"{probabilities[place]:.3f}")'
        )
