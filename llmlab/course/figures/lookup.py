"""A lookup: each id chooses a row of the table, and the rows chosen are the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor


def draw(ids: Sequence[int], words: Sequence[str], table: Tensor) -> Picture:
    """The rows that `ids` read out of `table` (V, D), whose rows belong to `words`."""
    from matplotlib import pyplot

    V, D = table.shape
    T, left, right = len(ids), 2.2, 5.2 + D
    figure, axes = pyplot.subplots(figsize=(7.4, 0.42 * V + 0.8))
    top = (V - T) / 2  # the fewer rows stand in the middle
    for v in range(V):
        _row(axes, left + 1.6, v, table[v].tolist(), chosen=v in ids)
        axes.text(left + 1.5, v, f"{words[v]}  {v}", ha="right", va="center", fontsize=SMALL, color=INK)
    for t, token_id in enumerate(ids):
        y = top + t
        axes.text(0.2, y, f"{token_id}", ha="center", va="center", fontsize=SMALL + 1, color=INPUT, weight="bold")
        arrow = {"arrowstyle": "->", "color": INPUT, "linewidth": 1.0}
        axes.annotate("", (left + 0.1, token_id), (0.45, y), arrowprops=arrow)
        axes.annotate("", (right, y), (left + 1.7 + D, token_id), arrowprops=arrow)
        _row(axes, right + 0.1, y, table[token_id].tolist(), chosen=True)
    for x, title in (
        (0.2, f"ids ({T},)"),
        (left + 1.6 + D / 2, f"table ({V}, {D})"),
        (right + D / 2, f"rows ({T}, {D})"),
    ):
        axes.text(x, -0.9, title, ha="center", va="center", fontsize=SMALL, color=QUIET)
    axes.set(xlim=(-0.6, right + D + 0.4), ylim=(V - 0.4, -1.3))
    axes.axis("off")
    chosen = ", ".join(f"{token_id} ({words[token_id]})" for token_id in ids)
    return show(
        figure,
        alt=f"Lookup. On the left the ids {chosen}; an arrow leads from each to the row with its number in a table of "
        f"{V} rows of {D} numbers, and on to the result, whose {T} rows are copies of these. The table's other rows "
        f"are not touched.",
    )


def _row(axes: Axes, x: float, y: float, numbers: list[float], chosen: bool) -> None:
    """A row of numbers as boxes; a chosen row has a blue edge and dark numbers."""
    from matplotlib.patches import Rectangle

    edge, width, ink = (INPUT, 1.4, INK) if chosen else (QUIET, 0.5, QUIET)
    for d, number in enumerate(numbers):
        axes.add_patch(Rectangle((x + d, y - 0.38), 1, 0.76, facecolor="none", edgecolor=edge, linewidth=width))
        text = f"{number:.1f}".replace("-0.0", "0.0").replace("-", "\u2212")
        axes.text(x + d + 0.5, y, text, ha="center", va="center", fontsize=SMALL, color=ink)
