"""Why a notebook has no answer to an exercise, when all its cells have run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from llmlab.instructors.grade.attempt import Verdict
from llmlab.instructors.grade.submissions import Cell, binds


def why_missing(
    names: Sequence[str], cells: Iterable[Cell], skipped: Mapping[int, str], stopped: Mapping[int, str]
) -> Verdict:
    """The last cell that would have given the answer a name and did not come to its end, else that there is none.

    Args:
        names: what the answer is called.
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
    return Verdict("missing_name", f"Nothing is called {named} when the notebook has run, and no check was given it.")
