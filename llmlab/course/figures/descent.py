"""Gradient descent on a parabola: one panel for each learning rate, with every place that was visited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlab.course.figures.palette import INK, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(paths: Mapping[float, Sequence[float]], lowest: float) -> Picture:
    """The loss (w - lowest)², and the places on it that each learning rate led to.

    Args:
        paths: learning rate -> the weight before the first step and after each one.
        lowest: where the parabola has its lowest point.

    Raises:
        ValueError: no path, or one that holds no step.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    if not paths or min(map(len, paths.values())) < 2:
        raise ValueError("paths must hold at least one learning rate, each with two places or more")
    reach = 1.15 * max(abs(w - lowest) for path in paths.values() for w in path)
    curve = np.linspace(lowest - reach, lowest + reach, 101)
    figure, panels = plt.subplots(1, len(paths), figsize=(2.6 * len(paths), 2.6), sharey=True, squeeze=False)
    for axes, (rate, path) in zip(panels[0], paths.items(), strict=True):
        losses = [(w - lowest) ** 2 for w in path]
        axes.plot(curve, (curve - lowest) ** 2, color=QUIET, linewidth=1)
        axes.plot(path, losses, color=TARGET, marker="o", markersize=4, linewidth=1)
        axes.annotate(
            "start",
            (path[0], losses[0]),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            size=SMALL,
            color=INK,
        )
        axes.set_title(f"learning rate {rate:g}", size=SMALL + 1)
        axes.set(xlabel="w")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0][0].set(ylabel="loss")
    ends = "; ".join(
        f"learning rate {rate:g}: from {path[0]:.2f} to {path[-1]:.2f}, " + _moves(path, lowest)
        for rate, path in paths.items()
    )
    return show(figure, alt=f"Steps on a parabola whose lowest point is at {lowest:g}. {ends}.")


def _moves(path: Sequence[float], lowest: float) -> str:
    """How a path goes, in words."""
    if abs(path[-1] - lowest) > abs(path[0] - lowest):
        return "further away each time"
    crosses = any((a - lowest) * (b - lowest) < 0 for a, b in zip(path, path[1:], strict=False))
    return "jumping from side to side, ever nearer" if crosses else "on one side, ever nearer"
