"""Lesson 09: the pre-norm block as a drawing, the stream a straight line with two branches that read and add."""

from __future__ import annotations

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from llmlab.course.figures.palette import GOOD, INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

_LINE, _BRANCH = 2.2, 0.9  # heights of the stream and of what reads it


def draw() -> Picture:
    """One block, from left to right."""
    figure, axes = pyplot.subplots(figsize=(9, 2.7))
    axes.annotate("", (13.2, _LINE), (0.4, _LINE), arrowprops={"arrowstyle": "-|>", "color": INPUT, "linewidth": 3})
    axes.text(0.2, _LINE, "x", ha="right", va="center", fontsize=SMALL + 3, color=INK)
    axes.text(13.3, _LINE, "to the next\nblock", ha="left", va="center", fontsize=SMALL, color=INK)
    axes.text(6.7, _LINE + 0.45, "residual stream: only ever added to", ha="center", fontsize=SMALL + 1, color=INPUT)
    _branch(axes, 1.0, "norm_1", "attention", "tokens hear\nof each other", TARGET)
    _branch(axes, 7.2, "norm_2", "feed-forward", "each token\nby itself", GOOD)
    axes.set(xlim=(-0.4, 15.2), ylim=(-0.5, 3.1))
    axes.axis("off")
    return show(
        figure,
        alt="A straight line from x on the left to the next block: the residual stream, only ever added to. Two "
        "branches leave it and come back to a plus sign on it. The first goes through norm 1 and attention, where "
        "tokens hear of each other; the second through norm 2 and feed-forward, each token by itself.",
    )


def _branch(axes: Axes, left: float, norm: str, part: str, says: str, colour: str) -> None:
    """Down from the stream, through a norm and a part of the block, and back up to a sum."""
    for x, width, text, edge in ((left + 0.7, 1.5, norm, QUIET), (left + 2.7, 2.1, part, colour)):
        box = FancyBboxPatch(
            (x, _BRANCH - 0.3), width, 0.6, boxstyle="round,pad=0.06", facecolor="white", edgecolor=edge, linewidth=2
        )
        axes.add_patch(box)
        axes.text(x + width / 2, _BRANCH, text, ha="center", va="center", fontsize=SMALL + 1, color=INK)
    axes.text(left + 3.75, _BRANCH - 0.5, says, ha="center", va="top", fontsize=SMALL, color=QUIET)
    end = left + 5.4
    corners = ((left, _LINE), (left, _BRANCH), (left + 0.6, _BRANCH))
    axes.plot(*zip(*corners, strict=True), color=INK, linewidth=1.2)
    axes.plot([left + 2.27, left + 2.63], [_BRANCH, _BRANCH], color=INK, linewidth=1.2)
    axes.plot([left + 4.87, end, end], [_BRANCH, _BRANCH, _LINE - 0.25], color=INK, linewidth=1.2)
    axes.plot(end, _LINE, "o", markersize=15, markerfacecolor="white", markeredgecolor=INK)
    axes.text(end, _LINE - 0.01, "+", ha="center", va="center", fontsize=SMALL + 4, color=INK)
