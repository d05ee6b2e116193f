"""Input embeddings: a row of the token table and a row of the position table, added for each place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from torch import Tensor


def draw(words: Sequence[str], tokens: Tensor, places: Tensor) -> Picture:
    """The words of a text, their token vectors (T, D), the position vectors (T, D), and the sums."""
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    T, D = tokens.shape
    figure, axes = pyplot.subplots(figsize=(2.0 * T, 2.6))
    rows = (("token", tokens, INPUT), ("+ place", places, TARGET), ("= input", tokens + places, INK))
    for y, (title, vectors, colour) in enumerate(rows):
        axes.text(-0.25, y, title, ha="right", va="center", fontsize=SMALL, color=colour)
        for t in range(T):
            for d, number in enumerate(vectors[t].tolist()):
                x = t * (D + 0.7) + d
                axes.add_patch(Rectangle((x, y - 0.36), 1, 0.72, facecolor="none", edgecolor=colour, linewidth=1.1))
                text = f"{number:.1f}".replace("-0.0", "0.0").replace("-", "\u2212")
                axes.text(x + 0.5, y, text, ha="center", va="center", fontsize=SMALL, color=INK)
    for t, word in enumerate(words):
        middle = t * (D + 0.7) + D / 2
        axes.text(middle, -0.75, word, ha="center", va="center", fontsize=SMALL + 1, color=INK, weight="bold")
        axes.text(middle, 2.7, f"place {t}", ha="center", va="center", fontsize=SMALL, color=QUIET)
    axes.set(xlim=(-2.2, T * (D + 0.7)), ylim=(3.0, -1.1))
    axes.axis("off")
    again = [word for word in dict.fromkeys(words) if list(words).count(word) > 1]
    told = f" The word {again[0]!r} stands there twice: one token vector, two sums." if again else ""
    return show(
        figure,
        alt=f"For each of the {T} words {' '.join(words)}: a token vector of {D} numbers, below it the position vector "
        f"of its place, and below both their sum, number by number.{told}",
    )
