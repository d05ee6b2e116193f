"""Objects that claim to be what was asked for, or equal to everything: no exercise takes one for an answer."""

from __future__ import annotations

from unittest.mock import ANY, MagicMock

import numpy as np
import pytest
import torch

from llmlab.exercises.engine.sources import sources
from tests.exercises.learners import EXERCISES, FUNCTIONS, define, fresh


class Yes:
    """Of whatever class it is asked to be, and equal to everything."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    __class__ = property(lambda self: self.kind)
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = lambda self: 0  # noqa: E731
    __iter__ = lambda self: iter([self, self])  # noqa: E731
    __len__ = lambda self: 2  # noqa: E731
    __getitem__ = lambda self, place: self  # noqa: E731
    __index__ = __int__ = lambda self: 3  # noqa: E731
    __float__ = lambda self: 3.0  # noqa: E731
    __call__ = strip = lower = tolist = detach = cpu = lambda self, *given, **options: self
    shape, dtype = (), "float"


class Listing(np.ndarray):
    def tolist(self):
        return Yes(list)


class Computing(torch.Tensor):
    def tolist(self):
        return Yes(list)

    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = torch.Tensor.__hash__


class Text(str):
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = str.__hash__
    strip = lower = lambda self, *given: self


class Number(int):
    __eq__ = lambda self, other: True  # noqa: E731
    __hash__ = int.__hash__


ODD = {
    **{f"claims to be a {kind.__name__}": Yes(kind) for kind in (bool, int, float, str, list, tuple, torch.Tensor)},
    "array with its own tolist": np.zeros((2, 2)).view(Listing),
    "tensor with its own tolist": torch.zeros(2, 2).as_subclass(Computing),
    "text equal to all": Text("no answer"),
    "number equal to all": Number(-12345),
    "ANY": ANY,
    "mock": MagicMock(),
}


@pytest.mark.parametrize("id", EXERCISES)
def test_nothing_that_claims_to_be_right_passes(id):
    """As the answer, as two, as what a function gives, as a pair in a list."""
    for odd, one in ODD.items():
        for given in (one, (one, one), (lambda *args, **options: one), (lambda *args, **options: [(one, one)])):  # noqa: B023
            result = fresh(id).check(given)
            assert result.status != "passed" and "The check itself" not in result.message, odd


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_right_answer_is_right_whatever_the_notebook_set_for_pytorch(id):
    """Gradients switched off, and long numbers as the default: habits of other courses."""
    solution = sources()[id]["solution"]
    try:
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        result = fresh(id).check(define(solution))
        kept = (torch.is_grad_enabled(), torch.get_default_dtype())
    finally:
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
    assert result.status == "passed", result.message
    assert kept == (False, torch.float64), "what the notebook set stays"
