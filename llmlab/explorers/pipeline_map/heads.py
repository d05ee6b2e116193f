"""All heads of the pipeline map as thumbnails: who looks at whom in each, and one press shows it in the picture."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from llmlab.explorers.host.touch import touch
from llmlab.explorers.pipeline_map.numbers import first_shown, said
from llmlab.explorers.pipeline_map.values import PipelineTrace

SHADES = torch.tensor([0.04, 0.16, 0.36, 0.64])  # weights above which a shade is one deeper: a tenth is seen
MOST = 24  # thumbnails; of a larger model only the chosen layer's heads are shown


def heads(trace: PipelineTrace) -> str:
    """A thumbnail for each head, a row for each layer."""
    L, H = trace.weights.shape[:2]
    layers = range(L) if L * H <= MOST else [trace.layer]
    rows = ""
    for layer in layers:
        thumbs = "".join(_thumbnail(trace, layer, head) for head in range(H))
        rows += f'<span class="llmlab-layer">layer {layer}</span><div class="llmlab-thumbs">{thumbs}</div>'
    title = f"All {L * H} heads" if len(layers) == L else f"The {H} heads of layer {trace.layer}"
    return (
        f'<div class="llmlab-all-heads"><b>{title}</b> <small>press one</small>'
        f'<div class="llmlab-heads-rows"{touch(key="heads", group="follow", sweep=True)}>{rows}</div>'
        '<p class="llmlab-hint">A row for each position: the stronger the shade, the more it takes from there. The '
        "outlined row is the chosen one.</p>"
        "</div>"
    )


def _thumbnail(trace: PipelineTrace, layer: int, head: int) -> str:
    """A map of the head's weights; the chosen position's row is outlined."""
    first = first_shown(trace)
    size, at = len(trace.tokens) - first, trace.position - first
    weight, source = trace.weights[layer, head, trace.position].max(dim=0)
    its = touch(
        key=f"head{layer}.{head}",
        press={"layer": layer, "head": head},
        tip=f"layer {layer}, head {head}: {said(trace.tokens[trace.position])} looks most at "
        f"{said(trace.tokens[int(source)])}, {float(weight):.0%}",
    )
    return (
        f'<span class="llmlab-thumb"{its}><svg viewBox="0 0 {size} {size}" preserveAspectRatio="none" '
        f'aria-hidden="true">{_maps(trace.weights, first)[layer][head]}<rect class="llmlab-its-row" x="0" y="{at}" '
        f'width="{at + 1}" height="1" vector-effect="non-scaling-stroke"></rect></svg></span>'
    )


@lru_cache(maxsize=12)  # a tensor is known by its identity: the same for all positions and heads of one text
def _maps(weights: Tensor, first: int) -> list[list[str]]:
    """The drawing of each layer's heads: shades within the stairs of what is not masked."""
    size = weights.shape[-1] - first
    stairs = "".join(f"h1V{row + 1}" for row in range(1, size))
    outline = f'<path class="llmlab-stairs" d="M0 0h1V1{stairs}V{size}H0z" vector-effect="non-scaling-stroke"></path>'
    depths = (weights[:, :, first:, first:, None] > SHADES).sum(dim=-1).tolist()
    return [[outline + _cells(head) for head in layer] for layer in depths]


def _cells(depths: list[list[int]]) -> str:
    cells = [""] * 5
    for row, line in enumerate(depths):
        for column, depth in enumerate(line[: row + 1]):
            if depth:
                cells[depth] += f"M{column} {row}h1v1h-1z"
    return "".join(f'<path class="llmlab-h{depth}" d="{cells[depth]}"></path>' for depth in range(1, 5))
