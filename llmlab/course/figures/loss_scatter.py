"""How much the loss of a batch scatters, beside that of its single windows (lesson 03)."""

from __future__ import annotations

from collections.abc import Sequence

from llmlab.course.figures.palette import INPUT, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show


def draw(losses: Sequence[float], batch_size: int) -> Picture:
    """Grey dots for single windows, a line for the means of batches of neighbouring windows.

    Args:
        losses: the loss of each window, in order.
        batch_size: how many of them make a batch; a last, unfilled batch is left out.
    """
    import matplotlib.pyplot as plt

    full = range(0, len(losses) - batch_size + 1, batch_size)
    means = [sum(losses[start : start + batch_size]) / batch_size for start in full]
    figure, (axes, beside) = plt.subplots(
        1, 2, figsize=(7, 2.4), sharey=True, width_ratios=(4, 1), layout="constrained"
    )
    axes.plot(losses, ".", color=QUIET, markersize=3)
    axes.plot([start + batch_size / 2 for start in full], means, "o-", color=INPUT, markersize=3)
    axes.set(xlabel="window", ylabel="loss")
    for place, (values, color, mark) in enumerate(((losses, QUIET, "."), (means, INPUT, "o"))):
        beside.vlines(place, min(values), max(values), color=color, linewidth=2)
        beside.plot([place, place], [min(values), max(values)], mark, color=color)
    beside.set(xlim=(-0.6, 1.6))
    beside.set_xticks([0, 1], ["single\nwindows", f"batches\nof {batch_size}"])
    for one in (axes, beside):
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=SMALL)
    alt = (
        f"Loss along the text. Single windows scatter from {min(losses):.1f} to {max(losses):.1f}; the means of "
        f"batches of {batch_size} stay between {min(means):.1f} and {max(means):.1f}."
    )
    return show(figure, alt=alt)
