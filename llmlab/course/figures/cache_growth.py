"""Which keys and values each step of generation computes, and which it finds in the cache (lesson 13)."""

from __future__ import annotations

from llmlab.course.figures.palette import INK, INPUT, OFF, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show


def draw(prompt: int, new: int) -> Picture:
    """A row for each step, a square for each token: computed, or kept.

    Args:
        prompt: tokens of the prompt, at least 1.
        new: steps, each of which chooses one token, at least 2.

    Raises:
        ValueError: a number below that.
    """
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    if prompt < 1 or new < 2:
        raise ValueError(f"a prompt of at least 1 token and at least 2 steps are needed, got {prompt} and {new}")
    figure, panels = pyplot.subplots(1, 2, figsize=(7.6, 0.5 + 0.36 * new))
    for cached, axes in enumerate(panels):
        for step in range(new):
            for place in range(prompt + step):
                kept = cached and step and place < prompt + step - 1
                colour, hatch = (OFF, "//") if kept else (INPUT if cached else TARGET, None)
                square = Rectangle(
                    (place, -step), 0.86, 0.78, edgecolor=INK, linewidth=0.6, facecolor=colour, hatch=hatch
                )
                axes.add_patch(square)
            axes.text(-0.4, -step + 0.36, f"step {step + 1}", ha="right", va="center", fontsize=SMALL, color=INK)
        axes.set(xlim=(-2.4, prompt + new), ylim=(-new + 0.8, 1.1))
        axes.set_title("with a cache" if cached else "without a cache", fontsize=10, color=INK)
        axes.set_aspect("equal")
        axes.axis("off")
    without = sum(prompt + step for step in range(new))
    return show(
        figure,
        alt=f"Two staircases, a row for each of {new} steps, a square for each token. Without a cache every square is "
        f"computed in every step, {without} in all. With a cache the first step computes the {prompt} tokens of the "
        f"prompt and each later one a single square; the others, hatched, are kept: {prompt + new - 1} in all.",
    )
