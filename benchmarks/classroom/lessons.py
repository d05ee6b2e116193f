"""Which lesson each student opens, and which cells of it they run."""

from __future__ import annotations

from pathlib import Path

TRAINS = "11"  # the hardest moment of a class: two of its students are there
OTHERS = ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10")


def plan(students: int) -> list[str]:
    """The lesson of each student in the order in which they come: in the middle two are at 11, the others at 00 to 10.

    >>> plan(6)
    ['00', '01', '11', '11', '02', '03']
    """
    others = [OTHERS[number % len(OTHERS)] for number in range(max(0, students - 2))]
    middle = len(others) // 2
    return [*others[:middle], *[TRAINS, TRAINS][:students], *others[middle:]]


def notebook_of(lesson: str, folder: Path) -> str:
    """The file name of a lesson's student notebook.

    Raises:
        LookupError: there is no such lesson, or more than one.
    """
    found = sorted(path.name for path in folder.glob(f"{lesson}_*.ipynb"))
    if len(found) != 1:
        raise LookupError(f"lesson {lesson!r} should have one notebook in {folder.name}/, found {found}")
    return found[0]


def cells_to_run(notebook: dict) -> list[tuple[str, bool]]:
    """The code cells from top to bottom, as *Run All* takes them, and whether each may raise."""
    return [
        (source, "raises-exception" in cell.get("metadata", {}).get("tags", []))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and (source := "".join(cell["source"])).strip()
    ]
