"""A weight matrix and the two thin ones beside it, in true proportion (lesson 15)."""

from __future__ import annotations

from llmlab.course.figures.palette import INK, INPUT, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(d_in: int, d_out: int, rank: int) -> Picture:
    """W (d_out, d_in), and B (d_out, rank) beside A (rank, d_in), all to one scale.

    Raises:
        ValueError: a rank that is not below both lengths.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    if not 0 < rank < min(d_in, d_out):
        raise ValueError(f"rank must be from 1 to {min(d_in, d_out) - 1}, got {rank}")
    unit = 1 / max(d_in, d_out)
    figure, axes = pyplot.subplots(figsize=(6.2, 2.9))
    gap, thin = 0.55, max(rank * unit, 0.012)
    width, height = d_in * unit, d_out * unit
    parts = (
        (0.0, 0.0, width, height, INPUT, f"W  {d_out} × {d_in}\nfrozen"),
        (width + gap, 0.0, thin, height, TARGET, f"B  {d_out} × {rank}"),
        (width + gap + thin + 0.3, height - thin, width, thin, TARGET, f"A  {rank} × {d_in}"),
    )
    for left, bottom, wide, high, colour, name in parts:
        axes.add_patch(Rectangle((left, bottom), wide, high, color=colour))
        axes.text(left + wide / 2, bottom - 0.05, name, ha="center", va="top", fontsize=SMALL, color=INK)
    axes.text(width + gap / 2, height / 2, "+ α/r ·", ha="center", va="center", fontsize=12, color=INK)
    axes.text(width + gap + thin + 0.15, height / 2, "·", ha="center", va="center", fontsize=14, color=INK)
    axes.set(xlim=(-0.15, 2 * width + gap + thin + 0.5), ylim=(-0.28, height + 0.05), aspect="equal")
    axes.axis("off")
    learned = rank * (d_in + d_out)
    return show(
        figure,
        alt=f"A large rectangle, W, {d_out} by {d_in}, frozen; plus alpha over r times B, a column {d_out} by {rank}, "
        f"times A, a row {rank} by {d_in}. W holds {d_in * d_out:,} numbers, A and B together {learned:,}.",
    )
