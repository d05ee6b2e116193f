"""The square of attention scores taken in blocks of keys, with what is kept between them (lesson 13)."""

from __future__ import annotations

from llmlab.course.figures.palette import INK, INPUT, OFF, SMALL
from llmlab.course.figures.picture import Picture, show


def draw(n_tokens: int, block: int) -> Picture:
    """The scores, T x T, cut into blocks of keys; the second is at work, and three columns are kept.

    Args:
        n_tokens: T, queries and keys.
        block: keys in a block; must divide T, at least twice.

    Raises:
        ValueError: it does not.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    if n_tokens % block or n_tokens // block < 2:
        raise ValueError(f"blocks of {block} keys must divide {n_tokens} tokens at least twice")
    T = n_tokens
    figure, axes = pyplot.subplots(figsize=(5.6, 2.6))
    looks = [(OFF, "//"), (INPUT, None), ("white", None)]
    for number in range(T // block):
        kind = min(number, 2)
        colour, hatch = looks[kind]
        tile = Rectangle(
            (number * block, 0), block * 0.97, T, edgecolor=INK, linewidth=0.8, facecolor=colour, hatch=hatch
        )
        axes.add_patch(tile)
        behind = {"facecolor": OFF, "edgecolor": "none", "pad": 2} if kind == 0 else None
        axes.text(
            (number + 0.5) * block,
            T / 2,
            ("done", "now", "not yet")[kind],
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if kind == 1 else INK,
            bbox=behind,
        )
    for place, name in enumerate(("largest", "total", "context")):
        wide = T * (0.06 if place < 2 else 0.28)
        left = T * (1.28, 1.53, 1.71)[place]
        axes.add_patch(Rectangle((left, 0), wide, T, facecolor="white", edgecolor=INK, linewidth=1.4))
        axes.text(left + wide / 2, T * 1.05, name, ha="center", fontsize=SMALL, color=INK)
    axes.text(
        T / 2, T * 1.05, f"scores: {T} queries, keys in blocks of {block}", ha="center", fontsize=SMALL, color=INK
    )
    axes.text(T * 1.64, -T * 0.12, "kept between blocks", ha="center", fontsize=SMALL, color=INK)
    axes.set(xlim=(-0.02 * T, T * 2.03), ylim=(-0.2 * T, 1.16 * T))
    axes.axis("off")
    return show(
        figure,
        alt=f"A square of scores, {T} queries by {T} keys, cut into {T // block} upright strips of {block} keys. The "
        "first strip is done and gone, the second is being computed, the others are not there yet. Beside it what is "
        "kept for each query: the largest score, the total, and the context.",
    )
