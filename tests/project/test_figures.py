"""The pictures of the lessons: the same bytes every time, words for those who do not see them, bad input refused."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from llmlab.course import figures
from llmlab.course.figures import cache_growth, kept_and_right, low_rank, right_answers, shared_heads, step_cost, tiles
from llmlab.course.figures.palette import GOOD, INK, INPUT, QUIET, TARGET

_SHARED = {"picture", "palette"}
DRAWINGS = sorted(
    module.name
    for module in pkgutil.iter_modules(figures.__path__)
    if not module.name.startswith("_") and module.name not in _SHARED
)


def test_every_drawing_module_has_one_public_function():
    for name in DRAWINGS:
        module = importlib.import_module(f"llmlab.course.figures.{name}")
        public = [
            key
            for key, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", "") == module.__name__ and not key.startswith("_")
        ]
        assert public == ["draw"], name
        assert module.draw.__doc__, name


def test_every_drawing_is_used_by_a_lesson():
    from tests import ROOT

    lessons = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "lessons").glob("*.py"))
    assert [name for name in DRAWINGS if not re.search(rf"\b{name}(\.draw\(|\b.* as )", lessons)] == []


@pytest.mark.parametrize("colour", [INK, QUIET, INPUT, TARGET, GOOD])
def test_colours_can_be_read_on_white_and_turned_over(colour):
    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    rgb = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    assert 1.05 / (luminance(rgb) + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (
            lambda: kept_and_right.draw((0.5, 2.0), {"no cut": [97, 46], "top-k 10": [97, 87]}),
            ("no cut: 97 at temperature 0.5, 46 at 2.0", "top-k 10: 97 at temperature 0.5, 87 at 2.0"),
        ),
        (
            lambda: step_cost.draw((1, 9), [2e6, 9e6], [1e6, 1.5e6]),
            ("2.0 million at place 1 to 9.0 million at place 9",),
        ),
        (lambda: cache_growth.draw(prompt=5, new=4), ("26 in all", "are kept: 8 in all")),
        (lambda: shared_heads.draw(n_heads=6, n_groups=2), ("6 query heads", "2 squares, 3 dots to each")),
        (
            lambda: right_answers.draw({"who": (5, 20), "where": (28, 28)}),
            ("who: 5 of 20, interval 11% to 47%", "where: 28 of 28, interval 88% to 100%"),
        ),
        (lambda: low_rank.draw(d_in=96, d_out=288, rank=4), ("W holds 27,648 numbers, A and B together 1,536",)),
        (lambda: tiles.draw(n_tokens=12, block=3), ("12 queries by 12 keys, cut into 4 upright strips of 3 keys",)),
    ],
)
def test_a_drawing_is_the_same_each_time_and_says_what_it_shows(draw, says):
    picture = draw()
    assert picture.svg == draw().svg and picture.svg.startswith(b"<?xml")
    for words in says:
        assert words in picture.alt
    html = picture._repr_html_()
    assert html.count("<img") == 1 and re.search(r'data-jp-theme-light="false"', html)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: kept_and_right.draw((1.0,), {str(n): [1] for n in range(4)}), "at most 3 settings .* got 4"),
        (lambda: kept_and_right.draw((1.0, 2.0), {"a": [1]}), "'a' needs a number for each of 2 temperatures, got 1"),
        (lambda: step_cost.draw((1, 2), [1], [1, 2]), "got 2 places, 1 and 2 numbers"),
        (lambda: cache_growth.draw(0, 4), "got 0 and 4"),
        (lambda: shared_heads.draw(6, 4), "4 groups must divide 6"),
        (lambda: tiles.draw(12, 5), "blocks of 5 keys must divide 12"),
        (lambda: tiles.draw(12, 12), "at least twice"),
        (lambda: right_answers.draw({}), "at least one pair"),
        (lambda: low_rank.draw(96, 288, 96), "rank must be from 1 to 95, got 96"),
    ],
)
def test_bad_input_is_refused(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
