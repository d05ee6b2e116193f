"""Stub and solution of each exercise, and the names of its answer: what `solutions.json` holds.

It is built from the lessons' sources, where prompt, stub and solution stand.
"""

from __future__ import annotations

import ast
import json
import threading
from functools import cache
from pathlib import Path

_PARSING = threading.Lock()  # Python 3.11.7 counts the depth of all threads that parse together, and finds it wrong
_PATH = Path(__file__).resolve().parents[1] / "solutions.json"


@cache
def sources() -> dict[str, dict[str, str]]:
    """For each exercise "stub" and "solution"; empty where nothing has been built yet."""
    return json.loads(_PATH.read_text(encoding="utf-8")) if _PATH.exists() else {}


@cache
def answer_names() -> dict[str, tuple[str, ...]]:
    """For each exercise of the course, the names under which a notebook holds its answer.

    They are what the last statement of the exercise's cell binds. No lesson module is loaded, and so no PyTorch.

    >>> answer_names()["03.2"], answer_names()["03.3"]
    (('make_windows',), ('trained_at_stride_4', 'trained_at_stride_5'))
    """
    return {id: bound_last(cell["stub"]) for id, cell in sorted(sources().items())}


def bound_last(source: str) -> tuple[str, ...]:
    """The names that the last statement of a cell binds: a function's or a class's, or those that it assigns.

    >>> bound_last("half = 0.5\\nfirst, last = 4, 7")
    ('first', 'last')
    >>> bound_last("class Head:\\n    pass")
    ('Head',)
    """
    with _PARSING:
        last = ast.parse(source).body[-1]
    if isinstance(last, ast.FunctionDef | ast.ClassDef):
        return (last.name,)
    return tuple(node.id for node in ast.walk(last) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
