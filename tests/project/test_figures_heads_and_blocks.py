"""The pictures of lessons 08 and 09: their words say what they are given, and they are the same on every run."""

from __future__ import annotations

import re

import pytest
import torch

from llmlab.course.figures import (
    activation_functions,
    gpt_block,
    gradients_by_layer,
    heads_side_by_side,
    norm_axis,
    split_and_merge,
)

WORDS = ["the", "sheep", "came", "home"]
TABLES = {
    "first": torch.tensor([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0], [0, 0, 1, 0], [0.05, 0.7, 0.25, 0]]),
    "second": torch.eye(4),
}
X = torch.linspace(-2, 2, 9)
DRAWN = {
    "heads_side_by_side": lambda: heads_side_by_side.draw(TABLES, WORDS, row=3),
    "split_and_merge": lambda: split_and_merge.draw(n_tokens=3, n_heads=2, d_head=4),
    "gpt_block": gpt_block.draw,
    "norm_axis": lambda: norm_axis.draw(torch.tensor([[1.0, 2, 6], [0, -3, 3]])),
    "gradients_by_layer": lambda: gradients_by_layer.draw({"up": [1.0, 10.0, 1e3], "down": [1.0, 1e-2, 1e-4]}),
    "activation_functions": lambda: activation_functions.draw(X, {"ReLU": X.relu(), "x³ − x": X**3 - X}),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_a_picture_is_the_same_each_time(draw):
    first, again = draw(), draw()
    assert first.svg == again.svg and first.alt == again.alt
    assert len(first.svg) < 100_000


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "heads_side_by_side",
            "token 3, 'home', looks at. first: 'sheep' (token 1) 0.70, 'came' (token 2) 0.25; second",
        ),
        ("split_and_merge", "a table of 3 tokens, each a row of 8 numbers, in 2 groups of 4 columns"),
        ("gpt_block", "The first goes through norm 1 and attention"),
        ("norm_axis", "has a mean of its own: 3, 0."),
        ("gradients_by_layer", "up from 10^0 at layer 1 to 10^3 at layer 3; down from 10^0 at layer 1 to 10^-4"),
        (
            "activation_functions",
            "ReLU ends at 2.0 and never goes below 0; x³ − x ends at 6.0 and dips to -6.00 at -2.00",
        ),
    ],
)
def test_the_words_say_what_is_drawn(name, said):
    assert said in DRAWN[name]().alt


def test_more_than_can_be_told_apart_is_refused():
    with pytest.raises(ValueError, match="n_heads must be 1 to 3, .* got 4"):
        split_and_merge.draw(n_tokens=3, n_heads=4, d_head=2)
    with pytest.raises(ValueError, match="at most 5 stacks can be told apart, got 6"):
        gradients_by_layer.draw({str(number): [1.0] for number in range(6)})


def heights(picture, *words):
    """How far from the top each of the words stands, in points."""
    found = re.findall(r"<!-- (.+?) -->\s*<g [^>]*translate\([\d.]+ ([\d.]+)\)", picture.svg.decode())
    return [float(dict(found)[word]) for word in words]


def test_the_names_of_lines_that_end_together_stand_apart():
    picture = gradients_by_layer.draw({"one": [1e-8, 50.0], "two": [1e6, 49.0], "three": [1.0, 50.0]})
    low, middle, high = sorted(heights(picture, "one", "two", "three"))
    assert middle - low > 9 and high - middle > 9


def test_the_means_of_columns_have_three_digits():
    drawn = norm_axis.draw(torch.tensor([[1.0, 2, 6], [0, -3, 3], [0, 0, 1]])).svg.decode()
    assert "<!-- 0.333 -->" in drawn and "<!-- 3.33 -->" in drawn and "0.3333" not in drawn
