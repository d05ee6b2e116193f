"""How the length of a text falls as merges are learned (lesson 02)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlab.course.figures.palette import INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

_LOOKS = ((INPUT, "o-"), (TARGET, "s--"))  # told apart by mark and line as well as by colour


def draw(n_merges: Sequence[int], lengths: Mapping[str, Sequence[int]], *, gpt2: int) -> Picture:
    """One curve for each way of training: ids for the text against the number of merges.

    Args:
        n_merges: the numbers of merges, ascending.
        lengths: for each way of training, at most two, how many ids the text has after so many merges.
        gpt2: how many ids it has with GPT-2's merges, a level line.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 2.8))
    highest_first = sorted(lengths.items(), key=lambda one: -one[1][-1])
    for place, ((name, ids), (color, look)) in enumerate(zip(highest_first, _LOOKS, strict=False)):
        axes.plot(n_merges, ids, look, color=color, markersize=4)
        above = 8 if place == 0 else -8  # the curves end close together
        axes.annotate(name, (n_merges[-1], ids[-1]), (6, above), textcoords="offset points", va="center", color=color)
    axes.axhline(gpt2, color=QUIET, linewidth=1, linestyle=":")
    axes.annotate(
        "GPT-2, 50,000 merges", (0.02, gpt2), (0, -12), ("axes fraction", "data"), "offset points", color=QUIET
    )
    axes.set(xlabel="merges learned from the text", ylabel="ids for the text", ylim=(0, None))
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    ends = "; ".join(f"{name}, from {ids[0]:,} to {ids[-1]:,}" for name, ids in lengths.items())
    alt = (
        f"Ids for the text against the number of merges, 0 to {n_merges[-1]:,}. The curves fall steeply at first and "
        f"ever more slowly: {ends}. With GPT-2's 50,000 merges it has {gpt2:,}."
    )
    return show(figure, alt=alt)
