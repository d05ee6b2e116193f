"""A matplotlib figure in a notebook: the same bytes on every run, with words for those who do not see it."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# Drawn on white, turned over where the page is dark: JupyterLab, Colab, and the course's site say so in other ways.
# A notebook that is not trusted loses the style, and shows the picture as it was drawn.
_TURNED = "filter: invert(0.93) hue-rotate(180deg)"
_STYLE = f"""<style>
[data-jp-theme-light="false"] .llmlab-picture, html[theme="dark"] .llmlab-picture,
html[data-theme="dark"] .llmlab-picture {{ {_TURNED} }}
</style>"""


class Picture:
    """An `<img>` with alt text; the figure is an SVG inside it, so that it is sharp, comparable and self-contained."""

    def __init__(self, svg: bytes, alt: str) -> None:
        self.svg, self.alt = svg, alt

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg).decode("ascii")
        return (
            f'{_STYLE}<img class="llmlab-picture" alt="{escape(self.alt)}" style="max-width: 100%; height: auto" '
            f'src="data:image/svg+xml;base64,{source}">'
        )


def show(figure: Figure, *, alt: str) -> Picture:
    """A matplotlib figure as a deterministic SVG image with alternative text; the figure is closed.

    Args:
        figure: the figure to show.
        alt: what the picture says, for those who cannot see it.

    Raises:
        TypeError: `figure` is not a figure, or `alt` not a str.
        ValueError: `alt` is empty.
    """
    if not isinstance(alt, str):
        raise TypeError(f"alt must be a str that says what the picture shows, got {type(alt).__name__}")
    if not alt.strip():
        raise ValueError("alt must say what the picture shows, got an empty text")
    import matplotlib
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        remedy = ": pass axes.figure" if isinstance(figure, matplotlib.axes.Axes) else ", the first of plt.subplots()"
        raise TypeError(f"figure must be a matplotlib Figure, got {type(figure).__name__}{remedy}")
    buffer = io.BytesIO()
    # A fixed salt and no date: the same figure gives the same bytes, so a re-executed notebook can be compared.
    with matplotlib.rc_context({"svg.hashsalt": "llmlab"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", facecolor="white", metadata={"Date": None})
    pyplot.close(figure)
    return Picture(buffer.getvalue(), alt)
