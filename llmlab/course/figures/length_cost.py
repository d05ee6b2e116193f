"""The cost of one token against the length of its text: level bands, and a wedge for attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(costs: Mapping[int, Sequence[float]]) -> Picture:
    """Stacked bands of GFLOPs per token.

    Args:
        costs: length of a text -> GFLOPs of its linear layers, of its scores and weighted sums, of its head.

    Raises:
        ValueError: fewer than two lengths: a band needs two ends.
    """
    import matplotlib.pyplot as plt

    if len(costs) < 2:
        raise ValueError(f"costs must hold at least two lengths, got {len(costs)}")
    lengths = sorted(costs)
    linear, scores, head = ([costs[T][part] / T for T in lengths] for part in range(3))
    figure, axes = plt.subplots(figsize=(6.4, 3))
    bands = axes.stackplot(lengths, linear, head, scores, colors=[INPUT, QUIET, TARGET])
    bands[2].set(hatch="//", edgecolor="white", linewidth=0)
    names = ("linear layers", "head", "scores and weighted sums")
    tops = (linear[-1], linear[-1] + head[-1], linear[-1] + head[-1] + scores[-1])
    for name, top, below in zip(names, tops, (0, *tops), strict=False):
        axes.annotate(name, (1.02, (top + below) / 2), xycoords=("axes fraction", "data"), size=SMALL, color=INK)
    axes.set(xlabel="tokens in the text", ylabel="GFLOPs per token", xlim=(lengths[0], lengths[-1]), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    alt = (
        f"Cost of one token in texts of {lengths[0]:,} to {lengths[-1]:,} tokens. Linear layers ({linear[-1]:.2f} "
        f"GFLOPs) and head ({head[-1]:.2f}) are level bands. The band of scores and weighted sums grows in a straight "
        f"line from {scores[0]:.2f} to {scores[-1]:.2f}."
    )
    return show(figure, alt=alt)
