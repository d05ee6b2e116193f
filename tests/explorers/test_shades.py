"""Shades that stand for numbers: a small number is told from none, and what is written on the strongest is legible."""

import re

import pytest
import torch

from llmlab.explorers.host.assets import HERE
from llmlab.explorers.host.markup import heat
from llmlab.explorers.influence_map import picture as influence
from llmlab.explorers.pipeline_map import heads

PAPER = {"light": "#ffffff", "dark": "#111111"}
INK = {"light": "#212121", "dark": "#ffffff"}
SEEN = 1.2  # the contrast by which the shade of a tenth stands out from the page; it was 1.17 light and 1.13 dark,
# against 1.07 and 1.04 of nothing


def colours(sheet: str, name: str) -> dict[str, str]:
    """A variable of an explorer's sheet in both themes: the first stands in the light one, the second in the dark."""
    found = re.findall(rf"--llmlab-{name}: (#\w{{6}})", (HERE.parent / sheet).read_text(encoding="utf-8"))
    return dict(zip(PAPER, found, strict=True))


def channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def over(colour: str, ground: str, opacity: float) -> list[float]:
    return [opacity * a + (1 - opacity) * b for a, b in zip(channels(colour), channels(ground), strict=True)]


def contrast(one: list[float], other: list[float]) -> float:
    """That of WCAG."""

    def light(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05

    return max(light(one), light(other)) / min(light(one), light(other))


ATTENTION, INFLUENCE = "attention_bench/attention_bench.css", "influence_map/influence_map.css"


@pytest.mark.parametrize("name", ["heat", "heat-minus"])
@pytest.mark.parametrize("theme", PAPER)
def test_a_tenth_is_told_from_nothing_and_the_number_on_a_whole_is_legible(name, theme):
    colour, opacity = colours(ATTENTION, name)[theme], lambda share: float(heat(share).removeprefix("opacity:"))
    assert opacity(0) == 0 == opacity(-0.1) and opacity(1) == opacity(1.5)
    shades = [over(colour, PAPER[theme], opacity(share)) for share in (0.1, 0.2, 0.5, 1.0)]
    steps = [contrast(shade, channels(PAPER[theme])) for shade in shades]
    assert steps[0] >= SEEN and steps == sorted(steps)
    assert contrast(shades[-1], channels(INK[theme])) >= 4.5


@pytest.mark.parametrize("theme", PAPER)
def test_the_smallest_move_of_the_influence_map_is_seen(theme):
    for name in ("map-blue", "map-red"):
        shade = over(colours(INFLUENCE, name)[theme], PAPER[theme], influence.opacity(0))
        assert contrast(shade, channels(PAPER[theme])) >= SEEN


def test_a_head_that_takes_a_tenth_from_a_place_shows_it():
    weights = torch.tensor([[1.0, 0, 0], [0.1, 0.9, 0], [0.0, 0.3, 0.7]])[None, None]
    ((drawn,),) = heads._maps(weights, 0)
    cells = dict(re.findall(r'class="llmlab-h(\d)" d="(.*?)"', drawn))
    assert {depth: re.findall(r"M(\d) (\d)", d) for depth, d in cells.items()} == {
        "1": [("0", "1")],
        "2": [("1", "2")],
        "3": [],
        "4": [("0", "0"), ("1", "1"), ("2", "2")],
    }
