"""Lesson 09: activation functions side by side."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib import pyplot
from torch import Tensor

from llmlab.course.figures.palette import INPUT, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show

_STYLES = ((QUIET, "--"), (INPUT, "-"))


def draw(x: Tensor, curves: Mapping[str, Tensor]) -> Picture:
    """At most two curves over x, each with its name and its lowest point in the alternative text."""
    figure, axes = pyplot.subplots(figsize=(4.8, 2.6))
    places, told = [round(value, 3) for value in x.tolist()], []  # rounded: the same picture on every machine
    for (name, y), (colour, style) in zip(curves.items(), _STYLES, strict=True):
        heights = [round(value, 3) for value in y.tolist()]
        axes.plot(places, heights, style, color=colour, label=name)
        lowest = min(heights)
        where = f"dips to {lowest:.2f} at {places[heights.index(lowest)]:.2f}" if lowest < 0 else "never goes below 0"
        told.append(f"{name} ends at {heights[-1]:.1f} and {where}")
    axes.axhline(0, color=QUIET, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=SMALL, frameon=False)
    return show(figure, alt=f"Two curves from {x[0]:g} to {x[-1]:g}. {'; '.join(told)}.")
