"""Lesson 03: what its cells print is what its text says, and known mistakes of its loss are told apart."""

from __future__ import annotations

import math
from functools import partial

import pytest

from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_03.next_token_loss import _written_example, _wrong_losses
from llmlab.explorers import WindowMap
from tests.lessons.shared import Lesson, alike

output = Lesson("03").output


def test_known_mistakes_of_the_loss_are_told_apart():
    losses = _wrong_losses(*_written_example())
    assert alike(faces(losses), partial(math.isclose, rel_tol=0, abs_tol=1e-3)) == []


@pytest.mark.parametrize(
    ("part", "claim"),
    [
        ("loss.backward()", "loss 10.8249 = -ln(1 / 50,257) = 10.8249"),
        ("loss.backward()", "[0.25, 0.25, 0.25, 0.25]"),
        ("numbers = list(range(10, 21))", "start 7: input [17, 18, 19, 20]  target [18, 19, 20]\n"),
        ("window_statistics(len(ids)", "     1     5237  31.81 times, 100% of the targets reached"),
        ("window_statistics(len(ids)", "    32      164   1.00 times, 100% of the targets reached"),
        ("counted, seen = 8, []", "     8        8  1 to 8"),
        ("counted, seen = 8, []", "     4       15  5 to 8"),
        ("one_by_one = ", "differ by 0.0000 at most"),
        ("whole = gradient", "batch size 16: off by 0.7"),
        ("too_short = Windows", "done: 1 epoch, 0 windows"),
        ("by_batch = ", "mean of the batches 5.725, weighed by tokens 5.741, all windows 5.741"),
        ("for shifts in (1, 2)", "1 shift(s): loss 0.01; after 0 the model says 1"),
        ("for shifts in (1, 2)", "2 shift(s): loss 0.01; after 0 the model says 2"),
        ("packed = pack(", "'The piano came.<|endoftext|>' "),
    ],
)
def test_what_the_text_says_is_printed(part, claim):
    assert claim in output(part)


def test_the_last_target_before_a_letter_is_asked_for_behind_a_piano():
    assert "'The piano came.<|endoftext|>'       -> 'Dear'" in output("packed = pack(")


def test_the_answers_to_the_predictions_are_true():
    window_map = WindowMap()
    assert window_map.trace.dropped == (8, 9, 10)
    for batch_size in range(1, 7):
        window_map.set(batch_size=batch_size)
        assert (window_map.trace.dropped == ()) == (batch_size == 1)
    window_map.set(batch_size=4, drop_last=False)
    assert list(map(len, window_map.trace.batches)) == [4, 4, 3]


@pytest.mark.parametrize("batch_size", range(1, 7))
@pytest.mark.parametrize("drop_last", [True, False])
def test_the_target_of_the_map_is_the_one_that_the_text_answers(batch_size, drop_last):
    window_map = WindowMap()
    window_map.set(max_length=8, stride=8, batch_size=batch_size, drop_last=drop_last)
    assert window_map.target(window_map.trace)[0] == (batch_size in (1, 3) or not drop_last)
    window_map.set(max_length=4, stride=4)
    assert not window_map.target(window_map.trace)[0]
