"""What is said of a model in a number: bits per byte, and the longest passage that was copied."""

from __future__ import annotations

import math
import random

import pytest

from llmlab.training import bits_per_byte, longest_copy


def test_guessing_among_all_bytes_costs_eight_bits():
    assert bits_per_byte(math.log(256), n_tokens=50, n_bytes=50) == pytest.approx(8)
    assert bits_per_byte(math.log(1024), n_tokens=50, n_bytes=200) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        (("2", 1, 1), TypeError, "loss must be a number"),
        ((2.0, 1.5, 1), TypeError, "n_tokens must be an int"),
        ((2.0, 1, 0), ValueError, "n_bytes must be at least 1"),
    ],
)
def test_what_is_no_loss_and_no_count(given, error, says):
    with pytest.raises(error, match=says):
        bits_per_byte(*given)


def test_the_longest_copy_is_found_as_by_trying_all_passages():
    draws = random.Random(0)
    for _ in range(300):
        written, source = ("".join(draws.choices("ab ", k=draws.randrange(12))) for _ in range(2))
        passages = {written[i:j] for i in range(len(written)) for j in range(i, len(written) + 1)} | {""}
        longest = max(len(passage) for passage in passages if passage in source)
        found = longest_copy(written, source)
        assert len(found) == longest and found in written and found in source
        first = next(i for i in range(len(written) + 1) if written[i : i + longest] in source)
        assert found == written[first : first + longest]


def test_only_texts_have_passages():
    with pytest.raises(TypeError, match="source must be a str, got list"):
        longest_copy("a", ["a"])
