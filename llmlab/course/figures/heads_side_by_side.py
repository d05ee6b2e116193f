"""Lesson 08: what several heads look at, a triangle of weights each, with one token's row outlined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib import pyplot
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from llmlab.course.figures.palette import INK, INPUT, SMALL
from llmlab.course.figures.picture import Picture, show

_LIGHTEST = 0.75  # of the full colour: dark letters keep their contrast on it


def draw(tables: Mapping[str, Tensor], words: Sequence[str], row: int) -> Picture:
    """A heat map for each head, side by side.

    Args:
        tables: causal weights (T, T) by the title of their panel.
        words: the T tokens.
        row: the query to outline, and to tell of in the alternative text.
    """
    colours = LinearSegmentedColormap.from_list("weights", ["white", INPUT])
    figure, panels = pyplot.subplots(1, len(tables), figsize=(0.5 + 2.8 * len(tables), 3.2), squeeze=False, sharey=True)
    places = range(len(words))
    for panel, (title, table) in zip(panels[0], tables.items(), strict=True):
        panel.imshow((_LIGHTEST * table.detach().tril()).numpy(), cmap=colours, vmin=0, vmax=1)
        for i in places:
            for j in range(i + 1):
                panel.text(
                    j, i, f"{table[i, j]:.2f}".removeprefix("0"), ha="center", va="center", fontsize=7, color=INK
                )
        panel.add_patch(Rectangle((-0.5, row - 0.5), row + 1, 1, fill=False, edgecolor=INK, linewidth=1.8))
        panel.set_title(title, fontsize=SMALL + 2)
        panel.set_xticks(places, words, rotation=60, ha="right", rotation_mode="anchor", fontsize=SMALL)
        panel.set_yticks(places, words, fontsize=SMALL)
        panel.tick_params(length=0)
        for side in panel.spines.values():
            side.set_visible(False)
    panels[0, 0].set_ylabel("query", fontsize=SMALL)
    told = "; ".join(f"{title}: {_looks_at(table[row], words)}" for title, table in tables.items())
    return show(figure, alt=f"Triangles of attention weights. What token {row}, {words[row]!r}, looks at. {told}.")


def _looks_at(weights: Tensor, words: Sequence[str]) -> str:
    """The tokens with at least a tenth of a row, most first."""
    order = sorted(range(len(words)), key=lambda j: -weights[j].item())
    return ", ".join(f"{words[j]!r} (token {j}) {weights[j]:.2f}" for j in order if weights[j] >= 0.1)
