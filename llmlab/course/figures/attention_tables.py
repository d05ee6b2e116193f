"""Tables of attention side by side, a row per query and a column per key: scores or weights (lessons 06 and 07)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from llmlab.course.figures._cells import fill
from llmlab.course.figures.palette import SMALL
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from torch import Tensor


def draw(tables: Mapping[str, Tensor], tokens: Sequence[str], *, alt: str, most: float = 1.0) -> Picture:
    """Draw one or more tables of T queries and T keys.

    Args:
        tables: title -> table (T, T); -inf is drawn as hidden.
        tokens: the T tokens, written beside the rows and below the columns.
        alt: what the picture says.
        most: the number with the deepest colour, the same for all tables.

    Raises:
        ValueError: a table is not (T, T).
    """
    from matplotlib import pyplot

    T = len(tokens)
    for title, table in tables.items():
        if tuple(table.shape) != (T, T):
            raise ValueError(
                f"{title!r} must be a table of shape {(T, T)}, got {tuple(table.shape)}: a row for each token"
            )
    side = 0.46 * T + 1.0
    figure, panels = pyplot.subplots(1, len(tables), figsize=(side * len(tables), side), squeeze=False)
    places = [place + 0.5 for place in range(T)]
    for panel, (title, table) in zip(panels[0], tables.items(), strict=True):
        fill(panel, table, most=most, size=SMALL if T < 8 else SMALL - 1)
        panel.set_title(title, fontsize=SMALL + 1)
        panel.set_xticks(places, tokens, rotation=45, ha="right", rotation_mode="anchor", fontsize=SMALL)
        panel.set_yticks(places, tokens if panel is panels[0][0] else [""] * T, fontsize=SMALL)
        panel.tick_params(length=0)
        panel.set_xlabel("key: is asked", fontsize=SMALL)
    panels[0][0].set_ylabel("query: asks", fontsize=SMALL)
    figure.tight_layout()
    return show(figure, alt=alt)
