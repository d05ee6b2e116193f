"""The picture of text, tokens, ids and vocabulary."""

from __future__ import annotations

import pytest

from llmlab.course.figures import text_to_ids

VOCABULARY = {",": 0, "sea": 1, "the": 2}


def test_it_says_what_it_shows_and_is_the_same_each_time():
    picture = text_to_ids.draw("the sea, the", ["the", "sea", ",", "the"], VOCABULARY)
    assert "the tokens the | sea | , | the, whose ids are [2, 1, 0, 2]" in picture.alt
    assert picture.alt.endswith("in the vocabulary: , 0, sea 1, the 2.")
    again = text_to_ids.draw("the sea, the", ["the", "sea", ",", "the"], VOCABULARY)
    assert picture.svg == again.svg != text_to_ids.draw("the sea", ["the", "sea"], VOCABULARY).svg


def test_a_token_must_be_in_the_vocabulary():
    with pytest.raises(KeyError, match="boat"):
        text_to_ids.draw("the boat", ["the", "boat"], VOCABULARY)
