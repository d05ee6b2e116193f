"""A vector in the plane and the same vector at later places, each turned a little further."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from torch import Tensor


def draw(turned: Tensor) -> Picture:
    """The pairs (T, 2) that one pair of numbers becomes at places 0, 1, 2 ..."""
    from matplotlib import pyplot
    from matplotlib.patches import Circle

    points = turned.tolist()
    length = math.hypot(*points[0])
    figure, axes = pyplot.subplots(figsize=(4.2, 4.2))
    axes.add_patch(Circle((0, 0), length, fill=False, edgecolor=QUIET, linewidth=0.8, linestyle=":"))
    for place, (x, y) in enumerate(points):
        colour = INPUT if place == 0 else TARGET
        axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "->", "color": colour, "linewidth": 1.6})
        label = f"place {place}\n({x:.1f}, {y:.1f})".replace("-", "\u2212")
        axes.text(1.34 * x, 1.34 * y, label, ha="center", va="center", fontsize=SMALL, color=INK)
    reach = 1.7 * length
    axes.axhline(0, color=QUIET, linewidth=0.6)
    axes.axvline(0, color=QUIET, linewidth=0.6)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_xlabel("first number of the pair", fontsize=SMALL)
    axes.set_ylabel("second number", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    angles = [math.degrees(math.atan2(y, x)) for x, y in points]
    listed = ", ".join(f"{angle % 360:.0f}" for angle in angles)
    return show(
        figure,
        alt=f"One vector of length {length:.0f} drawn for places 0 to {len(points) - 1}: its tips lie on a circle, at "
        f"{listed} degrees. It is turned, counter-clockwise, and keeps its length.",
    )
