"""The influence map as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

import inspect
from typing import Any

from llmlab.attention._bugs import BUGS, Attend, source
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range
from llmlab.explorers.host.learner import learners_function, not_written
from llmlab.explorers.host.words import plural
from llmlab.explorers.influence_map import picture
from llmlab.explorers.influence_map.values import (
    CHANGES,
    D_IN,
    D_OUT,
    INPUTS,
    LATE,
    MASK_CODE,
    MASK_NAMES,
    MASKS,
    OUTPUTS,
    OWN,
    D,
    InfluenceTrace,
    attend_with_mask,
    compute,
)


class InfluenceMap(Explorer):
    """Perturb a token and see which outputs move, in your own causal attention or with one of twelve bugs in it.

    Args:
        attend: your `attend(x, W_query, W_key, W_value, W_out, n_heads)`, which returns one row a token.
            Assign to `.attend` to try another one.

    >>> InfluenceMap().trace.lower_triangular
    False
    """

    sheet = "influence_map.css"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    attend = learners_function()
    bugs = (*BUGS, LATE)

    def __init__(self, attend: Attend | None = None) -> None:
        self._kept: dict[Any, Any] = {}
        super().__init__(
            title="Influence map",
            task="Your target: a map that is exactly lower-triangular, at a random input and around zero. "
            "Then find the three bugs that reach it all the same.",
            controls=[
                Choice("bug", "Attention", tuple(CHANGES), initial="mask after the softmax"),
                Choice("architecture", "Architecture", tuple(MASKS), initial="decoder"),
                Range("heads", "Heads", 1, 4, initial=3),
                Range("perturbed", "Perturbed token", 0, len(INPUTS) - 1, initial=3),
                Choice("around", "Taken at", ("a random input", "zero"), initial="a random input"),
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
        if trace.looks is None:
            return False, "Not yet: the target is a decoder's map."
        if not trace.lower_triangular:
            return False, f"Not yet: {plural(len(trace.leaks), 'leak')}, {plural(len(trace.blind), 'blind cell')}."
        if not trace.looks.at_random:
            return False, "Not yet: exactly lower-triangular here, but not at a random input with 3 heads."
        if not trace.looks.around_zero:
            return False, "Not yet: exactly lower-triangular here, but not around zero with 3 heads."
        if trace.looks.steady and trace.looks.equal:
            return True, "Reached: exactly lower-triangular, and magnitudes and values are as they should be too."
        return True, "Reached, and yet it is wrong: a bug that no map shows. The magnitudes or the values do."

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
            lines.append(f"decoded = {_input_code('a random input', len(OUTPUTS), 2)}")
        lines.append(f"print(influence_map(lambda x: {call}, x).int())")
        return "\n".join(lines)


def _input_code(around: str, T: int, seed: int) -> str:
    if around == "zero":
        return f"torch.zeros({T}, {D_IN}).double()"
    return f"torch.randn({T}, {D_IN}, generator=torch.Generator().manual_seed({seed})).double()"
