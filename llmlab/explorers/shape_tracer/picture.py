"""The picture of the shape tracer as HTML, the reason of what is seen, and the same in words.

The sizes as numbers to drag; the pass as a column of steps along the stream, each of which can be pressed, swept and
played; two strips that share all parameters and all operations out among the parts; for each part two dots on one
logarithmic scale, on which a small model and GPT-2 have room; and the step that is looked at.

A weight that a token is multiplied with costs two operations. So operations per token are drawn at half their number:
the dots of a part stand one above the other where each token meets each weight, and apart where it does not.
"""

from __future__ import annotations

from html import escape
from math import log10

from llmlab.explorers.host.touch import touch
from llmlab.explorers.host.words import plural
from llmlab.explorers.shape_tracer.numbers import big
from llmlab.explorers.shape_tracer.steps import PARTS, Step
from llmlab.explorers.shape_tracer.tensor import panel
from llmlab.explorers.shape_tracer.values import GPT2_PARTS, ShapeTrace

STREAM = "(B, T, D)"
SAME = ' <b class="llmlab-gpt-same">✓</b>'
NAMED = 0.17  # a piece of a strip with this share has room for its name


def render(trace: ShapeTrace, sizes: str = "", goals: str = "") -> str:
    """The sizes, the steps, the shares, the dots, the chosen step.

    Args:
        sizes: those of another tracer; without any, those of the shape tracer.
        goals: rows above those of the parts.
    """
    return (
        f'<div class="llmlab-gpt">{sizes or _sizes(trace)}{_flow(trace)}<div class="llmlab-gpt-side">{_totals(trace)}'
        f"{_strips(trace)}{_dots(trace, goals)}</div>{panel(trace)}</div>"
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
    """A part as one word, which its steps, its dots and its pieces of the strips share."""
    return f"part-{PARTS.index(part)}" if part else ""


# ---- the strips ------------------------------------------------------------------------------------------------------


def _strips(trace: ShapeTrace) -> str:
    """All parameters, and all operations, cut into the parts."""
    return (
        f'<div class="llmlab-gpt-strips">{_strip("holds", "parameters", trace.parameters)}'
        f"{_strip('costs', 'operations', trace.flops)}</div>"
    )


def _strip(kind: str, name: str, amounts: dict[str, int]) -> str:
    total, pieces = sum(amounts.values()), ""
    for part in PARTS:
        share = amounts[part] / total
        if share:
            its = touch(link=_word(part), tip=f"{part}: {share:.1%} of all {name}")
            text = f"{part.partition(': ')[2] or part} {share:.0%}" if share >= NAMED else ""
            pieces += (
                f'<span class="llmlab-gpt-piece llmlab-gpt-{kind}"{its} style="flex-grow:{share:.5f}">{text}</span>'
            )
    return f'<span>{name}</span><div class="llmlab-gpt-strip">{pieces}</div>'


# ---- the dots --------------------------------------------------------------------------------------------------------


def _dots(trace: ShapeTrace, goals: str) -> str:
    holds, costs = trace.parameters, trace.flops_per_token
    rows = ""
    for part in PARTS:
        steps = [step for step in trace.steps if step.part == part]
        aim = trace.step.key if trace.step.part == part else steps[0].key if steps else "turn"  # rotary: no table
        said = f"{part}: {holds[part]:,} parameters, {big(costs[part]).strip()} operations per token"
        its = touch(key=f"part {part}", press={"step": aim}, link=_word(part), name=said)
        same = holds[part] == GPT2_PARTS[part]
        mark = SAME if same and holds[part] else ""
        lane = point("mark", GPT2_PARTS[part], trace) if holds[part] or GPT2_PARTS[part] else ""
        lane += point("holds", holds[part], trace) + point("costs", costs[part] / 2, trace)
        rows += (
            f'<div class="llmlab-gpt-part"{its}><span>{part}</span><div class="llmlab-gpt-lane">{lane}</div>'
            f"<span>{big(holds[part])}{mark}<br>{big(costs[part])}</span></div>"
        )
    return (
        '<div class="llmlab-gpt-key"><span><i class="llmlab-gpt-holds"></i>parameters</span>'
        '<span><i class="llmlab-gpt-costs"></i>operations per token, at half their number</span>'
        "<span><i class='llmlab-gpt-mark'></i>GPT-2's parameters</span></div>"
        f"{goals}"
        f'<div class="llmlab-gpt-parts"{touch(key="parts", group="parts")}>{rows}</div>{_ticks(trace)}'
    )


def point(kind: str, amount: float, trace: ShapeTrace) -> str:
    """A dot, or GPT-2's mark, on the logarithmic scale; nothing for 0, which has no place there."""
    if not amount:
        return ""
    return f'<i class="llmlab-gpt-{kind}" style="left:{across(amount, trace):.2f}%"></i>'


def across(amount: float, trace: ShapeTrace) -> float:
    """Where an amount lies on the scale, in per cent from its left end."""
    low, high = trace.axis
    return 100 * (log10(amount) - low) / (high - low)


def _ticks(trace: ShapeTrace) -> str:
    """The powers of ten under the lanes: every line is one, every third has its name."""
    low, high = trace.axis
    named = [power for power in range(low, high + 1) if power % 3 == 0]
    labels = "".join(
        f'<span style="left:{100 * (power - low) / (high - low):.2f}%">1 {" kMGT"[power // 3]}</span>'
        for power in named
    )
    return f'<div class="llmlab-gpt-part llmlab-gpt-ticks"><span>a line: ten times</span><div>{labels}</div></div>'


# ---- words -----------------------------------------------------------------------------------------------------------


def why(trace: ShapeTrace) -> str:
    """What most of the numbers are, and why; what most of the operations are for."""
    parameters, config = trace.parameters, trace.config
    groups = {
        "tables": parameters["token embedding"] + parameters["head"],
        "position": parameters["position embedding"],
        "blocks": sum(step.times * step.parameters for step in trace.block),
    }
    most = max(groups, key=groups.__getitem__)
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
    dear = max(PARTS, key=costs.__getitem__)
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
    holds = max(PARTS, key=parameters.__getitem__)
    costs = max(PARTS, key=flops.__getitem__)
    tied = "; the head uses the token table" if trace.config.tie_weights else ""
    blocks = sum(step.times * step.parameters for step in trace.block)
    active = f" ({trace.active_parameters:,} for one token)" if trace.config.n_experts else ""
    return (
        f"{trace.total_parameters:,} parameters{active}, {blocks / trace.total_parameters:.1%} of them in the "
        f"{plural(trace.config.n_layers, 'block')}{tied}. Most are in the part {holds}: "
        f"{parameters[holds]:,}, {parameters[holds] / trace.total_parameters:.1%}. "
        f"A pass over {trace.batch} × {trace.tokens} tokens takes {big(trace.total_flops)}FLOPs, "
        f"{big(trace.total_flops / (trace.batch * trace.tokens))}FLOPs per token. Most go into the part {costs}: "
        f"{flops[costs] / trace.total_flops:.1%}. The step looked at, {trace.step.name}, gives {trace.step.letters}: "
        f"{trace.step.shape}."
    )
