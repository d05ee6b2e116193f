"""The shape tracer as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Range, Scale, Toggle
from llmlab.explorers.host.learner import learners_function, name_of, not_written
from llmlab.explorers.shape_tracer import numbers, picture
from llmlab.explorers.shape_tracer.numbers import off
from llmlab.explorers.shape_tracer.values import (
    CONTEXTS,
    GPT2_PARAMETERS,
    GPT2_PARTS,
    HEADS,
    STEPS,
    TOKENS_READ,
    VOCABULARIES,
    WIDTHS,
    CountFunction,
    ShapeTrace,
    compute,
)

QUESTION = Question(
    "What would twice as many heads add to this number?",
    (
        ("nothing", True, "Heads cut the same matrices into narrower pieces: H times D/H stays D."),
        (
            "matrices for queries, keys and values of the new heads",
            False,
            "Each head's share would be half as wide, so all together are as large as before.",
        ),
        (
            "twice the scores, so more parameters",
            False,
            "There would be twice as many scores; but nothing trains them.",
        ),
    ),
)


class ShapeTracer(Explorer):
    """See every tensor of a GPT, what it trains and what it costs, as the sizes vary.

    Args:
        count: your `count(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights)`, which returns the
            number of parameters. Assign to `.count` to try another one.

    >>> tracer = ShapeTracer()
    >>> tracer.trace.total_parameters
    10101888
    """

    sheet = "shape_tracer.css"
    heading = "Shape and parameter tracer"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more
    count = learners_function()

    def __init__(self, count: CountFunction | None = None) -> None:
        super().__init__(
            title=self.heading,
            task=f"Your target: the {GPT2_PARAMETERS:,} parameters of GPT-2.",
            controls=[
                Scale("step", "Step of the pass", tuple(STEPS), initial="token", play=900, labels=_numbered()),
                Toggle("tie_weights", "Tied weights", initial=False),
                Toggle("qkv_bias", "Bias of q, k, v", initial=False),
                Scale("vocabulary", "Vocabulary V", VOCABULARIES, initial="50257", quiet=True),
                Scale("width", "Width D", WIDTHS, initial="96", quiet=True),
                Range("layers", "Blocks L", 1, 24, initial=4, quiet=True),
                Scale("heads", "Heads H", HEADS, initial="3", quiet=True),
                Scale("context", "Context C", CONTEXTS, initial="64", quiet=True),
                Scale("tokens_read", "Tokens read T", tuple(TOKENS_READ), initial="all", quiet=True),
                Range("batch", "Batch B", 1, 16, initial=2, quiet=True),
            ],
            count=count,
        )

    def compute(self, state: dict[str, Any]) -> ShapeTrace:
        return compute(state, self.count)

    def note(self, trace: ShapeTrace) -> str:
        if not trace.own_function:
            return not_written(self.count, "llmlab's own count is shown")
        difference = trace.counted - trace.total_parameters
        if not difference:
            return ""
        return f"{name_of(self.count)} gives {trace.counted:,}: {off(difference)}."

    def target(self, trace: ShapeTrace) -> tuple[bool, str]:
        difference = trace.total_parameters - GPT2_PARAMETERS
        if not difference:
            heads = "" if trace.config.n_heads == 12 else "; GPT-2 has 12 heads, though their number changes no count"
            return True, f"Reached: {trace.total_parameters:,} parameters{heads}."
        agree = [part for part, number in trace.parameters.items() if number and number == GPT2_PARTS[part]]
        parts = f" As in GPT-2 already: {', '.join(agree)}." if agree else ""
        return False, f"Not yet: {trace.total_parameters:,} parameters, {off(difference)}.{parts}"

    def question(self, trace: ShapeTrace) -> Question:
        return QUESTION

    def code_for(self, state: dict[str, Any]) -> str:
        trace = compute(state)
        config = trace.config
        return (
            "from llmlab.gpt import GPTConfig, count_parameters\n\n"
            "config = GPTConfig(\n"
            f"    vocab_size={config.vocab_size}, context_length={config.context_length}, d_model={config.d_model},\n"
            f"    n_heads={config.n_heads}, n_layers={config.n_layers}, qkv_bias={config.qkv_bias}, "
            f"tie_weights={config.tie_weights},\n"
            ")\n"
            "parameters = count_parameters(config)\n"
            f"B, T, D = {trace.batch}, {trace.tokens}, config.d_model\n"
            "a_block = 2 * B * T * 12 * D * D + 4 * B * T * T * D\n"
            "flops = config.n_layers * a_block + 2 * B * T * D * config.vocab_size\n"
            'print(f"{parameters.total:,} parameters, {flops:,} FLOPs")\n'
            "print(parameters)"
        )


def _numbered() -> tuple[str, ...]:
    return tuple(f"{number} {name}" for number, name in enumerate(STEPS.values(), 1))
