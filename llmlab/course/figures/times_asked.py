"""How often each token of a text is a target, for several strides (lesson 03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlab.course.figures.palette import INK, OFF, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(asked: Mapping[int, Sequence[int]]) -> Picture:
    """One strip for each stride: a bar as high as the token is asked for, a hatched box where it never is.

    Args:
        asked: for each stride, how often each token is a target; all for the same number of tokens.
    """
    import matplotlib.pyplot as plt

    figure, strips = plt.subplots(len(asked), 1, figsize=(7, 0.8 * len(asked) + 0.5), sharex=True, squeeze=False)
    most = max(map(max, asked.values()))
    for (stride, counts), axes in zip(asked.items(), strips[:, 0], strict=True):
        places = range(len(counts))
        axes.bar(places, counts, width=0.8, color=TARGET)
        never = [place for place in places if not counts[place]]
        axes.bar(never, most, width=0.8, color=OFF, edgecolor=QUIET, hatch="////", linewidth=0.5)
        for place, count in enumerate(counts):
            axes.annotate(
                str(count), (place, count or most), (0, 1), textcoords="offset points", ha="center", fontsize=SMALL
            )
        axes.set_ylabel(f"stride {stride}", rotation=0, ha="right", va="center", color=INK)
        axes.set(yticks=[], ylim=(0, 1.5 * most))
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(labelsize=SMALL, length=0)
    strips[-1, 0].set(xlabel="position of the token", xticks=range(0, len(counts), 2))
    return show(figure, alt="How often each token is a target. " + " ".join(map(_said, asked, asked.values())))


def _said(stride: int, counts: Sequence[int]) -> str:
    often = {times: sum(count == times for count in counts) for times in sorted({*counts})}
    words = {0: "never", 1: "once", 2: "twice"}
    parts = [f"{words.get(times, f'{times} times')}: {number}" for times, number in often.items()]
    return f"Stride {stride}, {len(counts)} tokens, {', '.join(parts)}."
