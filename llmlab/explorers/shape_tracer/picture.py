"""The picture of the shape tracer as HTML, the reason of what is seen, and the same in words.

The sizes as numbers to drag; the pass as a column of steps along the stream, each of which can be pressed, swept and
played; for each part two bars on one axis, what it holds and what it costs; and the step that is looked at.

A weight that a token is multiplied with costs two operations. So a full bar of operations a token is twice one of
parameters: the bars of a part are equally long where each token meets each weight, and differ where it does not.
"""

from __future__ import annotations

from html import escape

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural
from llmlab.explorers.shape_tracer.numbers import big
from llmlab.explorers.shape_tracer.steps import PARTS, Step
from llmlab.explorers.shape_tracer.tensor import panel
from llmlab.explorers.shape_tracer.values import GPT2_PARTS, ShapeTrace

STREAM = "(B, T, D)"


def render(trace: ShapeTrace, sizes: str = "") -> str:
    """Sizes (those of the shape tracer, unless others are given), the steps, the bars, and the chosen step."""
    return (
        f'<div class="llmlab-gpt">{sizes or _sizes(trace)}{_flow(trace)}<div class="llmlab-gpt-side">{_totals(trace)}'
        f"{_bars(trace)}</div>{panel(trace)}</div>"
        '<p class="llmlab-hint"><span class="llmlab-gpt-swatch llmlab-gpt-holds"></span> parameters '
        '<span class="llmlab-gpt-swatch llmlab-gpt-costs"></span> operations a token (a full bar is twice as many) '
        '<span class="llmlab-gpt-swatch llmlab-gpt-mark"></span> GPT-2 has so many (dotted: more than a bar) &nbsp; '
        "Sides are drawn on a logarithmic scale.</p>"
    )


# ---- sizes and totals ------------------------------------------------------------------------------------------------


def _sizes(trace: ShapeTrace) -> str:
    config = trace.config
    sizes = (
        ("vocabulary", "vocabulary V", config.vocab_size),
        ("width", "width D", config.d_model),
        ("layers", "blocks L", config.n_layers),
        ("heads", "heads H", config.n_heads),
        ("context", "context C", config.context_length),
        ("tokens_read", "tokens read T", trace.tokens),
        ("batch", "batch B", trace.batch),
    )
    chips = ""
    for control, name, size in sizes:
        its = touch(key=f"size-{control}", spin=control, tip=f"{name}: drag sideways, or arrow keys")
        chips += f'<span>{name} <b class="llmlab-gpt-size"{its}>{size:,}</b></span>'
    return f'<div class="llmlab-gpt-sizes">{chips}</div>'


def _totals(trace: ShapeTrace) -> str:
    texts = f"{trace.batch} × {trace.tokens:,} {'token' if trace.tokens == 1 else 'tokens'}"
    active = ""
    if trace.active_parameters < trace.total_parameters:
        active = f"<span><b>{trace.active_parameters:,}</b> of them for one token</span>"
    return (
        f'<div class="llmlab-gpt-totals"><span><b>{trace.total_parameters:,}</b> parameters</span>{active}'
        f"<span><b>{big(trace.total_flops).strip()}</b> operations for {texts}</span></div>"
    )


# ---- the pass --------------------------------------------------------------------------------------------------------


def _flow(trace: ShapeTrace) -> str:
    before = "".join(_row(step, "stream" if step.key == "stream" else "") for step in trace.before)
    block = "".join(_row(step, "stream" if step.key.startswith("add") else "branch") for step in trace.block)
    after = "".join(_row(step, "") for step in trace.after)
    blocks = f"each of {trace.config.n_layers} blocks" if trace.config.n_layers > 1 else "the only block"
    its = touch(key="flow", group="follow", sweep=True)
    return (
        f'<div class="llmlab-gpt-flow"{its}>{before}<div class="llmlab-gpt-block">'
        f'<b class="llmlab-gpt-times">{blocks}</b>{block}</div>{after}</div>'
    )


def _row(step: Step, place: str) -> str:
    """One step: on the stream, on the way that leaves it, or outside."""
    its = touch(key=f"step {step.key}", press={"step": step.key}, link=_word(step.part))
    tinted = " llmlab-gpt-as-stream" if step.letters == STREAM else ""
    kind = f" llmlab-gpt-{place}" if place else ""
    return (
        f'<div class="llmlab-gpt-row{kind}"{its}><i></i><span>{escape(step.name.partition(" (")[0])}</span>'
        f'<span class="llmlab-gpt-shape{tinted}">{step.letters}</span></div>'
    )


def _word(part: str) -> str:
    """A part as one word, which its steps and its bars share."""
    return f"part-{PARTS.index(part)}" if part else ""


# ---- the bars --------------------------------------------------------------------------------------------------------


def _bars(trace: ShapeTrace) -> str:
    holds, costs = trace.parameters, trace.flops_per_token
    rows = ""
    for part in PARTS:
        steps = [step for step in trace.steps if step.part == part]
        aim = trace.step.key if trace.step.part == part else steps[0].key if steps else "turn"  # rotary: no table
        said = f"{part}: {holds[part]:,} parameters, {big(costs[part])}operations a token"
        its = touch(key=f"part {part}", press={"step": aim}, link=_word(part), tip=said)
        same = holds[part] == GPT2_PARTS[part]
        mark = ' <b class="llmlab-gpt-same">✓</b>' if same and holds[part] else ""
        rows += (
            f'<div class="llmlab-gpt-part"{its}><span>{part}</span><div class="llmlab-gpt-lane">'
            f"{_bar('holds', holds[part] / trace.axis)}{_bar('costs', costs[part] / (2 * trace.axis))}"
            f"{_mark(part, holds[part], trace.axis)}</div>"
            f"<span>{big(holds[part])}{mark}<br>{big(costs[part])}</span></div>"
        )
    return f'<div class="llmlab-gpt-parts"{touch(key="parts", group="parts")}>{rows}</div>'


def _bar(kind: str, share: float) -> str:
    beyond = " llmlab-gpt-beyond" if share > 1 else ""
    width = 0 if not share else max(0.4, 100 * min(share, 1))
    return f'<i class="llmlab-gpt-bar llmlab-gpt-{kind}{beyond}" style="width:{width:.2f}%"></i>'


def _mark(part: str, mine: int, axis: int) -> str:
    """How many parameters GPT-2 has there; none where no model has any."""
    if not (GPT2_PARTS[part] or mine):
        return ""
    share = GPT2_PARTS[part] / axis
    if share > 1:
        return '<i class="llmlab-gpt-mark llmlab-gpt-mark-beyond"></i>'
    return f'<i class="llmlab-gpt-mark" style="left:{100 * share:.2f}%"></i>'


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: ShapeTrace) -> str:
    """What most of the numbers are, and why; what most of the operations are for."""
    parameters, config = trace.parameters, trace.config
    groups = {
        "tables": parameters["token embedding"] + parameters["head"],
        "position": parameters["position embedding"],
        "blocks": sum(step.times * step.parameters for step in trace.block),
    }
    most = max(groups, key=groups.get)
    share = f"{groups[most] / trace.total_parameters:.0%}"
    tokens = f"{config.vocab_size:,} tokens have a row of D"
    if most == "tables" and config.tie_weights:
        held = f"The token table holds <b>{share}</b>: {tokens}, which the head uses, too"
    elif most == "tables":
        held = f"The vocabulary holds <b>{share}</b>: {tokens} in the table, and another in the head"
    elif most == "position":
        held = f"The position table holds <b>{share}</b>: a row of D for each of {config.context_length:,} places"
    else:
        held = f"The blocks hold <b>{share}</b>: each of them has {_in_squares(trace)}"
    costs = trace.flops_per_token
    dear = max(PARTS, key=costs.get)
    share = f"{costs[dear] / sum(costs.values()):.0%}"
    if dear == "attention: scores and sums":
        return (
            f"{held}. Scores and sums hold nothing and cost <b>{share}</b>: each token meets {trace.tokens:,} tokens."
        )
    return (
        f"{held}. A token costs two operations for each weight that it is multiplied with and none for a row that is "
        f"looked up: so {'the ' if dear == 'head' else ''}{dear}, with most such weights, costs most, <b>{share}</b>."
    )


def _in_squares(trace: ShapeTrace) -> str:
    """The numbers of a block, as multiples of D²."""
    squares = sum(step.parameters for step in trace.block) / trace.config.d_model**2
    if 0 <= squares - 12 < 0.5:  # GPT-2's four and eight, and its vectors
        return "12 · D² numbers and a few more"
    active = sum(step.parameters - step.resting for step in trace.block) / trace.config.d_model**2
    resting = f", of which a token goes through {active:.1f} · D²" if trace.config.n_experts else ""
    return f"{squares:.1f} · D² numbers{resting}"


def describe(trace: ShapeTrace) -> str:
    """The trace in words: totals and the parts that hold and cost most."""
    parameters, flops = trace.parameters, trace.flops
    holds = max(PARTS, key=parameters.get)
    costs = max(PARTS, key=flops.get)
    tied = "; the head uses the token table" if trace.config.tie_weights else ""
    blocks = sum(step.times * step.parameters for step in trace.block)
    active = f" ({trace.active_parameters:,} for one token)" if trace.config.n_experts else ""
    return (
        f"{trace.total_parameters:,} parameters{active}, {blocks / trace.total_parameters:.1%} of them in the "
        f"{plural(trace.config.n_layers, 'block')}{tied}. Most are in the part {holds}: "
        f"{parameters[holds]:,}, {parameters[holds] / trace.total_parameters:.1%}. "
        f"A pass over {trace.batch} × {trace.tokens} tokens takes {big(trace.total_flops)}FLOPs, "
        f"{big(trace.total_flops / (trace.batch * trace.tokens))}FLOPs a token. Most go into the part {costs}: "
        f"{flops[costs] / trace.total_flops:.1%}. The step looked at, {trace.step.name}, gives {trace.step.letters}: "
        f"{trace.step.shape}."
    )
