"""From x to the context: queries, keys, values, scores, weights, context, each as a table of its shape (lesson 06)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlab.course.figures._cells import fill
from llmlab.course.figures.palette import INK, QUIET, SMALL
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from torch import Tensor

_GAP = 2.6  # between two columns of tables; a cell is 1 x 1


def draw(
    x: Tensor, queries: Tensor, keys: Tensor, values: Tensor, scores: Tensor, weights: Tensor, context: Tensor
) -> Picture:
    """Draw the seven tables of one head and what is made of what.

    Args:
        x: the inputs, (T, D).
        queries, keys: (T, d).
        values: (T, d_value).
        scores, weights: (T, T).
        context: (T, d_value).
    """
    from matplotlib import pyplot

    T, D, d, d_value = len(x), x.shape[1], queries.shape[1], values.shape[1]
    step = T + 1.9
    second = D + _GAP
    third = second + max(d, d_value) + _GAP
    fourth, fifth = third + T + _GAP, third + 2 * (T + _GAP)
    tables = {
        "x": (x, 0, step),
        "Q = x W_query": (queries, second, 0),
        "K = x W_key": (keys, second, step),
        "V = x W_value": (values, second, 2 * step),
        "scores = Q Kᵀ": (scores, third, step / 2),
        "weights": (weights, fourth, step / 2),
        "context = weights V": (context, fifth, step),
    }
    width, height = fifth + d_value, 3 * step
    figure = pyplot.figure(figsize=(0.32 * width, 0.32 * height))
    whole = figure.add_axes((0, 0, 1, 1))
    whole.set(xlim=(0, width), ylim=(height, 0))
    whole.axis("off")
    for title, (table, left, top) in tables.items():
        rows, columns = table.shape
        panel = whole.inset_axes((left, top + 1.2, columns, rows), transform=whole.transData)
        most = 1.0 if title == "weights" else float(table.abs().max())
        fill(panel, table.detach(), most=most, digits=1, size=SMALL - 2)
        whole.text(left, top + 0.9, f"{title}  {tuple(table.shape)}", fontsize=SMALL, color=INK)
    middle = 1.2 + T / 2
    for start, end in (
        ((D, step + middle), (second, middle)),
        ((D, step + middle), (second, step + middle)),
        ((D, step + middle), (second, 2 * step + middle)),
        ((second + d, middle), (third, step / 2 + middle)),
        ((second + d, step + middle), (third, step / 2 + middle)),
        ((third + T, step / 2 + middle), (fourth, step / 2 + middle)),
        ((fourth + T, step / 2 + middle), (fifth, step + middle)),
        ((second + d_value, 2 * step + middle), (fifth, step + middle + 1)),
    ):
        whole.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": QUIET, "shrinkA": 4, "shrinkB": 4})
    whole.text(third + T + _GAP / 2, step / 2 + middle - 0.4, "softmax", ha="center", fontsize=SMALL - 1, color=QUIET)
    return show(
        figure,
        alt=f"Seven tables and arrows. x, {T} by {D}, goes three ways: to queries and keys, both {T} by {d}, and "
        f"to the values, {T} by {d_value}. Queries and keys meet in the scores, {T} by {T}; a softmax makes weights of "
        f"them, {T} by {T}; the weights mix the values into the context, {T} by {d_value}.",
    )
