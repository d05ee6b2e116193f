"""Checks of arguments that several modules make in the same words."""

from __future__ import annotations

from numbers import Real


def require_count(name: str, value: int, least: int = 1) -> None:
    """Raise unless `value` is an int of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int, got {value!r} ({type(value).__name__})")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


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
