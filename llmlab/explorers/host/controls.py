"""The controls that an explorer can declare: a range, a scale, a choice, a toggle, a line of text.

Each knows its values (so that a whole axis can be rendered), checks one, and describes itself to the browser. All have
three options. `quiet`: the picture is the control, so this one lies in a fold beside it. `group`: neighbours with the
same one share a frame of that name. `play` (a range or a scale): milliseconds per step; buttons play the sequence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Range:
    """Whole numbers from `low` to `high`, as a slider; `format` writes a value ("step {}"), or `labels` write all."""

    name: str
    label: str
    low: int
    high: int
    initial: int
    play: int = 0
    format: str = "{}"
    quiet: bool = False
    group: str = ""
    labels: tuple[str, ...] = ()

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
    """One of several named options, shown as a list, or (at most five) as a row of buttons: `look="buttons"`.

    `along`: values of other controls that come along when an option is chosen by hand, so that it opens where there is
    something to see. A text comes along only while it is as at first: what the learner has typed stays.
    """

    name: str
    label: str
    values: tuple[str, ...]
    initial: str
    look: str = "list"
    quiet: bool = False
    group: str = ""
    labels: tuple[str, ...] = ()
    along: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.look not in ("list", "buttons"):
            raise ValueError(f"{self.name}: look must be 'list' or 'buttons', got {self.look!r}")

    def check(self, value: Any) -> str:
        return _one_of(self, value)


@dataclass(frozen=True)
class Scale:
    """Named values in an order, shown as a slider: they can be swept. `labels` are shown for them, if given."""

    name: str
    label: str
    values: tuple[str, ...]
    initial: str
    play: int = 0
    quiet: bool = False
    group: str = ""
    labels: tuple[str, ...] = ()

    def check(self, value: Any) -> str:
        return _one_of(self, value)


def _one_of(control: Choice | Scale, value: Any) -> str:
    if value not in control.values:
        raise ValueError(f"{control.name} must be one of {', '.join(map(repr, control.values))}, got {value!r}")
    return value


@dataclass(frozen=True)
class Toggle:
    """On or off, shown as a check box."""

    name: str
    label: str
    initial: bool
    quiet: bool = False
    group: str = ""
    values: tuple[bool, bool] = (False, True)

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError(f"{self.name} must be True or False, got {value!r}")
        return value


@dataclass(frozen=True)
class Text:
    """A line of free text of at most `max_length` characters; `examples` are buttons that fill it in.

    It has no axis: each text goes through the kernel.
    """

    name: str
    label: str
    initial: str
    max_length: int = 200
    examples: tuple[str, ...] = ()
    quiet: bool = False
    group: str = ""
    values: tuple[()] = ()

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"{self.name} must be a str, got {value!r} ({type(value).__name__})")
        if len(value) > self.max_length:
            raise ValueError(f"{self.name} must have at most {self.max_length} characters, got {len(value)}")
        return value


Control = Range | Choice | Scale | Toggle | Text


def labels_of(control: Control) -> list[str]:
    """What is shown for each value of a control."""
    if isinstance(control, Range) and not control.labels:
        return [control.format.format(value) for value in control.values]
    return list(getattr(control, "labels", ()) or map(str, control.values))


def label_of(control: Control, value: Any) -> str:
    """What is shown for one value; a text stands for itself."""
    return labels_of(control)[list(control.values).index(value)] if len(control.values) else str(value)


def declare(control: Control) -> dict[str, Any]:
    """The control as the browser needs it."""
    return {
        "kind": type(control).__name__.lower(),
        "name": control.name,
        "label": control.label,
        "initial": control.initial,
        "values": list(control.values),
        "labels": labels_of(control),
        "quiet": control.quiet,
        "group": control.group,
        "typed": isinstance(control, Text),  # also where a page without a kernel makes a choice of it
        "along": {value: dict(others) for value, others in getattr(control, "along", {}).items()},
        "play": getattr(control, "play", 0),
        "look": getattr(control, "look", ""),
        "max_length": getattr(control, "max_length", None),
        "examples": list(getattr(control, "examples", ())),
    }
