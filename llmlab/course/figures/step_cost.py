"""Operations of each step of generation, without a cache and with one (lesson 13)."""

from __future__ import annotations

from collections.abc import Sequence

from llmlab.course.figures.palette import INPUT, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(places: Sequence[int], without: Sequence[int], with_cache: Sequence[int]) -> Picture:
    """Two lines over the place of the token that a step reads last.

    Args:
        places: places in the text, from 1.
        without: operations of the step that reads everything up to there.
        with_cache: operations of the step that reads that token alone.

    Raises:
        ValueError: the three differ in length.
    """
    from matplotlib import pyplot

    if not len(places) == len(without) == len(with_cache):
        raise ValueError(
            f"one number per place: got {len(places)} places, {len(without)} and {len(with_cache)} numbers"
        )
    figure, axes = pyplot.subplots(figsize=(6, 2.6))
    axes.plot(places, [count / 1e6 for count in without], "o--", color=TARGET, label="without a cache")
    axes.plot(places, [count / 1e6 for count in with_cache], "s-", color=INPUT, label="with a cache")
    axes.set(xlabel="place of the token", ylabel="million operations")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=SMALL)
    return show(
        figure,
        alt=f"Operations of a step by place in the text. Without a cache they grow from {without[0] / 1e6:.1f} million "
        f"at place {places[0]} to {without[-1] / 1e6:.1f} million at place {places[-1]}; with a cache they stay "
        f"between {min(with_cache) / 1e6:.2f} and {max(with_cache) / 1e6:.2f} million.",
    )
