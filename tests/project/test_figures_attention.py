"""The pictures of attention: tables side by side, the steps of a head, masks."""

from __future__ import annotations

import math

import pytest
import torch

from llmlab.attention import causal_mask
from llmlab.course.figures import architectures, attention_steps, attention_tables
from llmlab.course.figures._cells import DEEPEST, shade
from llmlab.course.figures.palette import INK

SCORES = torch.tensor([[1.0, -2.0, 0.5], [0.004, 3.0, -0.004], [0.0, 1.0, 2.0]])
TOKENS = ["the", "piano", "came"]


def luminance(colour: tuple[float, float, float]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("share", [-1.0, -0.5, 0.0, 0.5, 1.0, 7.0])
def test_ink_is_legible_on_every_cell(share):
    ink = tuple(int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5))
    assert (luminance(shade(share)) + 0.05) / (luminance(ink) + 0.05) >= 4.5
    assert shade(7.0) == shade(1.0) != shade(DEEPEST)


def test_tables_say_what_the_caller_says_and_are_the_same_each_time():
    masked = SCORES.masked_fill(~causal_mask(3), -math.inf)
    tables = {"scores": SCORES, "masked": masked}
    picture = attention_tables.draw(tables, TOKENS, alt="Two tables.", most=3.0)
    assert picture.alt == "Two tables."
    assert picture.svg == attention_tables.draw(tables, TOKENS, alt="Two tables.", most=3.0).svg
    assert picture.svg.count("<!-- −∞ -->".encode()) == 3, "three hidden scores"
    assert "<!-- −2.00 -->".encode() in picture.svg and "−0.00".encode() not in picture.svg


def test_a_table_of_another_shape_is_refused():
    with pytest.raises(
        ValueError, match=r"'scores' must be a table of shape \(3, 3\), got \(2, 3\): a row for each token"
    ):
        attention_tables.draw({"scores": SCORES[:2]}, TOKENS, alt="x")


def test_the_steps_name_every_shape():
    x = torch.ones(4, 3)
    q, v, square = torch.ones(4, 2), torch.ones(4, 5), torch.ones(4, 4)
    picture = attention_steps.draw(x, q, q, v, square, square / 4, v)
    for words in ("4 by 3", "both 4 by 2", "values, 4 by 5", "scores, 4 by 4", "context, 4 by 5"):
        assert words in picture.alt
    assert picture.svg == attention_steps.draw(x, q, q, v, square, square / 4, v).svg
    for shape in ("(4, 3)", "(4, 2)", "(4, 4)", "(4, 5)"):
        assert shape.encode() in picture.svg


def test_masks_are_drawn_cell_by_cell():
    picture = architectures.draw({"decoder-only": causal_mask(4)}, alt="A triangle.")
    assert picture.svg == architectures.draw({"decoder-only": causal_mask(4)}, alt="A triangle.").svg
    assert picture.svg != architectures.draw({"decoder-only": causal_mask(4).T}, alt="A triangle.").svg
    assert picture.svg.count(b'<g id="line2d_') == 10, "a dot in each of the cells that are open"
    assert b"<!-- 4 keys -->" in picture.svg and b"<!-- 4 queries -->" in picture.svg


def test_a_mask_of_numbers_is_refused():
    with pytest.raises(TypeError, match="'decoder-only' must be a bool mask of two axes, got torch.float32"):
        architectures.draw({"decoder-only": torch.ones(3, 3)}, alt="x")
