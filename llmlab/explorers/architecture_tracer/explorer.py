"""The architecture tracer as a widget: its controls, its target, and the code of a state."""

from __future__ import annotations

from typing import Any

from llmlab.explorers.architecture_tracer import picture
from llmlab.explorers.architecture_tracer.values import (
    CONTEXTS,
    EVERY,
    EXPERTS,
    HEAD_WIDTHS,
    HEADS,
    HOLD_MORE,
    INNER,
    KV_HEADS,
    MLPS,
    MOST_LAYERS,
    NONE,
    NORMS,
    POSITIONS,
    PUBLISHED,
    STEPS,
    USE_FEWER,
    USED,
    VOCABULARIES,
    bounds,
    compute,
)
from llmlab.explorers.host import Explorer, Question
from llmlab.explorers.host.controls import Choice, Range, Scale, Toggle
from llmlab.explorers.shape_tracer import numbers
from llmlab.explorers.shape_tracer.values import TOKENS_READ, ShapeTrace

QUESTION = Question(
    "A token goes through few of these parameters. Where must all of them be kept, while it is read?",
    (
        ("in memory", True, "The next token may be sent to any expert, so each has to be at hand."),
        (
            "nowhere: only the chosen experts are loaded",
            False,
            "Which ones a token needs is known in each layer when it gets there, and the next token needs others.",
        ),
        ("in the cache of keys and values", False, "That holds what attention has computed, and no weights."),
    ),
)


class ArchitectureTracer(Explorer):
    """See what each part that changed since GPT-2 holds and costs, in published models and between them.

    >>> tracer = ArchitectureTracer()
    >>> tracer.set(**PUBLISHED["Mixtral 8x7B"])
    >>> tracer.trace.total_parameters, tracer.trace.active_parameters
    (46702792704, 12879925248)
    """

    sheet = "../shape_tracer/shape_tracer.css"
    heading = "Architecture tracer"
    render, describe = staticmethod(picture.render), staticmethod(picture.describe)
    why, more = staticmethod(picture.why), staticmethod(numbers.more)
    stand_in = more

    def __init__(self) -> None:
        first = PUBLISHED["GPT-2"]
        super().__init__(
            title=self.heading,
            task=f"Your target: hold more parameters than {HOLD_MORE}, and use fewer for a token than {USE_FEWER}.",
            controls=[
                Scale("step", "Step of the pass", tuple(STEPS), initial="norm 1", play=900, labels=_numbered()),
                Choice("norm", "Norm", tuple(NORMS), initial=first["norm"], look="buttons"),
                Choice("mlp", "Feed-forward", tuple(MLPS), initial=first["mlp"], look="buttons"),
                Choice("positions", "Positions", POSITIONS, initial=first["positions"], look="buttons"),
                Toggle("tie_weights", "Tied weights", initial=first["tie_weights"]),
                Toggle("qkv_bias", "Bias of q, k, v", initial=first["qkv_bias"]),
                Toggle("bias", "Other biases", initial=first["bias"]),
                Scale("vocabulary", "Vocabulary V", VOCABULARIES, initial=first["vocabulary"], quiet=True),
                Scale("heads", "Heads H", HEADS, initial=first["heads"], quiet=True),
                Scale("head_width", "Width of a head D/H", HEAD_WIDTHS, initial=first["head_width"], quiet=True),
                Range("layers", "Blocks L", 1, MOST_LAYERS, initial=first["layers"], quiet=True),
                Scale("context", "Context C", CONTEXTS, initial=first["context"], quiet=True),
                Scale("tokens_read", "Tokens read T", tuple(TOKENS_READ), initial="all", quiet=True),
                Scale("kv_heads", "Heads of keys and values G, at most", KV_HEADS, initial=EVERY, quiet=True),
                Scale("inner", "Inner width F, times D", tuple(INNER), initial=first["inner"], quiet=True),
                Scale("experts", "Experts E", EXPERTS, initial=first["experts"], quiet=True),
                Scale("used", "Experts of a token k", USED, initial=first["used"], quiet=True),
            ],
        )

    def compute(self, state: dict[str, Any]) -> ShapeTrace:
        return compute(state)

    def note(self, trace: ShapeTrace) -> str:
        name = picture.published(trace)
        return f"These are the sizes and parts of {name}." if name else ""

    def target(self, trace: ShapeTrace) -> tuple[bool, str]:
        wanted, allowed = bounds()
        held, used = trace.total_parameters, trace.active_parameters
        numbers = f"{held:,} held, {used:,} for a token"
        if held > wanted and used < allowed:
            return True, f"Reached: {numbers}."
        lacks = [] if held > wanted else [f"more than {wanted:,} must be held"]
        lacks += [] if used < allowed else [f"a token must use fewer than {allowed:,}"]
        return False, f"Not yet: {numbers}; {', and '.join(lacks)}."

    def question(self, trace: ShapeTrace) -> Question:
        return QUESTION

    def off(self, trace: ShapeTrace) -> dict[str, str]:
        off = {} if trace.config.n_experts else {"used": "There are no experts to choose from."}
        if trace.config.positions == "rotary" and trace.tokens == 1:
            off["context"] = "Rotary positions have no table, and one token is read: the context changes no number."
        return off

    def code_for(self, state: dict[str, Any]) -> str:
        trace = compute(state)
        c = trace.config
        experts = ""
        if state["experts"] != NONE:
            experts = f"    n_experts={c.n_experts}, experts_per_token={c.experts_per_token},\n"
        return (
            "from llmlab.gpt import GPTConfig, count_operations, count_parameters\n\n"
            "config = GPTConfig(\n"
            f"    vocab_size={c.vocab_size}, context_length={c.context_length}, d_model={c.d_model},\n"
            f"    n_heads={c.n_heads}, n_kv_heads={c.n_kv_heads}, n_layers={c.n_layers}, d_ff={c.d_ff},\n"
            f'    norm="{c.norm}", mlp="{c.mlp}", positions="{c.positions}",\n'
            f"    qkv_bias={c.qkv_bias}, bias={c.bias}, tie_weights={c.tie_weights},\n{experts}"
            ")\n"
            "parameters = count_parameters(config)\n"
            f"flops = count_operations(config, {trace.tokens}).total\n"
            'print(f"{parameters.total:,} parameters, {parameters.active:,} of them for a token, {flops:,} FLOPs")\n'
            "print(parameters)"
        )


def _numbered() -> tuple[str, ...]:
    return tuple(f"{number} {name}" for number, name in enumerate(STEPS.values(), 1))
