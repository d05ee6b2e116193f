"""The small line chart: where values lie on it, and what it leaves out."""

import re

import pytest

from llmlab.explorers.host.line_chart import Line, line_chart
from tests.explorers.html import Tags, pictures


def points_of(chart):
    return [
        [tuple(map(int, point.split(","))) for point in line.split()] for line in re.findall(r'points="([^"]*)"', chart)
    ]


@pytest.mark.parametrize(("logarithmic", "middle"), [(False, 5.05), (True, 1.0)])
def test_a_chart_maps_values_to_pixels(logarithmic, middle):
    values = [(0, 0.1), (50, middle), (100, 10.0)]
    html = line_chart(
        [Line("a<b", values, "#000000")], title="<T>", alt='"x"', steps=100, low=0.1, high=10, logarithmic=logarithmic
    )
    ((left, middle_point, right),) = points_of(pictures(html))
    assert left == (60, 142) and right == (258, 24) and middle_point == (159, 83)
    assert "<T>" not in pictures(html) and "a&lt;b" in pictures(html) and Tags(html).images[0]["alt"] == '"x"'


def test_values_beyond_the_axis_are_cut_and_those_that_are_no_numbers_left_out():
    values = [(0, -5.0), (1, float("nan")), (2, 99.0), (3, float("inf"))]
    html = line_chart([Line("", values, "#000000")], title="", alt="x", steps=4, low=0, high=1)
    (points,) = points_of(pictures(html))
    assert [y for _, y in points] == [142, 24]
