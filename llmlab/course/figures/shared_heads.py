"""Which query heads look through which keys and values: MHA, GQA, MQA (lesson 13)."""

from __future__ import annotations

from llmlab.course.figures.palette import INK, INPUT, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(n_heads: int, n_groups: int) -> Picture:
    """Three panels: a key/value head for each query head, one for each of `n_groups` groups, one for all.

    Args:
        n_heads: query heads.
        n_groups: key/value heads of the panel in the middle; must divide `n_heads`.

    Raises:
        ValueError: it does not.
    """
    from matplotlib import pyplot

    if n_groups < 1 or n_heads % n_groups:
        raise ValueError(f"{n_groups} groups must divide {n_heads} query heads")
    figure, panels = pyplot.subplots(1, 3, figsize=(7.6, 1.9))
    kinds = (("multi-head (MHA)", n_heads), ("grouped-query (GQA)", n_groups), ("multi-query (MQA)", 1))
    for axes, (name, n_kv_heads) in zip(panels, kinds, strict=True):
        size = n_heads // n_kv_heads
        for head in range(n_heads):
            shared = (head // size) * size + (size - 1) / 2
            axes.plot([head, shared], [1, 0], color=INK, linewidth=0.9, zorder=1)
            axes.scatter(head, 1, s=120, color=INPUT, zorder=2)
            axes.scatter(shared, 0, s=130, marker="s", color=TARGET, zorder=2)
        axes.set_title(name, fontsize=10, color=INK)
        keys = f"{n_kv_heads} key/value head{'s' * (n_kv_heads > 1)}"
        axes.text((n_heads - 1) / 2, 1.32, f"{n_heads} query heads", ha="center", fontsize=SMALL, color=INK)
        axes.text((n_heads - 1) / 2, -0.5, keys, ha="center", fontsize=SMALL, color=INK)
        axes.set(xlim=(-0.6, n_heads - 0.4), ylim=(-0.7, 1.6))
        axes.axis("off")
    return show(
        figure,
        alt=f"Three drawings of {n_heads} query heads, dots, each joined to the key and value head, a square, that it "
        f"looks through. Multi-head: a square for each dot. Grouped-query: {n_groups} squares, {n_heads // n_groups} "
        "dots to each. Multi-query: one square for all.",
    )
