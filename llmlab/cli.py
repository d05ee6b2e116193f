"""The command `llmlab`: check notebooks, grade submissions, look at the machine, open the course.

A command here is a declaration of what is asked for, and a line that has it done elsewhere: in `instructors`, `course`
and `training`. What a command needs is imported when it runs, so that `llmlab --help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from llmlab.utils.commands import CommandRefused

app = typer.Typer(
    name="llmlab",
    help="The command line of the llmlab course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def finish(work: Callable[..., int], *arguments: Any, **options: Any) -> NoReturn:
    """Do a command's work and end with the exit code that it returns; where it is refused, say why and end with 2."""
    try:
        code = work(*arguments, **options)
    except CommandRefused as error:
        Console(stderr=True).print(escape(str(error)), highlight=False)
        code = 2
    raise typer.Exit(code)


@app.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="NOTEBOOK", help="Notebooks or folders; without any, the whole course.", exists=True),
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
    from llmlab.instructors.check import command

    finish(command.check, paths or [], junit)


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

    Exit code: 0 the table is complete (whatever the marks are), 1 it is, but in another place than asked for,
    2 nothing could be graded.
    """
    from llmlab.instructors.grade import command

    finish(command.grade, folder, out, seconds=seconds, memory_mb=memory, jobs=jobs)


@app.command()
def doctor() -> None:
    """Look at versions, device, memory, data and widgets; prints a block to paste into a bug report.

    Exit code: 0 no problem was found, 1 something would keep a lesson from running.
    """
    from llmlab.course.report import print_report

    finish(print_report)


@app.command(context_settings={"ignore_unknown_options": True})
def lab(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LESSON",
            help="A lesson, for example 03; the first one if none is named. Then any other options of JupyterLab.",
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Where JupyterLab listens; 0: any free port.")
    ] = None,
    ip: Annotated[
        str | None, typer.Option("--ip", metavar="ADDRESS", help="0.0.0.0 to be reached from outside a container.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, open no browser.")] = False,
    allow_root: Annotated[bool, typer.Option("--allow-root", help="Run as root; where you are, it is added.")] = False,
) -> None:
    """Open the course in JupyterLab, on the lesson named or the first one.

    Exit code: that of JupyterLab, 2 when it was not started.
    """
    from llmlab.course.lab import open_lab

    options = [f"--port={port}"] if port is not None else []
    options += [f"--ip={ip}"] if ip is not None else []
    options += [name for name, given in (("--no-browser", no_browser), ("--allow-root", allow_root)) if given]
    finish(open_lab, words or [], options)
