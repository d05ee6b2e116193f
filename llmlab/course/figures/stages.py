"""The stages of a model from top to bottom, each with its shape and a few of its values (lesson 00)."""

from __future__ import annotations

from collections.abc import Sequence

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show

_WIDEST = 5.8  # inches
_A_STAGE = 0.66


def draw(stages: Sequence[tuple[str, str, str]]) -> Picture:
    """Boxes with arrows between them.

    Args:
        stages: name, shape and some values of each stage, in order.

    Raises:
        ValueError: there are fewer than two stages.
    """
    if len(stages) < 2:
        raise ValueError(f"a path has at least two stages, got {len(stages)}")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(_WIDEST, _A_STAGE * len(stages) + 0.2))
    for place, (name, shape, values) in enumerate(stages):
        box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": INPUT, "linewidth": 1.5}
        axes.text(0.15, -place, name, ha="center", va="center", weight="bold", color=INK, bbox=box)
        axes.text(0.35, -place + 0.18, shape, va="center", fontsize=SMALL + 1, color=INK)
        axes.text(0.35, -place - 0.2, values, va="center", fontsize=SMALL, color=QUIET)
        if place:
            arrow = {"arrowstyle": "->", "color": INK}
            axes.annotate("", (0.15, -place + 0.3), (0.15, -place + 0.7), arrowprops=arrow)
    axes.set(xlim=(0, 1), ylim=(-len(stages) + 0.5, 0.5))
    axes.axis("off")
    said = "; ".join(f"{name}, {shape}: {values}" for name, shape, values in stages)
    return show(figure, alt=f"{len(stages)} stages from top to bottom. {said}.")
