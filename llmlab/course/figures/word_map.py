"""Word vectors on a plane, in the two directions in which they differ most, with a line for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from llmlab.course.figures.palette import INK, INPUT, QUIET, SMALL, TARGET
from llmlab.course.figures.picture import Picture, show

if TYPE_CHECKING:
    from torch import Tensor


def draw(vectors: Mapping[str, Tensor], pairs: Sequence[tuple[str, str]]) -> Picture:
    """The words of `vectors` on their two principal directions; a line leads from the first of a pair to its second."""
    import torch
    from matplotlib import pyplot

    rows = torch.stack([vectors[word] for word in vectors]).double()
    centred = rows - rows.mean(dim=0)
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:2]  # (2, D), each with a sign of its own choice
    strongest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    places = dict(zip(vectors, (centred @ (directions * strongest.sign()).T).tolist(), strict=True))
    figure, axes = pyplot.subplots(figsize=(5.6, 3.6))
    for first, second in pairs:
        axes.plot(*zip(places[first], places[second], strict=True), color=QUIET, linewidth=0.9, zorder=1)
    seconds = {second for _, second in pairs}
    partner = {word: other for pair in pairs for word, other in (pair, pair[::-1])}
    for word, (x, y) in places.items():
        marker, colour = ("s", TARGET) if word in seconds else ("o", INPUT)
        axes.plot(x, y, marker, color=colour)
        # On the side that the line to its partner leaves free.
        at, side = ((-6, 4), "right") if x < places[partner.get(word, word)][0] else ((6, 4), "left")
        axes.annotate(word, (x, y), xytext=at, ha=side, textcoords="offset points", fontsize=SMALL, color=INK)
    axes.set_xlabel("first direction", fontsize=SMALL)
    axes.set_ylabel("second direction", fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    axes.margins(0.2)
    steps = {pair: [places[pair[1]][axis] - places[pair[0]][axis] for axis in (0, 1)] for pair in pairs}
    listed = "; ".join(f"{a} to {b} {x:+.1f}, {y:+.1f}".replace("-", "\u2212") for (a, b), (x, y) in steps.items())
    return show(
        figure, alt=f"{len(places)} words as points, a line for each pair. From the first to the second: {listed}."
    )
