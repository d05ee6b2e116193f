"""Lesson 08: a table of tokens cut into heads and joined again; every cell says of which token it is."""

from __future__ import annotations

from matplotlib import pyplot
from matplotlib.axes import Axes

from llmlab.course.figures.palette import GOOD, INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

_COLOURS = (INPUT, TARGET, GOOD)  # of the heads, whose names stand beside them
_GAP = 4.4  # between two tables, in cells


def draw(n_tokens: int, n_heads: int, d_head: int) -> Picture:
    """(T, D), the same as (H, T, d_head), and (T, D) again, from left to right.

    Raises:
        ValueError: more heads than can be told apart.
    """
    if not 1 <= n_heads <= len(_COLOURS):
        raise ValueError(f"n_heads must be 1 to {len(_COLOURS)}, as many as the picture has colours, got {n_heads}")
    T, D = n_tokens, n_heads * d_head
    tall = n_heads * (T + 1.6) - 1.6
    middle, right, top = D + _GAP, D + d_head + 2 * _GAP, (tall - T) / 2
    figure, axes = pyplot.subplots(figsize=(9.5, 4))
    for left in (0, right):
        for head in range(n_heads):
            _table(axes, left + head * d_head, top, T, d_head, head)
        _label(axes, left + D / 2, top - 1.2, f"(T, D) = ({T}, {D})")
    for head in range(n_heads):
        _table(axes, middle, head * (T + 1.6), T, d_head, head)
    _label(axes, middle + d_head / 2, -1.2, f"(H, T, d_head) = ({n_heads}, {T}, {d_head})")
    for start, word in ((D, "split"), (middle + d_head, "merge")):
        axes.annotate("", (start + _GAP - 0.5, tall / 2), (start + 0.5, tall / 2), arrowprops={"arrowstyle": "->"})
        _label(axes, start + _GAP / 2, tall / 2 - 0.3, word)
    axes.text(-0.4, top + T / 2, "tokens", rotation=90, ha="right", va="center", fontsize=SMALL, color=QUIET)
    axes.set(xlim=(-1.5, right + D + 0.5), ylim=(n_heads * (T + 1.6), -2.4))
    axes.axis("off")
    return show(
        figure,
        alt=f"Left a table of {T} tokens, each a row of {D} numbers, in {n_heads} groups of {d_head} columns: head 0 "
        f"to {n_heads - 1}. Split: {n_heads} tables below each other, one for each head, each with all {T} tokens and "
        f"its own {d_head} columns. Merge: the table of the left again. Each row bears the number of its token, and no "
        "row mixes tokens.",
    )


def _table(axes: Axes, left: float, top: float, n_tokens: int, width: int, head: int) -> None:
    """The columns of one head: a row for each token, with the token's number in every cell."""
    axes.fill_between([left, left + width], top, top + n_tokens, color=_COLOURS[head], alpha=0.25, linewidth=0)
    axes.vlines(_edges(left, width), top, top + n_tokens, color=QUIET, linewidth=0.5)
    axes.hlines(_edges(top, n_tokens), left, left + width, color=QUIET, linewidth=0.5)
    axes.text(left + width / 2, top - 0.15, f"head {head}", ha="center", va="bottom", fontsize=SMALL, color=INK)
    for token in range(n_tokens):
        for column in range(width):
            at = left + column + 0.5, top + token + 0.5
            axes.text(*at, str(token), ha="center", va="center", fontsize=SMALL, color=INK)


def _edges(start: float, steps: int) -> list[float]:
    return [start + step for step in range(steps + 1)]


def _label(axes: Axes, x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="bottom", fontsize=SMALL + 1, color=INK)
