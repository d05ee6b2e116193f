"""A learner's cell, run as a notebook would run it; needs no PyTorch."""

from __future__ import annotations

from typing import Any

from llmlab.exercises.engine.sources import bound_last


def define(source: str, **names: Any) -> Any:
    """What a cell leaves for its check: the last function it defines, or the values that it assigns."""
    exec(compile(source, "<a learner's cell>", "exec", dont_inherit=True), names)
    values = tuple(names[name] for name in bound_last(source))
    return values[0] if len(values) == 1 else values
