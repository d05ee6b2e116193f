"""What is done to a model from outside: the modes of its parts, and the wrapper that `torch.compile` puts around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from torch import nn

_Model = TypeVar("_Model")


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Every part of `model` in evaluation mode; afterwards, also after an error, each in the mode that it had.

    `model.train(model.training)` would not do: it gives all parts one mode, and a learner may have frozen some.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def unwrapped(model: _Model) -> _Model:
    """The module that `torch.compile` was given, or `model` itself where it is none of `torch.compile`'s.

    The compiled one runs the same parameters under names that begin with `_orig_mod.`; what reads a model's sizes, or
    saves its names, asks the module inside.
    """
    return getattr(model, "_orig_mod", model)
