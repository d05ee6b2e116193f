"""Which states of each explorer the site holds: the one place that says so.

Complete where all states make at most 1 MB. Where they make more, boxes hold what the lessons speak of: their texts,
questions and targets, each control alone from the first state, and the pairs that explain something together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import llmlab.explorers
from llmlab.explorers.host import Explorer
from llmlab.explorers.host.edition import Edition

ALL = "all"
Box = Mapping[str, Sequence[Any]]  # ALL stands for all values of a control


@dataclass(frozen=True)
class Plan:
    """What is held of one explorer.

    Attributes:
        boxes: as those of an `Edition`; `each_alone` adds one for every control that has values.
        slow: the controls that part the frames.
        make: the explorer at its first state, if it is not the class called with nothing.
    """

    boxes: Sequence[Box]
    slow: Sequence[str]
    each_alone: bool = False
    make: Callable[[], Explorer] | None = None


PLANS = {
    "MergePlayer": Plan(
        [
            {"merges": ALL, "tie_break": ALL, "pretokenize": ALL, "instead": ALL},
            {"text": ["baaa baaaab", "she sells sea shells by the sea shore"], "merges": ALL, "tie_break": ALL,
             "pretokenize": ALL},
        ],
        slow=("text", "pretokenize", "tie_break"),
    ),
    "WindowMap": Plan(
        [{"stride": ALL, "max_length": ALL, "batch_size": ALL, "shuffle": ALL, "drop_last": ALL}], slow=("stride",)
    ),
}  # fmt: skip


def edition(name: str) -> Edition:
    """What the site holds of an explorer.

    Raises:
        LookupError: it has no plan.
    """
    if name not in PLANS:
        raise LookupError(f"{name} has no plan: add it to site/frames_table.py")
    plan = PLANS[name]
    explorer = plan.make() if plan.make else getattr(llmlab.explorers, name)()
    values = {control: of.values for control, of in explorer._controls.items()}
    boxes = [{control: values[control] if some == ALL else some for control, some in box.items()} for box in plan.boxes]
    alone = [{control: every} for control, every in values.items() if len(every)] if plan.each_alone else []
    return Edition(explorer, [*boxes, *alone], plan.slow)
