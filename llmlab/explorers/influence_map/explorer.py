"""The influence map as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

import inspect
from typing import Any

from llmlab.attention._bugs import BUGS, Attend, source
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Toggle
from llmlab.explorers.host.learner import learners_function, not_written
from llmlab.explorers.host.words import plural
from llmlab.explorers.influence_map import numbers, picture, words
from llmlab.explorers.influence_map.measuring import (
    AROUND,
    CHANGES,
    D_IN,
    D_OUT,
    HEADS,
    INPUTS,
    LATE,
    MASK_CODE,
    MASK_NAMES,
    MASKS,
    OUTPUTS,
    OWN,
    RANDOM,
    ZERO,
    D,
    attend_with_mask,
)
from llmlab.explorers.influence_map.values import InfluenceTrace, compute

QUESTION = Question(
    "The values catch eleven of twelve. Why does the last, the mask from the scores, show around zero alone?",
    (
        (
            "only there are its scores exactly 0",
            True,
            "It hides a later token whose score is not 0. Random scores never are: there it does all that a mask "
            "should, values included.",
        ),
        ("random inputs are too small", False, "Larger ones hold no score of exactly 0 either."),
        ("the values are compared around zero", False, "They are compared at a random input, and agree."),
    ),
)


class InfluenceMap(Explorer):
    """Perturb a token and see which outputs move, in your own causal attention or with one of twelve bugs in it.

    Args:
        attend: your `attend(x, W_query, W_key, W_value, W_out, n_heads)`, which returns one row per token.
            Assign to `.attend` to try another one.

    >>> InfluenceMap().trace.lower_triangular
    False
    """

    sheet = "influence_map.css"
    heading = "Influence map"
    render, describe = staticmethod(picture.render), staticmethod(words.describe)
    why, more = staticmethod(words.why), staticmethod(numbers.more)
    stand_in = more
    attend = learners_function()
    bugs = (*BUGS, LATE)

    def __init__(self, attend: Attend | None = None) -> None:
        self._kept: dict[Any, Any] = {}
        super().__init__(
            title=self.heading,
            task="Your target: the smallest test that catches all twelve bugs. Press a look to take it into your test, "
            "or out of it; a version that passes every look of the test escapes.",
            controls=[
                Range("perturbed", "Shaken token", 0, len(INPUTS) - 1, initial=3, play=900),
                Range("heads", "Heads", HEADS[0], HEADS[-1], initial=3),
                Choice("around", "Taken at", AROUND, initial=RANDOM, look="buttons"),
                Choice("bug", "Attention", tuple(CHANGES), initial="mask after the softmax", quiet=True),
                Choice("architecture", "Architecture", tuple(MASKS), initial="decoder", quiet=True),
                Toggle("test_random", "Test: map at a random input", initial=True, quiet=True),
                Toggle("test_zero", "Test: map around zero", initial=False, quiet=True),
                Toggle("test_magnitudes", "Test: magnitudes", initial=False, quiet=True),
                Toggle("test_values", "Test: values", initial=False, quiet=True),
            ],
            attend=attend,
        )

    def refresh(self) -> None:
        self._kept = {}
        super().refresh()

    def compute(self, state: dict[str, Any]) -> InfluenceTrace:
        return compute(state, self.attend, self._kept)

    def note(self, trace: InfluenceTrace) -> str:
        if trace.architecture != "decoder":
            return "Your function and the bugs are a decoder's; for other masks llmlab's own attention is shown."
        if trace.bug != OWN or trace.own_function:
            return ""
        if self.attend is None:
            return "No function was given, so llmlab's own attention is shown."
        return not_written(self.attend, "llmlab's own attention is shown")

    def target(self, trace: InfluenceTrace) -> tuple[bool, str]:
        size, caught = len(trace.test), len(trace.caught)
        if not size:
            return False, "Not yet: an empty test catches nothing."
        found = f"a test of {plural(size, 'look')} catches {caught} of {len(BUGS)} bugs"
        if caught < len(BUGS):
            return False, f"Not yet: {found}, {len(BUGS) - caught} {'escapes' if caught == 11 else 'escape'}."
        if size > trace.fewest:
            return False, f"Not yet: {found}. Fewer looks would do."
        return True, f"Reached: {found}, and fewer do not."

    def question(self, trace: InfluenceTrace) -> Question:
        return QUESTION

    def off(self, trace: InfluenceTrace) -> dict[str, str]:
        if trace.architecture == "decoder":
            return {}
        return {"bug": "The twelve bugs are a decoder's: another mask is shown."}

    def code_for(self, state: dict[str, Any]) -> str:
        heads, mask, rows = state["heads"], MASK_CODE[state["architecture"]], "x"
        if state["architecture"] == "decoder":
            needed, call = [], f"attend(x, *matrices, {heads})"
            body = source(CHANGES[state["bug"]]).removeprefix("import torch\n\n")
        else:
            needed = ["scaled_dot_product_attention", *(name for name in MASK_NAMES if f"{name}(" in mask)]
            rows = "x" if state["architecture"] != "encoder-decoder" else "decoded"
            body = inspect.getsource(attend_with_mask)
            call = f"attend_with_mask(x, *matrices, {heads}, mask, {rows})"
        lines = [
            "import torch",
            f"from llmlab.attention import {', '.join(['influence_map', *needed])}\n",
            body,
            "generator = torch.Generator().manual_seed(0)",
            f"shapes = [({D_IN}, {D})] * 3 + [({D}, {D_OUT})]",
            "matrices = [torch.randn(s, generator=generator).double() / s[0]**0.5 for s in shapes]",
            f"x = {_input_code(state['around'], len(INPUTS), 1)}",
        ]
        if needed:
            lines.append(f"mask = {mask}")
        if rows == "decoded":
            lines.append(f"decoded = {_input_code(RANDOM, len(OUTPUTS), 2)}")
        lines.append(f"print(influence_map(lambda x: {call}, x).int())")
        return "\n".join(lines)


def _input_code(around: str, T: int, seed: int) -> str:
    if around == ZERO:
        return f"torch.zeros({T}, {D_IN}).double()"
    return f"torch.randn({T}, {D_IN}, generator=torch.Generator().manual_seed({seed})).double()"
