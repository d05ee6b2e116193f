"""An explorer in a page without a kernel: its frames, rendered beforehand, in parts that are loaded when needed.

A page cannot hold every state of every explorer. `Edition` says which it holds, as boxes: in each some controls take
all combinations of some values, and the others stay as they are at first. The script's `fileSource` greys the rest.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from llmlab.explorers.host.assets import script
from llmlab.explorers.host.host import Explorer
from llmlab.explorers.host.packing import pack

State = dict[str, Any]
_NOT_SENT = ("state", "generation", "revision")
_MOST_CHIPS = 9


@dataclass(frozen=True)
class Edition:
    """What a page holds of an explorer.

    Attributes:
        explorer: at its first state.
        boxes: in each the values of some controls; for a line of text they are the texts to choose from.
        slow: the controls of whose values each combination has a part of its own.
        pressed: of a line of text those texts that only a press in a picture writes: the list leaves them out.

    Raises:
        KeyError: a control that the explorer does not have.
        TypeError, ValueError: a value that its control does not have.
    """

    explorer: Explorer
    boxes: Sequence[Mapping[str, Sequence[Any]]]
    slow: Sequence[str] = ()
    pressed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _first: State = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", self.explorer.state)
        for box in self.boxes:
            for name, values in box.items():
                for value in values:
                    self.explorer._checked({**self._first, name: value})
        if unknown := [name for name in self.slow if name not in self._first]:
            raise KeyError(f"slow names controls that the explorer does not have: {', '.join(unknown)}")

    def states(self) -> list[State]:
        """All states that the page holds, each once, the first one first."""
        found = {tuple(self._first.values()): self._first}
        for box in self.boxes:
            for values in product(*box.values()):
                state = {**self._first, **dict(zip(box, values, strict=True))}
                found.setdefault(tuple(state.values()), state)
        return list(found.values())

    def parts(self) -> dict[tuple, list[State]]:
        """The states by what the slow controls are set to."""
        found: dict[tuple, list[State]] = {}
        for state in self.states():
            found.setdefault(tuple(state[name] for name in self.slow), []).append(state)
        return found

    def opening(self) -> dict[str, Any]:
        """What the page needs at once: the controls, the first frame, and which states there are in which part."""
        kept = ("title", "task", "has_more")
        return {
            **{name: getattr(self.explorer, name) for name in kept},
            "controls": [self._declared(control) for control in self.explorer.controls],
            "first": {**self.explorer._frame_or_error(self._first), "more": None if self.explorer.has_more else ""},
            "boxes": [{name: list(values) for name, values in box.items()} for box in ({}, *self.boxes)],
            "slow": list(self.slow),
            "parts": [list(values) for values in self.parts()],
        }

    def _declared(self, control: Mapping[str, Any]) -> dict[str, Any]:
        """A line of text becomes a choice of texts."""
        if control["kind"] != "text":
            return dict(control)
        texts = [control["initial"], *(text for box in self.boxes for text in box.get(control["name"], ()))]
        texts = list(dict.fromkeys(texts))
        labels = [text or "(empty)" for text in texts]
        unlisted = [text for text in self.pressed.get(control["name"], ()) if text in texts]
        look = "chips" if len(texts) <= _MOST_CHIPS else "list"
        return {**control, "kind": "choice", "look": look, "values": texts, "labels": labels, "unlisted": unlisted}

    def part(self, states: Sequence[State]) -> dict[str, Any]:
        """The frames of some states by field, which packs better than frame by frame."""
        frames = [self.explorer._frame_or_error(state, more=True) for state in states]
        packed = pack(frames)
        names = [name for name in packed["frames"][0] if name not in _NOT_SENT]
        columns = {name: [frame[name] for frame in packed["frames"]] for name in names}
        return {"pieces": packed["pieces"], "states": [list(state.values()) for state in states], **columns}


def every(explorer: Explorer, *names: str, **values: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """A box: controls with all their values, and others with some."""
    return {**{name: explorer._controls[name].values for name in names}, **values}


def deflated(content: Any) -> str:
    """Content as a page's script can carry it: JSON, deflated, in letters."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(packer.compress(text) + packer.flush()).decode("ascii")


def classic_script(name: str) -> str:
    """The host's script without modules, which a page opened from the disk cannot load: it fills a global `name`."""
    text = re.sub(r"^export default .*\n", "", script(), flags=re.MULTILINE)
    text, exports = re.subn(r"^export \{(.*)\};\n", rf"globalThis.{name} = {{ mount,\1}};\n", text, flags=re.MULTILINE)
    if exports != 1:
        raise ValueError(f"host.js must have one `export {{ ... }};`, got {exports}")
    return f'"use strict";\n(() => {{\n{re.sub(r"^export (?=function)", "", text, flags=re.MULTILINE)}\n}})();\n'


def frames_of(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The frames of a part, as the script reads them; for tests."""
    pieces = part["pieces"]
    for number in range(len(part["states"])):
        frame = {name: column[number] for name, column in part.items() if name not in ("pieces", "states")}
        yield {**frame, **{name: "".join(pieces[at] for at in frame[name]) for name in ("html", "more")}}
