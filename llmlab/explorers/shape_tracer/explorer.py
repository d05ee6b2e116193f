"""The shape and parameter tracer (lesson 07): every tensor of a GPT's forward pass, what it trains and what it costs.

Nothing is built and nothing is multiplied here: shapes, parameters and operations follow from the sizes alone, so that
models of any size can be traced. Operations (FLOPs) are those of the matrix products of one forward pass, two for each
multiply-and-add, with all T × T scores of attention; additions, norms, softmax and GELU are left out, as is custom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from operator import index
from typing import Any

import traitlets

from llmlab.explorers.host import Explorer
from llmlab.explorers.host.controls import Choice, Range, Toggle
from llmlab.gpt import GPTConfig

GPT2_PARAMETERS = 124_439_808  # the smallest of the four GPT-2 models

# All widths are multiples of all numbers of heads, so that every state is a model.
VOCABULARIES = ("65", "256", "1000", "5000", "20000", "50257", "100277")
CONTEXTS = ("16", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192", "16384")
WIDTHS = ("48", "96", "144", "192", "288", "384", "576", "768", "960", "1152", "1536")
HEADS = ("1", "2", "3", "4", "6", "8", "12", "16")
TOKENS_READ = {"all": 1, "half": 2, "a quarter": 4, "one": 0}  # the context is divided by this; 0: a single token

PARTS = (
    "token embedding",
    "position embedding",
    "attention: projections",
    "attention: scores and sums",
    "feed-forward",
    "norms",
    "head",
)

CountFunction = Callable[[int, int, int, int, bool, bool], int]


@dataclass(frozen=True)
class Step:
    """One tensor of the forward pass and what makes it.

    Attributes:
        part: one of PARTS, or "" for what neither trains nor multiplies.
        name: what is done.
        letters: the shape of the result in letters.
        shape: the same in numbers.
        weights: the shapes of the tensors that are trained here.
        flops: operations of the matrix products, in one block.
        times: in how many blocks it is done.
    """

    part: str
    name: str
    letters: str
    shape: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...] = ()
    flops: int = 0
    times: int = 1

    @property
    def parameters(self) -> int:
        """Trained numbers, in one block."""
        return sum(map(prod, self.weights))


@dataclass(frozen=True)
class ShapeTrace:
    """A forward pass, tensor by tensor.

    Attributes:
        config: the sizes of the model.
        batch: B.
        tokens: T, how many tokens each sequence holds.
        before, block, after: the steps before the blocks, of each block, and after them.
        counted: the number of parameters that the learner's function gives; without one, the sum of the steps.
        own_function: whether `counted` is the learner's.
    """

    config: GPTConfig
    batch: int
    tokens: int
    before: tuple[Step, ...]
    block: tuple[Step, ...]
    after: tuple[Step, ...]
    counted: int
    own_function: bool

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, those of a block once."""
        return self.before + self.block + self.after

    @property
    def parameters(self) -> dict[str, int]:
        """Trained numbers of each part, over all blocks."""
        return {part: sum(s.times * s.parameters for s in self.steps if s.part == part) for part in PARTS}

    @property
    def flops(self) -> dict[str, int]:
        """Operations of each part in one forward pass, over all blocks."""
        return {part: sum(s.times * s.flops for s in self.steps if s.part == part) for part in PARTS}

    @property
    def total_parameters(self) -> int:
        return sum(self.parameters.values())

    @property
    def total_flops(self) -> int:
        return sum(self.flops.values())


def compute(state: dict[str, Any], count: CountFunction | None = None) -> ShapeTrace:
    """The trace of a state of the shape tracer.

    Args:
        state: vocabulary, context, width, heads, layers, batch, tokens_read, tie_weights and qkv_bias.
        count: the learner's `count(vocab_size, context_length, d_model, n_layers, qkv_bias, tie_weights)`; None, or a
            function that is not written yet (it returns None or ...), lets the sum of the steps stand in.

    Raises:
        TypeError: the function returned something other than a whole number.
        Exception: whatever the function raises.
    """
    config = GPTConfig(
        vocab_size=int(state["vocabulary"]),
        context_length=int(state["context"]),
        d_model=int(state["width"]),
        n_heads=int(state["heads"]),
        n_layers=state["layers"],
        qkv_bias=state["qkv_bias"],
        tie_weights=state["tie_weights"],
    )
    share = TOKENS_READ[state["tokens_read"]]
    tokens = config.context_length // share if share else 1
    before, block, after = _steps(config, state["batch"], tokens)
    own = ShapeTrace(config, state["batch"], tokens, before, block, after, 0, False)
    counted = None if count is None else count(*_arguments(config))
    own_function = counted is not None and counted is not ...
    if not own_function:
        counted = own.total_parameters
    return ShapeTrace(config, state["batch"], tokens, before, block, after, _whole(counted), own_function)


def _whole(counted: Any) -> int:
    """A count as a plain int, also from NumPy or a tensor."""
    try:
        if not isinstance(counted, bool):
            return index(counted)
    except TypeError:
        pass
    raise TypeError(f"a count of parameters must be an int, got {counted!r} ({type(counted).__name__})")


def _arguments(config: GPTConfig) -> tuple[int, int, int, int, bool, bool]:
    """What a learner's count function is called with."""
    sizes = (config.vocab_size, config.context_length, config.d_model, config.n_layers)
    return (*sizes, config.qkv_bias, config.tie_weights)


def _steps(config: GPTConfig, B: int, T: int) -> tuple[tuple[Step, ...], ...]:
    """The steps before the blocks, of each block, and after them, as `llmlab.gpt.GPT` takes them."""
    V, D, H, L = config.vocab_size, config.d_model, config.n_heads, config.n_layers
    d = D // H

    def linear(part: str, name: str, d_in: int, d_out: int, letters: str, bias: bool = True, times: int = L) -> Step:
        weights = ((d_out, d_in), (d_out,)) if bias else ((d_out, d_in),)
        return Step(part, name, f"(B, T, {letters})", (B, T, d_out), weights, 2 * B * T * d_in * d_out, times)

    def stream(part: str, name: str, weights: tuple[tuple[int, ...], ...] = (), times: int = L) -> Step:
        return Step(part, name, "(B, T, D)", (B, T, D), weights, 0, times)

    before = (
        Step("", "token ids", "(B, T)", (B, T)),
        stream("token embedding", "rows of the token table", ((V, D),), 1),
        Step("position embedding", "rows of the position table", "(T, D)", (T, D), ((config.context_length, D),)),
        stream("", "their sum: the stream begins", (), 1),
    )
    block = (
        stream("norms", "norm", ((D,), (D,))),
        linear("attention: projections", "queries, keys, values", D, 3 * D, "3D", config.qkv_bias),
        Step("", "split: q, k and v, each", "(B, H, T, D/H)", (B, H, T, d), times=L),
        Step("attention: scores and sums", "scores q kᵀ", "(B, H, T, T)", (B, H, T, T), (), 2 * B * H * T * T * d, L),
        Step("", "weights: mask, softmax", "(B, H, T, T)", (B, H, T, T), times=L),
        Step(
            "attention: scores and sums",
            "weighted sums of v",
            "(B, H, T, D/H)",
            (B, H, T, d),
            (),
            2 * B * H * T * T * d,
            L,
        ),
        linear("attention: projections", "merge, output projection", D, D, "D"),
        stream("", "added to the stream"),
        stream("norms", "norm", ((D,), (D,))),
        linear("feed-forward", "expand, GELU", D, 4 * D, "4D"),
        linear("feed-forward", "contract", 4 * D, D, "D"),
        stream("", "added to the stream"),
    )
    head = Step(
        "head",
        "head: logits" + (" (the token table again)" if config.tie_weights else ""),
        "(B, T, V)",
        (B, T, V),
        () if config.tie_weights else ((V, D),),
        2 * B * T * D * V,
    )
    return before, block, (stream("norms", "final norm", ((D,), (D,)), 1), head)


def render(trace: ShapeTrace) -> str:
    """The trace as HTML: numbers, a table of shares with two bars a part, a table of all tensors."""
    return _numbers(trace) + _shares(trace) + _tensors(trace)


def describe(trace: ShapeTrace) -> str:
    """The trace in words: totals and the parts that hold and cost most."""
    parameters, flops = trace.parameters, trace.flops
    holds = max(PARTS, key=parameters.get)
    costs = max(PARTS, key=flops.get)
    tied = "; the head uses the token table" if trace.config.tie_weights else ""
    blocks = sum(step.times * step.parameters for step in trace.block)
    return (
        f"{trace.total_parameters:,} parameters, {blocks / trace.total_parameters:.1%} of them in the "
        f"{_count(trace.config.n_layers, 'block')}{tied}. Most are in the part {holds}: "
        f"{parameters[holds]:,}, {parameters[holds] / trace.total_parameters:.1%}. "
        f"A pass over {trace.batch} × {trace.tokens} tokens takes {_big(trace.total_flops)}FLOPs, "
        f"{_big(trace.total_flops / (trace.batch * trace.tokens))}FLOPs a token. Most go into the part {costs}: "
        f"{flops[costs] / trace.total_flops:.1%}."
    )


def _numbers(trace: ShapeTrace) -> str:
    config = trace.config
    largest = max(trace.steps, key=lambda step: prod(step.shape))
    facts = {
        "parameters": f"{trace.total_parameters:,}",
        "in float32": f"{_big(4 * trace.total_parameters)}B",
        "FLOPs of a pass": _big(trace.total_flops),
        "FLOPs a token": _big(trace.total_flops / (trace.batch * trace.tokens)),
        "width of a head D/H": config.d_model // config.n_heads,
        "largest tensor": f"{largest.letters}, {_big(4 * prod(largest.shape))}B",
    }
    if trace.own_function:
        facts["your count"] = f"{trace.counted:,}"
    return (
        '<div class="llmlab-numbers">'
        + " · ".join(f"<span>{name} <b>{value}</b></span>" for name, value in facts.items())
        + "</div>"
    )


# Fixed colours that hold 3:1 against a white and a black page; the stylesheet hatches the second one.
_COLOUR = {"holds": "#2f7fc1", "costs": "#c8590a"}


def _shares(trace: ShapeTrace) -> str:
    """One row a part: what it holds and what it costs, as numbers, shares and bars."""
    parameters, flops = trace.parameters, trace.flops
    rows = ""
    for part in PARTS:
        rows += f"<tr><th>{part}</th>"
        for kind, values, text in (
            ("holds", parameters, f"{parameters[part]:,}"),
            ("costs", flops, _big(flops[part])),
        ):
            share = values[part] / sum(values.values())
            rows += f"{_cell(text)}{_cell(f'{share:.1%}')}{_bar(kind, share)}"
        rows += "</tr>"
    total = (
        f"<tr><th>all</th>{_cell(f'{trace.total_parameters:,}')}{_cell('100.0%')}<td></td>"
        f"{_cell(_big(trace.total_flops))}{_cell('100.0%')}<td></td></tr>"
    )
    head = '<tr><th>part</th><th colspan="3">parameters held</th><th colspan="3">FLOPs of a pass</th></tr>'
    return _table("Shares of the parts", "llmlab-shares", head, rows + total)


def _bar(kind: str, share: float) -> str:
    if not share:
        return "<td></td>"
    look = f"width: {100 * share:.1f}%; background-color: {_COLOUR[kind]}"
    return f'<td class="llmlab-share"><div class="llmlab-{kind}" style="{look}">&nbsp;</div></td>'


def _tensors(trace: ShapeTrace) -> str:
    """Every tensor in the order of the pass."""
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in ("step", "gives", "", "trains", "parameters", "FLOPs"))
    blocks = f"in each of the {trace.config.n_layers} blocks" if trace.config.n_layers > 1 else "in the only block"
    rows = ""
    for title, steps in (("before the blocks", trace.before), (blocks, trace.block), ("after them", trace.after)):
        rows += f'<tr class="llmlab-group"><th colspan="6">{title}</th></tr>'
        for step in steps:
            trains = " + ".join(_shape(shape) for shape in step.weights)
            rows += (
                f"<tr><th>{step.name}</th><td>{step.letters}</td><td>{_shape(step.shape)}</td><td>{trains}</td>"
                f"{_cell(f'{step.parameters:,}' if step.parameters else '')}"
                f"{_cell(_big(step.flops) if step.flops else '')}</tr>"
            )
    return _table("Every tensor of the pass", "llmlab-tensors", f"{head}</tr>", rows)


def _table(title: str, kind: str, head: str, rows: str) -> str:
    return (
        f'<div class="llmlab-scroll" tabindex="0" role="group" aria-label="{title}">'
        f'<table class="llmlab-grid {kind}"><thead>{head}</thead><tbody>{rows}</tbody></table></div>'
    )


def _cell(text: str) -> str:
    return f'<td class="llmlab-number">{text}</td>'


def _shape(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _big(number: float) -> str:
    """Three digits and a prefix: 12.3 M, 1.20 G."""
    for prefix, size in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            scaled = number / size
            digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{scaled:.{digits}f} {prefix}"
    return f"{number:.0f} "


def _off(difference: int) -> str:
    return f"{abs(difference):,} too {'many' if difference > 0 else 'few'}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


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

    count = traitlets.Any()

    def __init__(self, count: CountFunction | None = None) -> None:
        super().__init__(
            title="Shape and parameter tracer",
            task=f"Your target: the {GPT2_PARAMETERS:,} parameters of GPT-2.",
            controls=[
                Choice("vocabulary", "Vocabulary V", VOCABULARIES, initial="50257"),
                Choice("width", "Width D", WIDTHS, initial="96"),
                Range("layers", "Blocks", 1, 24, initial=4),
                Choice("heads", "Heads H", HEADS, initial="3"),
                Choice("context", "Context length", CONTEXTS, initial="64"),
                Choice("tokens_read", "Tokens read T", tuple(TOKENS_READ), initial="all"),
                Range("batch", "Batch B", 1, 16, initial=2),
                Toggle("tie_weights", "Tied weights", initial=False),
                Toggle("qkv_bias", "Bias of q, k, v", initial=False),
            ],
            count=count,
        )

    @traitlets.observe("count")
    def _count_changed(self, change: dict[str, Any]) -> None:
        if self.controls:  # not while the widget is being made
            self.refresh()

    def compute(self, state: dict[str, Any]) -> ShapeTrace:
        return compute(state, self.count)

    def render(self, trace: ShapeTrace) -> str:
        return render(trace)

    def describe(self, trace: ShapeTrace) -> str:
        return describe(trace)

    def note(self, trace: ShapeTrace) -> str:
        if self.count is None:
            return ""
        name = getattr(self.count, "__name__", "your function")
        if not trace.own_function:
            return f"{name} is not written yet, so llmlab's own count is shown."
        difference = trace.counted - trace.total_parameters
        if not difference:
            return ""
        return f"{name} gives {trace.counted:,}: {_off(difference)}."

    def target(self, trace: ShapeTrace) -> tuple[bool, str]:
        difference = trace.total_parameters - GPT2_PARAMETERS
        if not difference:
            heads = "" if trace.config.n_heads == 12 else "; GPT-2 has 12 heads, though their number changes no count"
            return True, f"Reached: {trace.total_parameters:,} parameters{heads}."
        agree = [part for part, number in trace.parameters.items() if number and number == _GPT2_PARTS[part]]
        parts = f" As in GPT-2 already: {', '.join(agree)}." if agree else ""
        return False, f"Not yet: {trace.total_parameters:,} parameters, {_off(difference)}.{parts}"

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


_GPT2_PARTS = compute(
    {
        "vocabulary": "50257",
        "context": "1024",
        "width": "768",
        "heads": "12",
        "layers": 12,
        "batch": 1,
        "tokens_read": "all",
        "tie_weights": True,
        "qkv_bias": True,
    }
).parameters
