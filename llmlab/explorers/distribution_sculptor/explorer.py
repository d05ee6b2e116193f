"""The distribution sculptor as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.distribution_sculptor import numbers, picture
from llmlab.explorers.distribution_sculptor.counted import CONTEXTS
from llmlab.explorers.distribution_sculptor.numbers import percent
from llmlab.explorers.distribution_sculptor.values import (
    DRAWS,
    OPEN,
    TEMPERATURES,
    TOP_K,
    TOP_P,
    ProbabilityFunction,
    SculptorTrace,
    compute,
)
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Scale
from llmlab.explorers.host.learner import learners_function, name_of, not_written

QUESTION = Question(
    "Why does no top-k do it alone?",
    (
        ("top-k comes before the softmax", False, "The order changes no share between those that are kept."),
        (
            "contexts differ in how many words can follow",
            True,
            "Three to sixteen here: one k cuts sense after one or lets nonsense in elsewhere. Top-p adds up shares.",
        ),
        ("a large k is slow", False, "Keeping more tokens costs next to nothing; it lets the tail in."),
    ),
)


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
    heading = "Distribution sculptor"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more
    probabilities = learners_function()

    def __init__(self, probabilities: ProbabilityFunction | None = None) -> None:
        super().__init__(
            title=self.heading,
            task=(
                "Your target: one setting for all six contexts, variety without nonsense. After each, no chance for a "
                f"word that never came next in the text, and a choice at least {OPEN:.0%} as open as if all that did "
                "were equally likely."
            ),
            controls=[
                Choice("context", "Context", CONTEXTS, initial=CONTEXTS[0], quiet=True),
                Scale("temperature", "Temperature", TEMPERATURES, initial="2"),
                Scale("top_k", "Top-k", TOP_K, initial="all"),
                Scale("top_p", "Top-p", TOP_P, initial="1"),
                Range("draws", "Draws", 0, DRAWS, initial=DRAWS, play=250),
                Range("seed", "Seed of the draws", 0, 20, initial=0, quiet=True),
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
        if abs(trace.total - 1) > 1e-3:
            return False, f"Not yet: the probabilities sum to {trace.total:.3f}."
        good = sum(trace.good_everywhere)
        worst = max(unseen for unseen, _ in trace.everywhere)
        narrowest = min(1.0, *(openness for _, openness in trace.everywhere))
        found = f"nonsense at most {percent(worst)}, at least {narrowest:.0%} as open as it could be"
        if good == len(trace.everywhere):
            return True, f"Reached: after all six contexts {found}."
        return False, f"Not yet: after {good} of six contexts; {found}."

    def question(self, trace: SculptorTrace) -> Question:
        return QUESTION

    def off(self, trace: SculptorTrace) -> dict[str, str]:
        if trace.temperature:
            return {}
        return dict.fromkeys(("top_k", "top_p"), "At temperature 0 one token is left: there is nothing to cut.")

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
