"""Why a notebook has no answer to an exercise, when all its cells have run."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Mapping

from llmlab.instructors.grade.attempt import Verdict
from llmlab.instructors.grade.submissions import Cell, binds


def why_missing(
    id: str, names: list[str], cells: Iterable[Cell], skipped: Mapping[int, str], stopped: Mapping[int, str]
) -> Verdict:
    """The last cell that would have given the answer a name and did not come to its end, else that there is none.

    Args:
        id: the exercise.
        names: what an answer to it is called.
        cells: of the notebook.
        skipped: place of a cell -> why it had to be left out.
        stopped: place of a cell -> the error that stopped it.
    """
    cells = list(cells)
    named = " and ".join(f"`{name}`" for name in names)
    for cell in reversed(cells):
        if any(binds(name, cell.source) for name in names):
            if cell.place in skipped:
                message = f"Cell {cell.place}, which defines {named}, did not come to its end."
                return Verdict(skipped[cell.place], message)
            if cell.place in stopped:
                return Verdict("error", f"Cell {cell.place}, which defines {named}, stopped: {stopped[cell.place]}")
    others = sorted(_names_checked(id, cells) - set(names))
    hint = f" Its check is given {' and '.join(f'`{name}`' for name in others)}." if others else ""
    return Verdict("missing_name", f"Nothing is called {named} when the notebook has run.{hint}")


def _names_checked(id: str, cells: Iterable[Cell]) -> set[str]:
    """What the notebook's own check cells hand over: another name there tells of a renamed answer."""
    call = rf"""exercise\(\s*["']{re.escape(id)}["']\s*\)\s*\.check\(([^)\n]*)"""
    found = "".join(given for cell in cells for given in re.findall(call, cell.source))
    return {name for name in re.findall(r"[A-Za-z_]\w*", found) if not hasattr(builtins, name)}
