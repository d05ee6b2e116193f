"""Lesson 09: over which numbers a LayerNorm takes its mean, and over which it must not."""

from __future__ import annotations

from matplotlib import pyplot
from matplotlib.patches import Rectangle
from torch import Tensor

from llmlab.course.figures.palette import GOOD, INK, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(x: Tensor) -> Picture:
    """Two copies of the table x (T, D): rows outlined, then columns outlined, each with its mean."""
    T, D = x.shape
    figure, panels = pyplot.subplots(1, 2, figsize=(2.4 + 1.3 * D, 0.9 + 0.45 * T))
    for panel, by_row in zip(panels, (True, False), strict=True):
        for i in range(T):
            for j in range(D):
                panel.text(j + 0.5, i + 0.5, f"{x[i, j]:g}", ha="center", va="center", fontsize=SMALL + 1, color=INK)
        means = x.mean(dim=1 if by_row else 0).tolist()
        for n, mean in enumerate(means):
            corner, width, height = ((0.06, n + 0.1), D - 0.12, 0.8) if by_row else ((n + 0.1, 0.06), 0.8, T - 0.12)
            colour = GOOD if by_row else TARGET
            box = Rectangle(corner, width, height, fill=False, edgecolor=colour, linestyle="-" if by_row else "--")
            panel.add_patch(box)
            at = (D + 0.15, n + 0.5) if by_row else (n + 0.5, T + 0.4)
            told = f"mean {mean:.3g}" if by_row else f"mean\n{mean:.3g}"  # two lines: a column is narrow
            panel.text(*at, told, ha="left" if by_row else "center", va="center", fontsize=7, color=QUIET)
        title = "LayerNorm: over the width, each token" if by_row else "not so: over the tokens"
        panel.set_title(title, fontsize=SMALL + 1, color=INK)
        panel.set(xlim=(-0.1, D + 1.2), ylim=(T + 0.8, -0.1))
        panel.axis("off")
    panels[0].text(-0.2, T / 2, "tokens", rotation=90, ha="right", va="center", fontsize=SMALL, color=QUIET)
    rows = ", ".join(f"{mean:.3g}" for mean in x.mean(dim=1).tolist())
    return show(
        figure,
        alt=f"A table of {T} tokens by {D} numbers, twice. Left, as LayerNorm does it, each row is outlined and has a "
        f"mean of its own: {rows}. Right, as it must not be, each column is outlined: there a mean would mix tokens.",
    )
