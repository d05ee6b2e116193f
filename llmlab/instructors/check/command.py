"""What `llmlab check` does, from the paths that were named to the exit code."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from llmlab.course.checkout import checkout, notebooks
from llmlab.instructors.check import console as shown
from llmlab.instructors.check import execution, planning
from llmlab.instructors.check.junit import write_junit
from llmlab.instructors.check.results import EDITED, CannotCheck, Checked, Planned
from llmlab.instructors.outputs import require_writable, write_or_keep


def check(names: Sequence[str], junit: Path | None) -> int:
    """Run notebooks again, say what differs, and return the exit code: 0 all is well, 1 something is not.

    Args:
        names: notebooks, folders, or lessons such as "03"; the whole course where none is named.
        junit: a file for the results as JUnit XML.

    Raises:
        CannotCheck: nothing could be checked.
    """
    if missing := planning.missing():
        raise CannotCheck(f"llmlab check needs {', '.join(missing)}: pip install {' '.join(missing)}")
    root, console, start = checkout(), Console(), time.monotonic()
    if not (console.is_terminal or os.environ.get("COLUMNS")):
        console.width = 120  # a log of CI: rich takes 80 for granted, which breaks every path
    if not names and not root:
        raise CannotCheck(
            "There is no checkout of the course here: name the notebooks, or change to the folder that holds lessons/."
        )
    chosen = notebooks(root) if root and not names else _notebooks(names, root)
    if junit:
        _prepare(junit)
    planned, results = planning.plan(chosen, root)
    results += _stale(chosen if names else None, planned, root, console)
    with shown.progress(console) as bar:
        task = bar.add_task("", total=sum(one.cells for one in planned))
        for one in execution.execute(planned, root):
            results.append(one)
            bar.update(task, advance=1 if one.cell else 0, description=one.notebook.stem)
        bar.update(task, description="done")
    for table in shown.tables(results, planned, root):
        console.print(table)
    console.print(f"{shown.summary(results, planned)} It took {time.monotonic() - start:.0f} s.", highlight=False)
    lost = write_or_keep(lambda file: write_junit(results, file, root), junit) if junit else ""
    if lost:
        console.print(lost, highlight=False, markup=False)
    return 1 if lost or any(one.trouble for one in results) else 0


def _prepare(junit: Path) -> None:
    """Make the folder of the results; refuse now what would fail when the notebooks have run."""
    try:
        junit.parent.mkdir(parents=True, exist_ok=True)
        require_writable(junit)
    except (OSError, ValueError) as error:
        raise CannotCheck(f"--junit {junit} cannot be written: {error}") from None


def _notebooks(names: Sequence[str], root: Path | None) -> list[Path]:
    """The notebooks that are named, those in the folders, and both of each lesson, each once."""
    found = []
    for path in map(Path, names):
        if not path.exists():
            of_lesson = [one for one in notebooks(root) if one.stem.startswith(str(path))] if root else []
            if not of_lesson:
                raise CannotCheck(f"{path} does not exist, and is no lesson of the course either")
            found += of_lesson
        elif path.is_dir():
            inside = [one for one in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in one.parts]
            if not inside:
                raise CannotCheck(f"{path} holds no notebook (*.ipynb)")
            found += inside
        elif path.suffix != ".ipynb":
            raise CannotCheck(f"a notebook is a file that ends in .ipynb, got {path}")
        else:
            found.append(path)
    return list(dict.fromkeys(path.resolve() for path in found))


def _stale(named: list[Path] | None, planned: list[Planned], root: Path | None, console: Console) -> list[Checked]:
    """Which notebooks are not what their lessons generate: of the whole course, or of the named ones.

    A named notebook that was edited is somebody's own work, and not held against its lesson.
    """
    if root is None or not (root / "tools" / "build_notebooks.py").is_file():
        console.print("The lessons are not at hand: notebooks are not compared with them.")
        return []
    edited = {one.notebook for one in planned if one.note == EDITED}
    return [
        one for one in planning.stale(root) if named is None or (one.notebook in named and one.notebook not in edited)
    ]
