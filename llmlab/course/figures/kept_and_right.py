"""How many sentences of a hundred are right, by temperature, without a cut and with (lesson 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlab.course.figures.palette import INK, INPUT, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

_LOOKS = (("o--", TARGET), ("s-", INPUT), ("^-", INK))


def draw(temperatures: Sequence[float], right: Mapping[str, Sequence[int]]) -> Picture:
    """A line for each setting over the temperatures, its name at its end.

    Args:
        temperatures: from low to high.
        right: for each setting the number of right sentences of 100 at each temperature; at most three settings.

    Raises:
        ValueError: more than three settings, or a line of another length than `temperatures`.
    """
    from matplotlib import pyplot

    if len(right) > len(_LOOKS):
        raise ValueError(f"at most {len(_LOOKS)} settings can be told apart, got {len(right)}")
    figure, axes = pyplot.subplots(figsize=(6.2, 2.8))
    for (name, counts), (look, colour) in zip(right.items(), _LOOKS, strict=False):
        if len(counts) != len(temperatures):
            raise ValueError(f"{name!r} needs a number for each of {len(temperatures)} temperatures, got {len(counts)}")
        axes.plot(temperatures, counts, look, color=colour, label=name)
    axes.set(xlabel="temperature", ylabel="right, of 100", ylim=(0, 104), xticks=temperatures)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower left", frameon=False, fontsize=SMALL)
    ends = "; ".join(
        f"{name}: {counts[0]} at temperature {temperatures[0]}, {counts[-1]} at {temperatures[-1]}"
        for name, counts in right.items()
    )
    return show(figure, alt=f"Right sentences of 100 against temperature, a line for each setting. {ends}.")
