"""Checks of arguments that several modules make in the same words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from numbers import Integral, Real
from operator import index
from reprlib import repr as shortened


def as_count(name: str, value: int, least: int = 1, why: str = "") -> int:
    """The int that `value` is, for NumPy's integers too; raise unless it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")
    if value < least:
        raise ValueError(f"{name} must be at least {least}{why}, got {value}")
    return int(value)


def require_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless `value` is an integer of at least `least`; what is kept or written to a file takes `as_count`."""
    as_count(name, value, least)


def as_ids(ids: Iterable[int]) -> list[int]:
    """Token ids as a list of int. NumPy's and PyTorch's integers are integers; floats and bools are never ids.

    Raises:
        TypeError: an element is no integer; the message says which and, where it can, what to do.

    >>> as_ids(range(3))
    [0, 1, 2]
    """
    row = list(ids)
    return row if set(map(type, row)) <= {int} else list(map(_as_id, row))


def _as_id(id: int) -> int:
    is_bool = isinstance(id, bool) or str(getattr(id, "dtype", "")) in ("bool", "torch.bool")
    is_row = isinstance(id, list | tuple) or getattr(id, "ndim", 0) > 0
    if not is_bool and not is_row:
        with contextlib.suppress(TypeError):
            return index(id)
    remedy = ": look it up first, with encode" if isinstance(id, str) else ": decode one row at a time" * is_row
    raise TypeError(f"token ids must be int, got {shortened(id)}{remedy}")


def require_number(name: str, value: float) -> None:
    """Raise unless `value` is a number, NumPy's included."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r} ({type(value).__name__})")


def require_kind(name: str, value: object, kind: type, called: str) -> None:
    """Raise unless `value` is a `kind`; `called` is how the message names one, such as "a GPT"."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {called}, got {type(value).__name__}")


def require_dropout(dropout: float) -> None:
    """Raise unless `dropout` is a probability below 1."""
    require_number("dropout", dropout)
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}: 0.1 drops one in ten")
