"""The controls that an explorer can declare: a range, a choice, a toggle, a line of text.

Each knows its values (so that a whole axis can be rendered), checks one, and describes itself to the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """Whole numbers from `low` to `high`, shown as a slider."""

    name: str
    label: str
    low: int
    high: int
    initial: int

    @property
    def values(self) -> Sequence[int]:
        return range(self.low, self.high + 1)

    def check(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{self.name} must be an int, got {value!r} ({type(value).__name__})")
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.name} must be from {self.low} to {self.high}, got {value}")
        return value


@dataclass(frozen=True)
class Choice:
    """One of several named options, shown as a list."""

    name: str
    label: str
    values: tuple[str, ...]
    initial: str

    def check(self, value: Any) -> str:
        if value not in self.values:
            raise ValueError(f"{self.name} must be one of {', '.join(map(repr, self.values))}, got {value!r}")
        return value


@dataclass(frozen=True)
class Toggle:
    """On or off, shown as a check box."""

    name: str
    label: str
    initial: bool
    values: tuple[bool, bool] = (False, True)

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError(f"{self.name} must be True or False, got {value!r}")
        return value


@dataclass(frozen=True)
class Text:
    """A line of free text of at most `max_length` characters. It has no axis: each text goes through the kernel."""

    name: str
    label: str
    initial: str
    max_length: int = 200
    values: tuple[()] = ()

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{self.name} must be a str, got {value!r} ({type(value).__name__})")
        if len(value) > self.max_length:
            raise ValueError(f"{self.name} must have at most {self.max_length} characters, got {len(value)}")
        return value


Control = Range | Choice | Toggle | Text


def declare(control: Control) -> dict[str, Any]:
    """The control as the browser needs it."""
    return {
        "kind": type(control).__name__.lower(),
        "name": control.name,
        "label": control.label,
        "initial": control.initial,
        "values": list(control.values),
        "max_length": getattr(control, "max_length", None),
    }
