"""Lesson 09: how long the gradient is at each layer of a deep stack, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib import pyplot

from llmlab.course.figures.palette import GOOD, INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

_STYLES = ((QUIET, ":"), (TARGET, "--"), (INPUT, "-."), (GOOD, "-"), (INK, (0, (6, 1, 1, 1))))


def draw(gradients: Mapping[str, Sequence[float]]) -> Picture:
    """A line for each stack.

    Args:
        gradients: the lengths at the weights of layers 1, 2, …, by the name of their stack; all above 0.

    Raises:
        ValueError: more stacks than can be told apart.
    """
    if len(gradients) > len(_STYLES):
        raise ValueError(f"at most {len(_STYLES)} stacks can be told apart, got {len(gradients)}")
    figure, axes = pyplot.subplots(figsize=(7, 3.2))
    told, ends = [], []
    for (name, lengths), (colour, style) in zip(gradients.items(), _STYLES, strict=False):
        powers = [round(math.log10(length), 1) for length in lengths]  # rounded: the same picture on every machine
        axes.plot(range(1, len(powers) + 1), powers, color=colour, linestyle=style)
        ends.append((powers[-1], len(powers) + 0.6, name, colour))
        told.append(f"{name} from 10^{round(powers[0])} at layer 1 to 10^{round(powers[-1])} at layer {len(powers)}")
    low, high = axes.get_ylim()
    lowest = low
    for power, right, name, colour in sorted(ends):
        at = max(power, lowest)  # where two lines end together, the upper name moves up
        axes.text(right, at, name, va="center", fontsize=SMALL, color=colour)
        lowest = at + (high - low) / 14
    axes.set_xlabel("layer", fontsize=SMALL)
    axes.set_ylabel("length of the gradient, log10", fontsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    return show(figure, alt=f"Length of the gradient at each layer's weights: {'; '.join(told)}.")
