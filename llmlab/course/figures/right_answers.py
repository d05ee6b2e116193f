"""Shares of right answers with their intervals (lesson 15)."""

from __future__ import annotations

from collections.abc import Mapping

from llmlab.course.figures.palette import INK, INPUT, SMALL
from llmlab.course.figures.picture import Picture, show
from llmlab.tuning.scores import wilson_interval


def draw(results: Mapping[str, tuple[int, int]]) -> Picture:
    """A row for each examination: a dot at the share of right answers, a line from the lowest to the highest.

    Args:
        results: by name, how many were right, of how many.

    Raises:
        ValueError: nothing to draw.
    """
    from matplotlib import pyplot

    if not results:
        raise ValueError("results must hold at least one pair (right, total)")
    figure, axes = pyplot.subplots(figsize=(6.2, 0.42 * len(results) + 0.7))
    said = []
    for row, (name, (right, total)) in enumerate(results.items()):
        low, high = wilson_interval(right, total)
        axes.plot([100 * low, 100 * high], [-row, -row], color=INPUT, linewidth=4, solid_capstyle="butt")
        axes.plot(100 * right / total, -row, "o", color=INK)
        said.append(f"{name}: {right} of {total}, interval {low:.0%} to {high:.0%}")
    axes.set(xlim=(-2, 102), xlabel="right, of 100", yticks=[-row for row in range(len(results))])
    axes.set_yticklabels(list(results), fontsize=SMALL)
    axes.set_ylim(-len(results) + 0.5, 0.5)
    axes.spines[["top", "right"]].set_visible(False)
    return show(figure, alt=f"Shares of right answers, each with its interval. {'; '.join(said)}.")
