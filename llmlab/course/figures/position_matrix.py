"""A table of positions as a heat map: a row for each place, a column for each number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INPUT, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from torch import Tensor


def draw(positions: Tensor, rounds: list[float]) -> Picture:
    """A table (T, D) of numbers from -1 to 1; `rounds` says after how many places each pair of columns repeats."""
    from matplotlib import pyplot
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("signed", [TARGET, "white", INPUT])
    T, D = positions.shape
    figure, axes = pyplot.subplots(figsize=(6.4, 3.4))
    image = axes.imshow(positions.numpy(), cmap=colours, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    bar = figure.colorbar(image, ax=axes, ticks=[-1, 0, 1])
    bar.ax.tick_params(labelsize=SMALL)
    axes.set_xlabel("number of the vector", fontsize=SMALL)
    axes.set_ylabel("place", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    return show(
        figure,
        alt=f"Heat map of {T} places by {D} numbers, from \u22121 (orange) to 1 (blue). Columns come in pairs, sine "
        f"and cosine. The first pair changes from place to place and repeats every {rounds[0]:.0f} places, each next "
        f"one more slowly; the last two columns, which would repeat after {rounds[-1]:,.0f} places, hardly change.",
    )
