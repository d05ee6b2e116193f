"""A text, its tokens, their ids, and the vocabulary in which they are looked up (lesson 01)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlab.course.figures.palette import GOOD, INK, INPUT, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show

_A_TOKEN = 0.95  # inches, the width of a column
_TABLE = 2.2  # columns to the left of the vocabulary


def draw(text: str, tokens: Sequence[str], vocabulary: Mapping[str, int]) -> Picture:
    """The text on top, a column for each token with its id below, the vocabulary beside them.

    Args:
        text: the text.
        tokens: its tokens, all of them in the vocabulary.
        vocabulary: token -> id, in the order in which it is to be written.
    """
    from matplotlib import pyplot

    n = len(tokens)
    figure, axes = pyplot.subplots(figsize=(_A_TOKEN * (n + _TABLE + 1.6), 2.5))
    axes.text((n - 1) / 2, 3, text, ha="center", va="center", fontsize=SMALL + 3, color=INK)
    for place, token in enumerate(tokens):
        box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": INPUT, "linewidth": 1.5}
        axes.text(place, 2, token, ha="center", va="center", fontsize=SMALL + 2, color=INK, bbox=box)
        axes.text(
            place, 1, str(vocabulary[token]), ha="center", va="center", fontsize=SMALL + 3, color=GOOD, weight="bold"
        )
        axes.annotate("", (place, 1.25), (place, 1.68), arrowprops={"arrowstyle": "<->", "color": QUIET})
    for height, name in ((3, "text"), (2, "tokens"), (1, "ids")):
        axes.text(-0.8, height, name, ha="right", va="center", fontsize=SMALL, color=QUIET)
    axes.text(n + _TABLE - 1, 3, "vocabulary", ha="center", va="center", fontsize=SMALL, color=QUIET)
    lines = "\n".join(f"{id}  {token}" for token, id in vocabulary.items())
    box = {"boxstyle": "square,pad=0.5", "facecolor": "white", "edgecolor": INK}
    axes.text(
        n + _TABLE - 1, 2.62, lines, ha="center", va="top", family="monospace", fontsize=SMALL + 1, color=INK,
        multialignment="left", bbox=box,
    )  # fmt: skip
    axes.text(-0.8, 1.47, "encode ↓\ndecode ↑", ha="right", va="center", fontsize=SMALL, color=QUIET)
    axes.annotate("", (n + _TABLE - 1.75, 1.47), (n - 0.4, 1.47), arrowprops={"arrowstyle": "<->", "color": QUIET})
    axes.text(n + _TABLE / 2 - 1.05, 1.62, "looked up", ha="center", va="center", fontsize=SMALL, color=QUIET)
    axes.set(xlim=(-1.7, n + _TABLE), ylim=(0.4, 3.4))
    axes.axis("off")
    table = ", ".join(f"{token} {id}" for token, id in vocabulary.items())
    ids = [vocabulary[token] for token in tokens]
    said = f"The text {text!r}, cut into the tokens {' | '.join(tokens)}, whose ids are {ids}"
    return show(figure, alt=f"{said}; each id is looked up in the vocabulary: {table}.")
