"""An explorer as a file of frames: what a page without a kernel shows with the host's `fileSource`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from llmlab.explorers.host.host import Explorer


def frames_file(explorer: Explorer, states: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What `fileSource` reads, for `json.dump`: the controls, the first frame, and a whole frame for each state.

    Args:
        explorer: at its first state.
        states: what differs from the first state, for each frame.
    """
    first = explorer.state
    wanted = [first, *({**first, **changes} for changes in states)]
    frames = {tuple(state.items()): explorer._frame_or_error(explorer._checked(state), more=True) for state in wanted}
    declared = {name: getattr(explorer, name) for name in ("title", "task", "controls", "has_more")}
    return {**declared, "frames": list(frames.values())}


def grid(explorer: Explorer, *names: str) -> Iterable[dict[str, Any]]:
    """All combinations of the values of some controls; without names, of all that have values."""
    axes = {name: control.values for name, control in explorer._controls.items() if len(control.values)}
    chosen = names or tuple(axes)
    return (dict(zip(chosen, values, strict=True)) for values in product(*(axes[name] for name in chosen)))
