"""All numbers of the shape tracer as tables: what the fold shows, and the still picture."""

from __future__ import annotations

from math import prod

from llmlab.explorers.host.markup import cell, numbers, scrolling, table
from llmlab.explorers.host.words import three_digits
from llmlab.explorers.shape_tracer.steps import PARTS
from llmlab.explorers.shape_tracer.values import ShapeTrace


def more(trace: ShapeTrace) -> str:
    """Totals, a table of shares with two bars a part, a table of all tensors."""
    return _numbers(trace) + _shares(trace) + _tensors(trace)


def _numbers(trace: ShapeTrace) -> str:
    config = trace.config
    largest = max(trace.steps, key=lambda step: prod(step.shape))
    facts = {
        "parameters": f"{trace.total_parameters:,}",
        "in float32": f"{big(4 * trace.total_parameters)}B",
        "FLOPs of a pass": big(trace.total_flops),
        "FLOPs per token": big(trace.total_flops / (trace.batch * trace.tokens)),
        "width of a head D/H": config.d_model // config.n_heads,
        "largest tensor": f"{largest.letters}, {big(4 * prod(largest.shape))}B",
    }
    if trace.config.n_experts:
        facts["parameters of a token"] = f"{trace.active_parameters:,}"
    if trace.own_function:
        facts["your count"] = f"{trace.counted:,}"
    return numbers(facts)


# Fixed colours that hold 3:1 against a white and a black page; the stylesheet hatches the second one.
_COLOUR = {"holds": "#2272b4", "costs": "#b8520a"}


def _shares(trace: ShapeTrace) -> str:
    """One row a part: what it holds and what it costs, as numbers, shares and bars."""
    parameters, flops = trace.parameters, trace.flops
    rows = ""
    for part in PARTS:
        rows += f"<tr><th>{part}</th>"
        for kind, values, text in (
            ("holds", parameters, f"{parameters[part]:,}"),
            ("costs", flops, big(flops[part])),
        ):
            share = values[part] / sum(values.values())
            rows += f"{cell(text)}{cell(f'{share:.1%}')}{_bar(kind, share)}"
        rows += "</tr>"
    total = (
        f"<tr><th>all</th>{cell(f'{trace.total_parameters:,}')}{cell('100.0%')}<td></td>"
        f"{cell(big(trace.total_flops))}{cell('100.0%')}<td></td></tr>"
    )
    head = '<th>part</th><th colspan="3">parameters held</th><th colspan="3">FLOPs of a pass</th>'
    return scrolling("Shares of the parts", table(rows + total, head=head, kind="llmlab-gpt-shares"))


def _bar(kind: str, share: float) -> str:
    if not share:
        return "<td></td>"
    look = f"width: {100 * share:.1f}%; background-color: {_COLOUR[kind]}"
    return f'<td class="llmlab-gpt-share"><div class="llmlab-gpt-{kind}" style="{look}">&nbsp;</div></td>'


def _tensors(trace: ShapeTrace) -> str:
    """Every tensor in the order of the pass."""
    head = "".join(f"<th>{name}</th>" for name in ("step", "gives", "", "trains", "parameters", "FLOPs"))
    blocks = f"in each of the {trace.config.n_layers} blocks" if trace.config.n_layers > 1 else "in the only block"
    rows = ""
    for title, steps in (("before the blocks", trace.before), (blocks, trace.block), ("after them", trace.after)):
        rows += f'<tr class="llmlab-gpt-group"><th colspan="6">{title}</th></tr>'
        for step in steps:
            trains = " + ".join(shape_of(shape) for shape in step.weights)
            trains = f"{step.copies} × [{trains}]" if step.copies > 1 else trains
            rows += (
                f"<tr><th>{step.name}</th><td>{step.letters}</td><td>{shape_of(step.shape)}</td><td>{trains}</td>"
                f"{cell(f'{step.parameters:,}' if step.parameters else '')}"
                f"{cell(big(step.flops) if step.flops else '')}</tr>"
            )
    return scrolling("Every tensor of the pass", table(rows, head=head, kind="llmlab-gpt-tensors"))


def shape_of(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def big(number: float) -> str:
    """Three digits and a prefix: 12.3 M, 1.20 G."""
    for prefix, size in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            return f"{three_digits(number / size)} {prefix}"
    return f"{number:.0f} "


def off(difference: int) -> str:
    """By how much a count is wrong, and to which side."""
    return f"{abs(difference):,} too {'many' if difference > 0 else 'few'}"
