"""Lesson 14: the validation losses of several architectures, a dot for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib import pyplot

from llmlab.course.figures.palette import INK, INPUT, OFF, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show


def draw(losses: Mapping[str, Sequence[float]]) -> Picture:
    """One line an architecture, the range of the first one shaded.

    Args:
        losses: by name, the validation loss of each seed; the first row is what the others are compared with.
    """
    names, first = list(losses), next(iter(losses.values()))
    figure, axes = pyplot.subplots(figsize=(6.4, 0.5 + 0.32 * len(names)))
    axes.axvspan(min(first), max(first), color=OFF, alpha=0.6, linewidth=0)
    for line, name in enumerate(names):
        axes.plot([min(losses[name]), max(losses[name])], [line, line], color=QUIET, linewidth=1)
        axes.plot(losses[name], [line] * len(losses[name]), "o", color=INPUT, markersize=5)
    axes.set_yticks(range(len(names)), names, fontsize=SMALL, color=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("validation loss, nats per token", fontsize=SMALL)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    told = "; ".join(f"{name} {min(those):.2f} to {max(those):.2f}" for name, those in losses.items())
    return show(figure, alt=f"Validation losses over the seeds, the range of {names[0]} shaded: {told}.")
