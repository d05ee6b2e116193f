"""The attention bench as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.attention_bench import picture
from llmlab.explorers.attention_bench.values import (
    D_IN,
    D_VALUE,
    FIRST_TEXT,
    MAX_TOKENS,
    SHOWN,
    SURE,
    TEMPERATURES,
    WIDTHS,
    AttendFunction,
    AttentionTrace,
    compute,
    places,
    scale_of,
)
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Text, Toggle
from llmlab.explorers.host.learner import learners_function, name_of, not_written


class AttentionBench(Explorer):
    """See how queries, keys and values become scores, weights and context, and what one changed number moves.

    Args:
        attend: your `attend(q, k, v)`, which returns context (T, d_value) and weights (T, T) and divides the scores by
            √d. Assign to `.attend` to try another one.
        text: the words to start with, separated by spaces.

    >>> bench = AttentionBench()
    >>> bench.set(edit="V", by=2)
    >>> int(bench.trace.weights_moved.sum()), int(bench.trace.context_moved.sum())
    (0, 6)
    """

    sheet = "attention_bench.css"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    attend = learners_function()

    def __init__(self, attend: AttendFunction | None = None, text: str = FIRST_TEXT) -> None:
        super().__init__(
            title="Attention bench",
            task=f"Your target: with scaling on and temperature 1, change a single number so that one token gives at "
            f"least {SURE:.0%} of its attention to another word.",
            controls=[
                Text("text", "Tokens", initial=text, max_length=120),
                Choice("width", "Width of Q and K", WIDTHS, initial="4"),
                Toggle("scaling", "Scaling", initial=True),
                Choice("temperature", "Temperature", TEMPERATURES, initial="1"),
                Range("query", "Query (row)", 0, MAX_TOKENS - 1, initial=2),
                Range("key", "Key (column)", 0, MAX_TOKENS - 1, initial=1),
                Choice("edit", "Edit", ("x", "Q", "K", "V"), initial="K"),
                Range("component", "Component", 0, SHOWN - 1, initial=0),
                Range("by", "By", -6, 6, initial=0),
            ],
            attend=attend,
        )

    def compute(self, state: dict[str, Any]) -> AttentionTrace:
        return compute(state, self.attend)

    def note(self, trace: AttentionTrace) -> str:
        if not trace.own_function:
            return not_written(self.attend, "llmlab's own attention is shown")
        if trace.agrees:
            return ""
        name = name_of(self.attend)
        return f"What {name} returns is not softmax(q kᵀ · {trace.scale:.4g}) v: compare it with the scores."

    def target(self, trace: AttentionTrace) -> tuple[bool, str]:
        if len(set(trace.tokens)) < 2:
            return False, "Not yet: type at least two different words."
        asks, told = trace.tokens[trace.query], trace.tokens[trace.key]
        share = float(trace.weights[trace.query, trace.key])
        still = [
            words
            for words, needed in (
                ("choose a key that is another word", asks == told),
                ("switch scaling on", not trace.scaled),
                ("set the temperature to 1", trace.temperature != 1),
                ("mend the function, whose result is not yet attention", not trace.agrees),
                ("edit one number", trace.by == 0),
            )
            if needed
        ]
        gives = f"query {trace.query} ({asks}) gives {share:.0%} to key {trace.key} ({told})"
        if share >= SURE and not still:
            return True, f"Reached: {gives}."
        return False, f"Not yet: {gives}{'; ' if still else ''}{', '.join(still)}."

    def code_for(self, state: dict[str, Any]) -> str:
        tokens = state["text"].split()[:MAX_TOKENS]
        *_, at, component = places(state, len(tokens))
        edit = f"{state['edit'].lower()}[{at}, {component}] += {state['by']}\n" if state["by"] and tokens else ""
        return (
            "from zlib import crc32\n\n"
            "import torch\n"
            "from llmlab.attention import scaled_dot_product_attention\n\n"
            f"tokens = {tokens!r}\n"
            "seeds = [torch.Generator().manual_seed(crc32(token.encode(errors='replace'))) for token in tokens]\n"
            f"x = torch.stack([torch.randn({D_IN}, generator=seed) for seed in seeds])\n"
            "x /= x.square().mean(dim=-1, keepdim=True).sqrt()\n"
            f"{edit if state['edit'] == 'x' else ''}"
            "generator = torch.Generator().manual_seed(0)\n"
            f"W_query, W_key = torch.randn(2, {D_IN}, {state['width']}, generator=generator) / {D_IN}**0.5\n"
            f"W_value = torch.randn({D_IN}, {D_VALUE}, generator=generator) / {D_IN}**0.5\n"
            "q, k, v = x @ W_query, x @ W_key, x @ W_value\n"
            f"{edit if state['edit'] != 'x' else ''}"
            f"context, weights, scores = scaled_dot_product_attention(q, k, v, scale={scale_of(state)!r})\n"
            "print(weights)"
        )
