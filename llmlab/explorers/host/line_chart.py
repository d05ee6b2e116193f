"""A small line chart as an image, for the replay and the live curve (lesson 11), without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from llmlab.explorers.host.markup import image

_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 12, 24, 38  # margins in pixels


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: stands beside it in the legend.
        points: pairs (step, value); values that are not finite break nothing, they are left out.
        colour: of the line, dark enough on white.
        dashed: so that colour is not the only difference.
    """

    name: str
    points: Sequence[tuple[int, float]]
    colour: str
    dashed: bool = False


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    alt: str,
    steps: int,
    low: float,
    high: float,
    logarithmic: bool = False,
    width: int = 270,
    height: int = 180,
) -> str:
    """An <img> with the lines over steps 0 to `steps` and values `low` to `high`; what lies beyond is cut at the edge.

    Args:
        lines: at most a few.
        title: above the chart.
        alt: what the picture says.
        steps: the right end of the axis.
        low, high: the ends of the other axis; both above 0 where it is logarithmic.
        logarithmic: whether equal factors are equally far apart.
    """
    scale = math.log10 if logarithmic else float
    bottom, top = scale(low), scale(high)

    def across(step: float) -> float:
        return _LEFT + (width - _LEFT - _RIGHT) * step / steps

    def up(value: float) -> float:
        share = (scale(min(max(value, low), high)) - bottom) / (top - bottom)
        return height - _BOTTOM - (height - _TOP - _BOTTOM) * share

    grid = "".join(
        f'<path d="M{_LEFT} {up(tick):.0f}H{width - _RIGHT}" stroke="#d4d4d4"/>'
        f'<text x="{_LEFT - 5}" y="{up(tick) + 4:.0f}" text-anchor="end">{_short(tick)}</text>'
        for tick in _ticks(low, high, logarithmic)
    )
    grid += "".join(
        f'<text x="{across(tick):.0f}" y="{height - 22}" text-anchor="middle">{tick:.0f}</text>'
        for tick in (0, steps / 2, steps)
    )
    drawn, place = "", _LEFT
    for line in lines:
        dash = ' stroke-dasharray="6 3"' if line.dashed else ""
        points = " ".join(f"{across(x):.0f},{up(y):.0f}" for x, y in line.points if math.isfinite(y))
        drawn += f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="1.6"{dash}/>'
        if line.name:
            drawn += (
                f'<path d="M{place} {height - 8}h16" stroke="{line.colour}" stroke-width="2"{dash}/>'
                f'<text x="{place + 20}" y="{height - 4}">{escape(line.name)}</text>'
            )
            place += 34 + 7 * len(line.name)
    heading = f'<text x="{_LEFT}" y="15" font-weight="bold">{escape(title)}</text>'
    return image(heading + grid + drawn, alt=alt, width=width, height=height, kind="llmlab-chart")


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """Powers of ten, or about five round numbers."""
    if logarithmic:
        return [10.0**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    unit *= next(factor for factor in (1, 2, 5, 10) if factor * unit >= rough)
    return [unit * number for number in range(math.ceil(low / unit), math.floor(high / unit + 1e-9) + 1)]


def _short(tick: float) -> str:
    return f"{tick:.5f}".rstrip("0").rstrip(".") if tick < 1 else f"{tick:g}"
