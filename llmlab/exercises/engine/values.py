"""A learner's values as plain Python, which nobody can have overridden, and plain Python as short text.

PyTorch and NumPy are asked for in `sys.modules`, never imported: a value of theirs exists only where they are loaded,
and a prediction can be checked where PyTorch is not installed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from llmlab.exercises.engine.verdicts import Wrong

_MOST_VALUES = 100_000  # more than any check asks for: an endless generator ends here


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that is neither a number, a text nor a sequence; only its type is known."""

    type_name: str

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


def plain(value: Any) -> Any:
    """Tensors, arrays, tuples and ranges as lists; numbers and texts as themselves; anything else as `Opaque`.

    A fraction or a decimal becomes the float nearest to it.

    >>> import numpy as np, torch
    >>> plain((torch.tensor([1, 2]), range(2), np.float64(0.5), Fraction(1, 4), {1: 2}))
    [[1, 2], [0, 1], 0.5, 0.25, <dict>]

    Raises:
        Wrong: there is an iterator, or there are far more values than any exercise asks for.
    """
    budget = _MOST_VALUES
    tensors, arrays = tensor_type(), array_type()

    def convert(value: Any, depth: int) -> Any:
        nonlocal budget
        budget -= 1
        kind = type(value)  # not what it says of itself: an object may claim to be of any class
        if issubclass(kind, tensors | arrays):
            budget -= math.prod(value.shape)
        if budget < 0:
            raise Wrong("endless-result", f"It held more than {_MOST_VALUES:,} values.")
        if value is None or value is ... or kind is bool:
            return value
        # Bound to the base types: a subclass could bring methods of its own.
        if issubclass(kind, tensors):
            return tensors.tolist(tensors.cpu(tensors.detach(value)))
        if issubclass(kind, arrays):
            listed = _base_of(kind, arrays).tolist
            return listed(value) if value.dtype != object else [convert(item, depth + 1) for item in value.flat]
        for base, exact in ((int, int.__int__), (float, float.__float__), (str, str.__str__)):
            if issubclass(kind, base):
                return exact(value)
        if kind in (Fraction, Decimal) and (number := _as_float(value)) is not None:
            return number
        if issubclass(kind, Iterator):
            raise Wrong("read-once", f"There is a `{kind.__name__}` object in it.")
        iterable = issubclass(kind, Iterable) and not issubclass(kind, dict | set | frozenset | bytes)
        if not iterable or depth > 5:
            return Opaque(kind.__name__)
        return [convert(item, depth + 1) for item in value]

    return convert(value, 0)


def _as_float(value: Fraction | Decimal) -> float | None:
    """None for what no float can hold: infinite, too large, or not a number at all."""
    try:
        number = float(value)
    except (OverflowError, ValueError):  # a large fraction; a decimal that signals that it is no number
        return None
    return number if math.isfinite(number) else None


def _base_of(kind: type, bases: Any) -> type[Any]:
    """The first of NumPy's two base types that a type comes from."""
    return next(base for base in bases.__args__ if issubclass(kind, base))


def tensor_type() -> Any:
    """`torch.Tensor`, or a type without values where PyTorch is not loaded."""
    torch = sys.modules.get("torch")
    return torch.Tensor if torch else _Nothing


def array_type() -> Any:
    """NumPy's arrays and numbers, or a type without values where NumPy is not loaded."""
    numpy = sys.modules.get("numpy")
    return numpy.ndarray | numpy.generic if numpy else _Nothing


class _Nothing:
    """What no value is an instance of."""


def show(value: Any, most: int = 200) -> str:
    """A plain value, or an argument that a check gives, as short text, floats with as many decimals as tell them apart.

    >>> show([1, [0.123456, "a"], 0.25, 8e6])
    "[1, [0.1235, 'a'], 0.25, 8000000]"
    >>> show(0.9999999999)
    '0.9999999999'
    >>> import torch
    >>> show((torch.zeros(2, 2), torch.zeros(50, 8)))
    '([[0.0, 0.0], [0.0, 0.0]], <shape (50, 8)>)'
    """

    def spell(value: Any) -> str:
        if isinstance(value, list):
            return f"[{', '.join(map(spell, value))}]"
        if isinstance(value, tuple):
            return f"({', '.join(map(spell, value))})"
        if isinstance(value, tensor_type() | array_type()):  # an argument of a call: its numbers where they are few
            return spell(value.tolist()) if math.prod(value.shape) <= 12 else f"<shape {tuple(value.shape)}>"
        return _spell_float(value) if isinstance(value, float) else repr(value)

    return _spell_float(value, alone=True) if isinstance(value, float) else shorten(spell(value), most)


def _spell_float(value: float, alone: bool = False) -> str:
    """As it is where that is short, such as 0.5 and 4.0, otherwise rounded; `alone` never to a whole number.

    >>> _spell_float(1 / 3), _spell_float(0.99999994), _spell_float(0.99999994, alone=True)
    ('0.3333', '1.0000', '0.99999994')
    """
    if value.is_integer() and 1e5 <= abs(value) < 1e15:
        return f"{value:.0f}"
    rounded = f"{value:.4f}" if 0.01 <= abs(value) < 1e5 else f"{value:.4g}"
    exact = len(repr(value).lstrip("-")) <= (9 if alone else 6) or not math.isfinite(value)
    return repr(value) if exact or (alone and float(rounded).is_integer()) else rounded


def shorten(text: str, most: int = 200) -> str:
    """`text`, cut after `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
