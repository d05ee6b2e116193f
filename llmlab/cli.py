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

import llmlab
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
        Console(stderr=True).print(escape(str(error)), highlight=False, soft_wrap=True)  # paths stay in one piece
        code = 2
    raise typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"llmlab {llmlab.__version__}")
        raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    pass


@app.command()
def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NOTEBOOK", help="Notebooks, folders or lessons, such as 03; without any, the whole course."
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
    lesson: Annotated[
        list[str] | None,
        typer.Option("--lesson", metavar="NUMBER", help="Only this lesson, such as 03; may be given several times."),
    ] = None,
    changed_only: Annotated[
        bool, typer.Option("--changed-only", help="Take over the last table's rows of notebooks that have not changed.")
    ] = False,
    require_isolation: Annotated[
        bool,
        typer.Option("--require-isolation", help="Run nothing where the kernel does not hold it in every respect."),
    ] = False,
    container: Annotated[
        bool, typer.Option("--container", help="Run each notebook in a container of its own, by Docker or Podman.")
    ] = False,
    students: Annotated[
        Path | None, typer.Option("--students", metavar="FILE", help="CSV list of the class, with a column `student`.")
    ] = None,
    points: Annotated[
        Path | None, typer.Option("--points", metavar="FILE", help="TOML file of points and weights; otherwise 1 each.")
    ] = None,
    feedback: Annotated[
        Path | None, typer.Option("--feedback", metavar="FOLDER", help="Write a page for each student there.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write a page on the class, as HTML.")
    ] = None,
    canvas: Annotated[Path | None, typer.Option("--canvas", metavar="FILE", help="Write a table for Canvas.")] = None,
    moodle: Annotated[Path | None, typer.Option("--moodle", metavar="FILE", help="Write a table for Moodle.")] = None,
) -> None:
    """Run submitted notebooks, each on its own and within limits; write one row per student and exercise.

    Exit code: 0 all is written (whatever the marks are), 1 all is graded, but something could not be written where it
    belongs, 2 nothing could be graded, 130 after Ctrl-C (143 and 129: it was told to end, or its terminal closed).
    """
    from llmlab.instructors.grade import command

    wanted = command.Wanted(students, points, feedback, report, canvas, moodle)
    options = {"seconds": seconds, "memory_mb": memory, "jobs": jobs, "changed_only": changed_only, "wanted": wanted}
    options |= {"lessons": lesson or [], "required": require_isolation, "container": container}
    finish(command.grade, folder, out, **options)


@app.command()
def release(
    folder: Annotated[Path, typer.Argument(help="Where the copies go; it is made.", show_default=False)],
    lessons: Annotated[
        list[str] | None, typer.Argument(metavar="LESSON", help="Numbers of lessons, for example 03; otherwise all.")
    ] = None,
    with_solutions: Annotated[bool, typer.Option("--with-solutions", help="Copy the solved notebooks, too.")] = False,
) -> None:
    """Copy the notebooks for students into a folder: without solutions, or later with them.

    Exit code: 0 they are there, 2 nothing was copied.
    """
    from llmlab.instructors.release import release as copied

    finish(copied, folder, lessons or [], with_solutions=with_solutions)


@app.command()
def doctor() -> None:
    """Look at versions, device, memory, data and widgets; prints a block to paste into a bug report.

    Exit code: 0 no problem was found, 1 something would keep a lesson from running.
    """
    from llmlab.course.report import print_report

    finish(print_report)


@app.command()
def progress() -> None:
    """Show how far each lesson has come, and where that is kept on this machine; it is sent nowhere.

    Exit code: 0.
    """
    from llmlab.exercises.engine.progress import print_progress

    finish(print_progress)


@app.command(context_settings={"ignore_unknown_options": True})
def lab(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LESSON",
            help="A lesson, for example 03, or de/00 in German; the first one if none is named. Then any other options "
            "of JupyterLab.",
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


@app.command()
def train(
    text: Annotated[str, typer.Argument(metavar="FILE", help="A text file, or the name of a text of the course.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="For the model; otherwise FILE-model.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the model in that folder.")] = False,
    steps: Annotated[int | None, typer.Option("--steps", help="Updates of the weights, in all.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the first weights and the order of the text; otherwise 0.")
    ] = None,
    vocab_size: Annotated[int | None, typer.Option("--vocab-size", help="Tokens, at least 257.")] = None,
    context_length: Annotated[int | None, typer.Option("--context-length", help="Tokens read at a time.")] = None,
    d_model: Annotated[int | None, typer.Option("--d-model", help="Width of the model.")] = None,
    n_heads: Annotated[int | None, typer.Option("--n-heads", help="Attention heads; must divide the width.")] = None,
    n_layers: Annotated[int | None, typer.Option("--n-layers", help="Blocks.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Windows in each step.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="The highest.")] = None,
    save_every: Annotated[int | None, typer.Option("--save-every", help="Steps between two saves on the way.")] = None,
) -> None:
    """Train a small GPT on a text of your own; sizes that are not given suit the length of the text.

    With --resume they are those of the run.

    Exit code: 0 the model is saved, also after Ctrl-C, 2 it cannot be trained so, 130 after a second Ctrl-C.
    """
    from llmlab.training import _command
    from llmlab.training._order import Order

    order = Order(
        text,
        out or Path(f"{Path(text).stem}-model"),
        resume=resume,
        seed=seed,
        save_every=save_every,
        vocab_size=vocab_size,
        context_length=context_length,
        d_model=d_model,
        n_heads=n_heads,
        n_layers=n_layers,
        batch_size=batch_size,
        steps=steps,
        learning_rate=learning_rate,
    )
    finish(_command.train_on_text, order)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help='What `llmlab train` wrote; or "tiny".', show_default=False)],
    prompt: Annotated[
        str, typer.Option("--prompt", help="What the model continues.", show_default="a line break")
    ] = "\n",
    tokens: Annotated[int, typer.Option("--tokens", min=0, help="How many are written.")] = 100,
    temperature: Annotated[float, typer.Option("--temperature", help="0: always the most probable token.")] = 0.8,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Only the k most probable tokens.")] = None,
    top_p: Annotated[float | None, typer.Option("--top-p", help="Only those that add up to p.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 0,
) -> None:
    """Let a trained model go on with a text; also past its context length.

    Exit code: 0 it was written, 2 there is no such model, or a setting is out of range.
    """
    from llmlab.training import _writing

    finish(_writing.sample, folder, prompt, tokens, seed=seed, temperature=temperature, top_k=top_k, top_p=top_p)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help='What `llmlab train` wrote; or "tiny".', show_default=False)],
    page: Annotated[Path, typer.Argument(metavar="PAGE", help="The HTML file to write.", show_default=False)],
    title: Annotated[str, typer.Option("--title", help="The heading of the page.")] = "A small language model",
    about: Annotated[
        str | None, typer.Option("--about", help="A sentence below it.", show_default="how large the model is")
    ] = None,
    prompt: Annotated[
        list[str] | None, typer.Option("--prompt", help="A beginning to offer; may be given several times.")
    ] = None,
    temperature: Annotated[float, typer.Option("--temperature", help="When the page opens, at most 2.")] = 0.8,
    top_p: Annotated[float, typer.Option("--top-p", help="When the page opens; 1: no cut.")] = 1.0,
    precision: Annotated[str, typer.Option("--precision", help="float32, or float16 for half the size.")] = "float32",
) -> None:
    """Write a trained model as one HTML page that generates text in any browser, without a network.

    Exit code: 0 it was written, 2 there is no such model, or it cannot be a page.
    """
    from llmlab.export import _command

    settings = {"title": title, "about": about, "prompts": tuple(prompt or ()), "precision": precision}
    finish(_command.export, folder, page, temperature=temperature, top_p=top_p, **settings)
