"""A line chart of a run, for the replay and the live curve: its lines are an inline SVG that stretches to any width.

Words do not stretch, so in the live chart they are HTML beside it. For where no sheet reaches, `still_chart` draws the
same lines into an SVG of a fixed size with its words inside, which host/still.py makes an image of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

# What a line looks like, as attributes, because the still image has no sheet. Dashes, so that colour is not all.
LOOKS = {
    "batches": 'stroke="var(--llmlab-input)" stroke-width="1.8"',
    "validation": 'stroke="var(--llmlab-target)" stroke-width="2.6" stroke-dasharray="7 3"',
    "recorded": 'stroke="var(--llmlab-input)" stroke-width="2.4"',
    "yours": 'stroke="var(--llmlab-target)" stroke-width="2.4" stroke-dasharray="7 3"',
    "ghost": 'stroke="var(--llmlab-off)" stroke-width="2" stroke-dasharray="2 3"',
    "goal": 'stroke="var(--llmlab-good)" stroke-width="1.6"',
}


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        look: a name in `LOOKS`, which is its name in the legend, too.
        points: pairs (step, value); values that are not finite are left out.
    """

    look: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """The upward axis of a chart: values from `low` to `high`, both above 0 where equal factors are equally far apart.

    >>> Axis(0, 8).down(6), Axis(0.01, 100, logarithmic=True).down(1), Axis(0, 8).down(99)
    (25.0, 50.0, 0.0)
    """

    low: float
    high: float
    logarithmic: bool = False

    def down(self, value: float) -> float:
        """How far below the top a value lies, in per cent of the height; what lies beyond is cut at the edge."""
        scale = math.log10 if self.logarithmic else float
        bottom, top = scale(self.low), scale(self.high)
        return 100 * (top - scale(min(max(value, self.low), self.high))) / (top - bottom)

    @property
    def ticks(self) -> list[float]:
        """Powers of ten, at most four of them, or about four round numbers."""
        if self.logarithmic:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            return [10.0**power for power in range(last, first - 1, -max(1, -(-(last - first) // 3)))][::-1]
        rough = (self.high - self.low) / 4
        unit = 10.0 ** math.floor(math.log10(rough))
        unit *= next(factor for factor in (1, 2, 5, 10) if factor * unit >= rough)
        return [unit * n for n in range(math.ceil(self.low / unit), math.floor(self.high / unit + 1e-9) + 1)]


def live_chart(lines: Sequence[Line], *, axis: Axis, steps: int, alt: str, inside: str = "", kind: str = "") -> str:
    """The lines over steps 0 to `steps`, the axis' values at the left, and `inside` laid over them.

    Args:
        alt: what the picture says, as plain text.
        inside: HTML; `place` says where things are.
        kind: a class of the sheet, which gives the height.
    """
    ticks = "".join(f'<span style="top:{axis.down(tick):.1f}%">{short(tick)}</span>' for tick in axis.ticks)
    return (
        f'<div class="llmlab-run-chart {kind}"><div class="llmlab-run-ticks" aria-hidden="true">{ticks}</div>'
        f'<svg viewBox="0 0 {steps} 100" preserveAspectRatio="none" role="img" aria-label="{escape(alt)}">'
        f"{_drawn(lines, axis, steps)}</svg>{inside}</div>"
    )


def still_chart(
    lines: Sequence[Line], *, title: str, axis: Axis, steps: int, alt: str, width: int = 520, height: int = 220
) -> str:
    """The same with its words in the SVG: title, ticks, names of the lines."""
    left, top, bottom = 58, 26, 40
    across, down = (width - left - 12) / steps, (height - top - bottom) / 100
    words = f'<text x="{left}" y="16" font-weight="bold">{escape(title)}</text>'
    for tick in axis.ticks:
        y = top + down * axis.down(tick) + 4
        words += f'<text x="{left - 6}" y="{y:.0f}" text-anchor="end">{short(tick)}</text>'
    for step in (0, steps // 2, steps):
        words += f'<text x="{left + across * step:.0f}" y="{height - 24}" text-anchor="middle">{step}</text>'
    for number, line in enumerate(lines):
        x, y = left + 130 * number, height - 6
        words += f'<path d="M{x} {y - 4}h22" {LOOKS[line.look]}></path><text x="{x + 28}" y="{y}">{line.look}</text>'
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}">'
        f'<g transform="translate({left} {top}) scale({across:.4f} {down:.4f})">{_drawn(lines, axis, steps)}</g>'
        f"{words}</svg>"
    )


def _drawn(lines: Sequence[Line], axis: Axis, steps: int) -> str:
    """Grid and lines, x in steps and y in per cent."""
    grid = "".join(f"M0 {axis.down(tick):.1f}H{steps}" for tick in axis.ticks)
    grid += "".join(f"M{steps * part // 4} 0V100" for part in range(5))
    drawn = f'<path d="{grid}" stroke="var(--llmlab-line)" fill="none" vector-effect="non-scaling-stroke"></path>'
    return drawn + "".join(_polyline(line.look, tuple(line.points), axis) for line in lines)


@lru_cache(maxsize=64)
def _polyline(look: str, points: tuple[tuple[float, float], ...], axis: Axis) -> str:
    """A line; the recorded ones are drawn once, in whatever frames they stand."""
    places = " ".join(f"{x:g},{axis.down(y):.1f}" for x, y in points if math.isfinite(y))
    return f'<polyline points="{places}" fill="none" {LOOKS[look]} vector-effect="non-scaling-stroke"></polyline>'


def step_ticks(steps: int) -> str:
    """The axis of steps, below the charts that share it."""
    marks = sorted({steps * part // 4 for part in range(5)})
    spans = "".join(f'<span style="left:{100 * mark / steps:.1f}%">{mark}</span>' for mark in marks)
    return f'<div class="llmlab-run-step-ticks" aria-hidden="true">{spans}<b>step</b></div>'


def swatch(look: str) -> str:
    """A piece of a line, for the legend."""
    return (
        '<svg class="llmlab-run-swatch" viewBox="0 0 26 8" aria-hidden="true">'
        f'<path d="M0 4h26" fill="none" {LOOKS[look]}></path></svg>'
    )


def place(step: float, steps: int, down: float) -> str:
    """Style of what lies over a chart."""
    return f"left:{100 * step / steps:.2f}%;top:{down:.1f}%"


def short(tick: float) -> str:
    """A tick without needless digits.

    >>> [short(tick) for tick in (0.0001, 0.5, 2.0, 100.0)]
    ['0.0001', '0.5', '2', '100']
    """
    return f"{tick:.5f}".rstrip("0").rstrip(".") if tick < 1 else f"{tick:g}"
