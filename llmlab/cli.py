"""The command `llmlab`: check notebooks, grade submissions, look at the machine, open the course.

Only what is asked for and shown stands here; the work is done in `checking`, `grading` and `course`.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from llmlab.course.checkout import checkout, notebooks

if TYPE_CHECKING:
    from llmlab.instructors.check import Checked, Planned

app = typer.Typer(
    name="llmlab",
    help="The command line of the llmlab course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def stop(message: str) -> NoReturn:
    """Say what is wrong with the command, and end with exit code 2."""
    Console(stderr=True).print(escape(message), highlight=False)
    raise typer.Exit(2)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[NOTEBOOK]...", help="Notebooks or folders; without any, the whole course.", exists=True
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", metavar="FILE", help="Also write the results as JUnit XML.", dir_okay=False),
    ] = None,
) -> None:
    """Run notebooks again and report each cell that raises or whose output differs.

    Outputs are compared where the notebook's cells are as they were built, on Linux with the versions of
    requirements.lock; an edited notebook is executed only. A notebook of the course that is not what its lesson
    generates is reported as stale.

    Exit code: 0 all is well, 1 something differs, 2 nothing could be checked.
    """
    from llmlab.instructors import check as checking
    from llmlab.instructors.check import report as _check_report

    if missing := checking.missing():
        stop(f"llmlab check needs {', '.join(missing)}: pip install {' '.join(missing)}")
    root, console, start = checkout(), Console(), time.monotonic()
    if not (console.is_terminal or os.environ.get("COLUMNS")):
        console.width = 120  # a log of CI: rich takes 80 for granted, which breaks every path
    if not paths and not root:
        stop(
            "There is no checkout of the course here: name the notebooks, or change to the folder that holds lessons/."
        )
    chosen = _notebooks(paths) if paths else notebooks(root)
    planned, results = checking.plan(chosen, root)
    try:
        results += _stale(chosen if paths else None, planned, root, console)
        total = sum(one.cells for one in planned)
        with _check_report.progress(console) as bar:
            task = bar.add_task("", total=total)
            for one in checking.execute(planned, root):
                results.append(one)
                bar.update(task, advance=1, description=one.notebook.stem)
            bar.update(task, description="done")
    except checking.CannotCheck as error:
        stop(str(error))
    if junit:
        checking.write_junit(results, junit, root)
    for table in _check_report.tables(results, planned, root):
        console.print(table)
    console.print(
        f"{_check_report.summary(results, planned)} It took {time.monotonic() - start:.0f} s.", highlight=False
    )
    raise typer.Exit(1 if any(one.trouble for one in results) else 0)


def _notebooks(paths: list[Path]) -> list[Path]:
    """The notebooks among the paths, and those in the folders among them."""
    found = []
    for path in paths:
        if path.is_dir():
            inside = [one for one in sorted(path.rglob("*.ipynb")) if ".ipynb_checkpoints" not in one.parts]
            found += inside or stop(f"{path} holds no notebook (*.ipynb)")
        elif path.suffix != ".ipynb":
            stop(f"a notebook is a file that ends in .ipynb, got {path}")
        else:
            found.append(path)
    return [path.resolve() for path in dict.fromkeys(found)]


def _stale(named: list[Path] | None, planned: list[Planned], root: Path | None, console: Console) -> list[Checked]:
    """Which notebooks are not what their lessons generate: of the whole course, or of the named ones.

    A named notebook that was edited is somebody's own work, and not held against its lesson.
    """
    from llmlab.instructors import check as checking

    if root is None or not (root / "tools" / "build_notebooks.py").is_file():
        console.print("The lessons are not at hand: notebooks are not compared with them.")
        return []
    edited = {one.notebook for one in planned if one.note == checking.EDITED}
    return [
        one for one in checking.stale(root) if named is None or (one.notebook in named and one.notebook not in edited)
    ]


@app.command()
def grade(
    folder: Annotated[Path, typer.Argument(help="A folder of submitted notebooks.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The table to write, as CSV.")] = Path(
        "grades.csv"
    ),
    seconds: Annotated[float, typer.Option("--seconds", help="Time for one notebook, in seconds.")] = 120.0,
    memory: Annotated[int, typer.Option("--memory", help="Memory for one notebook, in MB.")] = 2048,
    jobs: Annotated[int, typer.Option("--jobs", help="Notebooks at a time.")] = 2,
) -> None:
    """Run submitted notebooks, each on its own and within limits; write one row a student and exercise.

    Exit code: 0 the table is complete (whatever the marks are), 2 nothing could be graded.
    """
    from llmlab.instructors import grade as grading

    try:
        print(grading.isolation())
        rows = grading.grade_folder(folder, out, seconds=seconds, memory_mb=memory, jobs=jobs)
    except (OSError, ValueError, ImportError, grading.GraderBroken) as error:
        stop(str(error))
    print(f"{grading.summary(rows)}\nWritten to {out}.")


@app.command()
def doctor() -> None:
    """Look at versions, device, memory, data and widgets; prints a block to paste into a bug report.

    Exit code: 0 no problem was found, 1 something would keep a lesson from running.
    """
    from llmlab import course

    report = course.doctor()
    print("```")
    print(report)
    print("```")
    raise typer.Exit(1 if report.problems else 0)


@app.command()
def lab(
    lesson: Annotated[str, typer.Argument(help="Its number, for example 03.", show_default=False)] = "00",
) -> None:
    """Open the course in JupyterLab, on the lesson named or the first one."""
    root = checkout()
    if root is None:
        stop(
            "There is no checkout of the course here, and an installed llmlab carries no notebooks. Get them with\n"
            "    git clone <address of the course>\nand run `llmlab lab` in that folder."
        )
    stem = Path(lesson).stem
    found = [path for path in notebooks(root) if path.parent.name == "notebooks" and path.stem.startswith(stem)]
    if not found:
        names = ", ".join(path.stem for path in notebooks(root) if path.parent.name == "notebooks")
        stop(f"there is no lesson {lesson!r}; the lessons are {names}")
    if importlib.util.find_spec("jupyterlab") is None:
        stop("JupyterLab is not installed here: pip install jupyterlab")
    page = f"/lab/tree/{found[0].relative_to(root).as_posix()}"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}", f"--LabApp.default_url={page}"]
    raise typer.Exit(subprocess.run(command).returncode)
