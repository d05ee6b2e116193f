"""The distribution sculptor as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.distribution_sculptor import picture
from llmlab.explorers.distribution_sculptor.counted import CONTEXTS
from llmlab.explorers.distribution_sculptor.picture import percent
from llmlab.explorers.distribution_sculptor.values import (
    TEMPERATURES,
    TOP_K,
    TOP_P,
    VARIETY,
    ProbabilityFunction,
    SculptorTrace,
    compute,
)
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range
from llmlab.explorers.host.learner import learners_function, name_of, not_written


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
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    probabilities = learners_function()

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

    def compute(self, state: dict[str, Any]) -> SculptorTrace:
        return compute(state, self.probabilities)

    def note(self, trace: SculptorTrace) -> str:
        if not trace.own_function:
            return not_written(self.probabilities, "llmlab's own probabilities are shown")
        name = name_of(self.probabilities)
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
        return False, f"Not yet: {found}; chance of a token that never came next: {percent(trace.unseen)}."

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
