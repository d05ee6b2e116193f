"""The picture of lesson 02 draws what it is given, and says it."""

import re

import pytest

from llmlab.course.figures import vocabulary_against_length

CURVES = {"cut first": [90, 60, 50], "raw bytes": [90, 55, 40]}


def draw():
    return vocabulary_against_length.draw([0, 10, 40], CURVES, gpt2=45)


def test_the_alternative_text_has_the_ends_of_both_curves():
    assert "cut first, from 90 to 50; raw bytes, from 90 to 40" in draw().alt
    assert "50,000 merges it has 45" in draw().alt


def test_the_same_bytes_on_every_run():
    assert draw().svg == draw().svg


@pytest.mark.parametrize("color", ["#2f6db3", "#b34700", "#595959"])
def test_every_line_is_drawn_in_its_role(color):
    assert re.search(rf"stroke: {color}", draw().svg.decode())
