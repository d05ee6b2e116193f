"""Lesson 03: the check of its loss tells the known mistakes apart."""

import math
from functools import partial

from llmlab.exercises.engine.answers import faces
from llmlab.exercises.lesson_03.next_token_loss import _written_example, _wrong_losses
from tests.lessons.shared import alike


def test_known_mistakes_of_the_loss_are_told_apart():
    losses = _wrong_losses(*_written_example())
    assert alike(faces(losses), partial(math.isclose, rel_tol=0, abs_tol=1e-3)) == []
