"""The pictures of lesson 03 draw what they are given, and say it."""

import re

import pytest

from llmlab.course.figures import loss_scatter, times_asked

ASKED = {2: [0, 1, 2, 2, 1], 6: [0, 1, 1, 0, 3]}
LOSSES = [4.0, 6.0, 5.0, 7.0, 8.0]


def test_each_stride_says_how_often_tokens_are_asked_for():
    alt = times_asked.draw(ASKED).alt
    assert "Stride 2, 5 tokens, never: 1, once: 2, twice: 2." in alt
    assert "Stride 6, 5 tokens, never: 2, once: 2, 3 times: 1." in alt


def test_the_scatter_of_windows_and_of_batches_is_said():
    alt = loss_scatter.draw(LOSSES, batch_size=2).alt
    assert "Single windows scatter from 4.0 to 8.0; the means of batches of 2 stay between 5.0 and 6.0." in alt


def test_the_same_bytes_on_every_run():
    assert times_asked.draw(ASKED).svg == times_asked.draw(ASKED).svg
    assert loss_scatter.draw(LOSSES, 2).svg == loss_scatter.draw(LOSSES, 2).svg


@pytest.mark.parametrize(
    ("picture", "colors"),
    [(times_asked.draw(ASKED), ("#b34700", "#595959")), (loss_scatter.draw(LOSSES, 2), ("#2f6db3", "#595959"))],
)
def test_colors_are_those_of_their_roles(picture, colors):
    for color in colors:
        assert re.search(rf"(fill|stroke): {color}", picture.svg.decode())
