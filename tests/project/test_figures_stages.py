"""The picture of a model's stages."""

from __future__ import annotations

import pytest

from llmlab.course.figures import stages

PATH = [("text", "9 characters", "The sheep"), ("tokens", "T = 2", "The | sheep"), ("ids", "(B, T) = (1, 2)", "464, …")]


def test_it_says_what_it_shows_and_is_the_same_each_time():
    picture = stages.draw(PATH)
    assert picture.alt.startswith("3 stages from top to bottom. text, 9 characters: The sheep; tokens, T = 2: ")
    assert picture.alt.endswith("464, ….")
    assert picture.svg == stages.draw(PATH).svg != stages.draw(PATH[:2]).svg
    assert picture.svg.count(b"<!-- ") >= 9, "three texts for each stage"


def test_one_stage_is_no_path():
    with pytest.raises(ValueError, match="at least two stages, got 1"):
        stages.draw(PATH[:1])
