"""Who may look at whom: the masks of an encoder, a decoder, a prefix language model, an encoder-decoder (lesson 07)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, OFF, SMALL
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor


def draw(masks: Mapping[str, Tensor], *, alt: str) -> Picture:
    """Draw masks side by side: a filled cell with a dot where the row's query may attend to the column's key.

    Args:
        masks: title -> bool, (T_query, T_key), True = may attend.
        alt: what the picture says.

    Raises:
        TypeError: a mask is not boolean.
    """
    import torch
    from matplotlib import pyplot

    for title, mask in masks.items():
        if mask.dtype != torch.bool or mask.dim() != 2:
            raise TypeError(f"{title!r} must be a bool mask of two axes, got {mask.dtype} of shape {tuple(mask.shape)}")
    widths = [mask.shape[1] for mask in masks.values()]
    tallest = max(len(mask) for mask in masks.values())
    figure, panels = pyplot.subplots(
        1,
        len(masks),
        figsize=(0.3 * sum(widths) + 1.1 * len(masks), 0.3 * tallest + 0.9),
        squeeze=False,
        gridspec_kw={"width_ratios": widths},
    )
    for panel, (title, mask) in zip(panels[0], masks.items(), strict=True):
        _fill(panel, mask)
        panel.set_title(title, fontsize=SMALL)
        panel.set_xlabel(f"{mask.shape[1]} keys", fontsize=SMALL)
        panel.set_ylabel(f"{len(mask)} queries", fontsize=SMALL)
        panel.set_anchor("N")
    figure.tight_layout()
    return show(figure, alt=alt)


def _fill(panel: Axes, mask: Tensor) -> None:
    from matplotlib.patches import Rectangle

    from llmlab.course.figures._cells import shade

    for i, row in enumerate(mask.tolist()):
        for j, allowed in enumerate(row):
            look = {"facecolor": shade(0.7)} if allowed else {"facecolor": "white", "hatch": "////"}
            panel.add_patch(Rectangle((j, i), 1, 1, edgecolor=INPUT if allowed else OFF, linewidth=1, **look))
            if allowed:
                panel.plot(j + 0.5, i + 0.5, "o", color=INK, markersize=3)
    panel.set(xlim=(0, mask.shape[1]), ylim=(len(mask), 0), aspect="equal", xticks=[], yticks=[])
