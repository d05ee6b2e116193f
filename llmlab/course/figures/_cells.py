"""A table of numbers as coloured cells: what several pictures of attention are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, OFF, SMALL, TARGET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

DEEPEST = 0.6  # share of the colour in the strongest cell: ink on it keeps a contrast above 4.5 : 1


def fill(axes: Axes, table: Tensor, *, most: float, digits: int = 2, size: float = SMALL) -> None:
    """Draw a (rows, columns) table: blue for positive numbers, orange for negative ones, hatched where it is -inf.

    Args:
        axes: where to draw; its limits are set, its ticks removed.
        table: the numbers.
        most: the number that gets the deepest colour, as one below it does for negative ones.
        digits: how many decimals are written; 0 writes none at all.
        size: points of the numbers.
    """
    from matplotlib.patches import Rectangle

    rows, columns = table.shape
    for i, row in enumerate(table.tolist()):
        for j, number in enumerate(row):
            hidden = number == -float("inf")
            axes.add_patch(
                Rectangle(
                    (j, i),
                    1,
                    1,
                    facecolor=OFF if hidden else shade(number / most),
                    edgecolor="white",
                    hatch="////" if hidden else None,
                    linewidth=1.5,
                )
            )
            if digits:
                rounded = round(number, digits) + 0.0  # no −0.0
                words = "−∞" if hidden else f"{rounded:.{digits}f}".replace("-", "−")
                box = {"facecolor": OFF, "edgecolor": "none", "pad": 0.5} if hidden else None
                axes.text(j + 0.5, i + 0.5, words, ha="center", va="center", fontsize=size, color=INK, bbox=box)
    axes.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def shade(share: float) -> tuple[float, float, float]:
    """The colour of a number, white at 0, deepest at 1 (blue) and -1 (orange).

    >>> shade(0.0)
    (1.0, 1.0, 1.0)
    """
    from matplotlib.colors import to_rgb

    depth = DEEPEST * min(1.0, abs(share))
    red, green, blue = to_rgb(INPUT if share >= 0 else TARGET)
    return (1 - depth * (1 - red), 1 - depth * (1 - green), 1 - depth * (1 - blue))
