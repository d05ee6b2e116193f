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
    told = []
    for (name, y), (colour, style) in zip(curves.items(), _STYLES, strict=True):
        # Rounded, so that the picture is the same on every machine.
        axes.plot(x.tolist(), [round(value, 3) for value in y.tolist()], style, color=colour, label=name)
        told.append(f"{name} goes from {y[0]:.1f} to {y[-1]:.1f}, and is lowest, {y.min():.2f}, at {x[y.argmin()]:.2f}")
    axes.axhline(0, color=QUIET, linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=SMALL, frameon=False)
    return show(figure, alt=f"Two curves from {x[0]:g} to {x[-1]:g}. {'; '.join(told)}.")
