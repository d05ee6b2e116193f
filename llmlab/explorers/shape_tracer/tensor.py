"""The step that is looked at: what it trains and what it gives as rectangles with named sides, and their sums.

Sides reach from 1 to 128,256, so they are logarithmic: no area says how much there is, and the picture says that.
"""

from __future__ import annotations

from html import escape
from math import log2, prod

from llmlab.explorers.host.words import plural
from llmlab.explorers.shape_tracer.numbers import big
from llmlab.explorers.shape_tracer.steps import Step
from llmlab.explorers.shape_tracer.values import ShapeTrace

WIDTH, HEIGHT = 400, 226
UNIT, LEAST = 7, 12  # a side: so much for each doubling, and for a single number
NO_SCALE = "areas are not to scale"
SHEETS = 4  # at most so many are drawn behind each other


def panel(trace: ShapeTrace) -> str:
    """The chosen step: its picture, and what it holds and costs, written out."""
    step = trace.step
    blocks = f", in {'each of ' if step.times > 1 else ''}{plural(step.times, 'block')}" if _in_block(trace) else ""
    holds = f"{step.trains} = <b>{step.parameters:,}</b> parameters{blocks}" if step.weights else _no_weights(step)
    if step.resting:
        holds += f"; a token goes through {step.parameters - step.resting:,} of them"
    costs = "no product of matrices, so nothing is counted"
    if step.flops:
        costs = f"{step.costs} = <b>{big(step.flops).strip()}</b> operations{blocks}"
    return (
        f'<div class="llmlab-gpt-panel"><div><b>{escape(step.name)}</b> '
        f"<small>a side is one step longer for each doubling</small></div>{_drawing(step)}<div>"
        f'<div class="llmlab-gpt-sum"><b>trains</b> {holds}</div>'
        f'<div class="llmlab-gpt-sum"><b>costs</b> {costs}</div>'
        f'<div class="llmlab-gpt-sum"><b>gives</b> {step.letters}: {prod(step.shape):,} numbers, '
        f"{big(4 * prod(step.shape))}B as float32</div></div></div>"
    )


def _in_block(trace: ShapeTrace) -> bool:
    return trace.step in trace.block


def _no_weights(step: Step) -> str:
    return "nothing: it multiplies with the token table" if step.part == "head" else "nothing"


def _drawing(step: Step) -> str:
    """The largest tensor that is trained here, and the one that comes out."""
    names = step.letters.strip("()").split(", ")
    drawn, said = "", []
    if step.weights:
        sides = _sides_of_weights(step)
        largest = (step.copies, *step.weights[0]) if step.copies > 1 else step.weights[0]
        drawn += _rectangle(66, sides, largest, "weights")
        said.append(f"trained: {_spelled(sides, largest)}")
    drawn += _rectangle(245, names, step.shape, "result")
    said.append(f"comes out: {_spelled(names, step.shape)}")
    drawn += f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{NO_SCALE}</text>'
    return (
        f'<svg class="llmlab-gpt-tensor" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{"; ".join(said)}">'
        f"{drawn}</svg>"
    )


def _sides_of_weights(step: Step) -> list[str]:
    """The letters of the weights' shape: "3D · D + 3D" begins with those of the matrix, "D + D" with the scale."""
    return [side.strip("()") for side in step.trains.partition(" + ")[0].split(" · ")]


def _spelled(names: list[str], shape: tuple[int, ...]) -> str:
    return " by ".join(f"{name} {size:,}" for name, size in zip(names, shape, strict=True))


def _side(size: int) -> float:
    return LEAST + UNIT * log2(size)


def _rectangle(x: float, names: list[str], shape: tuple[int, ...], kind: str) -> str:
    """The last two sizes as a rectangle, those before as sheets behind it."""
    *stack, rows, columns = (1, *shape) if len(shape) == 1 else shape
    *behind, down, across = ("", *names) if len(shape) == 1 else names
    wide, high = _side(columns), _side(rows) if down else 12.0
    y = 178.0 - high
    sheets = min(SHEETS, prod(stack))
    drawn = "".join(
        f'<rect class="llmlab-gpt-{kind}" data-key="{kind}{n}" x="{x + 5 * n:.0f}" y="{y - 5 * n:.1f}" '
        f'width="{wide:.1f}" height="{high:.1f}"></rect>'
        for n in reversed(range(sheets))
    )
    text = f'<text x="{x:.0f}" y="12" font-weight="700">{"trained" if kind == "weights" else "comes out"}</text>'
    if behind:
        text += f'<text x="{x:.0f}" y="31">{" · ".join(behind)} = {prod(stack):,} of these</text>'
    text += f'<text x="{x + wide / 2:.0f}" y="{y + high + 17:.0f}" text-anchor="middle">{across} = {columns:,}</text>'
    if down:
        text += f'<text x="{x - 6:.0f}" y="{y + high / 2 - 4:.0f}" text-anchor="end">{down} =</text>'
        text += f'<text x="{x - 6:.0f}" y="{y + high / 2 + 14:.0f}" text-anchor="end">{rows:,}</text>'
    return drawn + text
