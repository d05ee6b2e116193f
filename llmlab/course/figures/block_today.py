"""Lesson 14: a block of GPT-2 beside one of today, part by part; what changed is outlined."""

from __future__ import annotations

from matplotlib import pyplot
from matplotlib.patches import FancyBboxPatch

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

# From the bottom up: what stands in GPT-2, and what in its place today.
_PARTS = (
    ("token + position table", "token table"),
    ("LayerNorm", "RMSNorm"),
    ("attention, a key head\nfor each query head", "attention, rotary positions,\nkey heads shared in groups"),
    ("LayerNorm", "RMSNorm"),
    ("feed-forward, GELU", "feed-forward with a gate (SwiGLU);\nor several, a token uses few"),
)


def draw() -> Picture:
    """Two columns, from the ids at the bottom to the next block at the top."""
    figure, axes = pyplot.subplots(figsize=(7.4, 3.9))
    for left, title, column in ((0.4, "GPT-2, 2019", 0), (5.4, "today", 1)):
        axes.annotate(
            "", (left + 1.9, 6.0), (left + 1.9, 0.1), arrowprops={"arrowstyle": "-|>", "color": QUIET}, zorder=1
        )
        axes.text(left + 1.9, 6.15, title, ha="center", fontsize=SMALL + 2, color=INK)
        for height, names in enumerate(_PARTS):
            box = FancyBboxPatch(
                (left, 0.45 + 1.1 * height),
                3.8,
                0.7,
                boxstyle="round,pad=0.06",
                facecolor="white",
                edgecolor=TARGET if column else INPUT,
                linewidth=2,
                linestyle="--" if column else "-",
            )
            box.set_zorder(2)
            axes.add_patch(box)
            text = names[column]
            axes.text(
                left + 1.9, 0.8 + 1.1 * height, text, ha="center", va="center", fontsize=SMALL, color=INK, zorder=3
            )
    axes.set(xlim=(0, 9.7), ylim=(0, 6.5))
    axes.axis("off")
    pairs = "; ".join(f"{old} becomes {new}".replace("\n", " ") for old, new in _PARTS)
    return show(figure, alt=f"Two columns of boxes, GPT-2 of 2019 and a model of today, from the bottom up: {pairs}.")
