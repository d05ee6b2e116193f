"""The process in which one submission is run, and its answers are called; `attempt` starts it and may end it any time.

It reads one job from standard input and writes events, one JSON object a line, to what was its standard output; the
submission itself sees neither. When all cells have run it serves the checker's calls. What every module held at the
start is put back before that: an honest notebook that patched something is judged by what it answers.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import platform
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from llmlab.instructors.grade.guard import confine, limit
from llmlab.instructors.grade.places import readable
from llmlab.instructors.grade.serving import serve

Report = Callable[..., None]


def main() -> None:
    """Do the job on standard input, then serve; what a submission started is found while this lives."""
    requests, report = _open_channels()
    job = json.loads(requests.readline())
    try:
        if job["folder"] is None:  # in a container: what the grader's machine has is not here
            _lay_beside(job["beside"])
            job |= {"folder": Path.cwd().parent, "read": readable()}
        held = confine(Path(job["folder"]), job["memory_mb"], tuple(job["read"]), job["wrapped"])
        report("guard", **held)
        limit(job["memory_mb"], job["processes"] if held["processes"] == "kernel" and _counts_by_namespace() else 0)
        shell = _shell()
        import llmlab.exercises.engine.catalogue  # what a check calls with is in memory before the submission runs

        for lesson in job["lessons"]:
            llmlab.exercises.engine.catalogue.of_lesson(lesson)
        put_back = _remember_modules()
        sys.path.insert(0, "")  # as in Jupyter, but last: a file of the student's must not stand in for one of ours
    except Exception as error:
        report("broken", message=f"{type(error).__name__}: {error}")
        os._exit(1)
    checked = _remember_checks()
    _run_cells(shell, job, report)
    put_back()
    answers, replaced = _answers(shell.user_ns, job["names"], checked)
    report("ready", found=sorted(answers), replaced=replaced)
    serve(answers, requests, lambda line: report("reply", line=line))
    _wait()


def _lay_beside(files: dict[str, str]) -> None:
    for name, content in files.items():
        with contextlib.suppress(OSError, ValueError):  # no name for a file: not there
            Path(name).write_bytes(base64.b64decode(content))


def _counts_by_namespace() -> bool:
    """Whether a limit on processes counts those of a user namespace alone, not all that the user has."""
    return tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2]) >= (5, 14)


def _wait() -> None:
    while True:
        time.sleep(60)


def _open_channels() -> tuple[Any, Report]:
    """The old standard input, and what writes events to the old standard output.

    Whatever the submission prints, also from C or another program, goes nowhere.
    """
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdin, sys.stdout = open(os.devnull, encoding="utf-8"), open(os.devnull, "w", encoding="utf-8")
    sys.stderr = sys.stdout
    # Python names them as never to be changed; here the submission shall not reach the first ones by them either.
    sys.__stdin__ = sys.stdin  # type: ignore[misc]
    sys.__stdout__ = sys.__stderr__ = sys.stdout  # type: ignore[misc]
    dumps, write, flush = json.dumps, channel.write, channel.flush

    def report(event: str, **values: Any) -> None:
        write(dumps({"event": event, **values}) + "\n")
        flush()

    return requests, report


def _shell() -> Any:
    """IPython, so that magics, `!commands` and top-level `await` are what they are in a notebook."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    # Any: methods of this one shell are exchanged, which no type allows.
    shell: Any = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.enable_gui = lambda gui=None: None  # `%gui` asks for it, and a terminal's shell has none
    inline = shell.enable_matplotlib
    shell.enable_matplotlib = lambda gui=None: inline("inline")  # also for `%matplotlib qt`: there are no windows here
    shell.ask_exit = lambda: None  # `exit()` in the last cell

    needs_loop = shell.should_run_async

    def in_a_loop(source: str, **more: Any) -> bool:
        """As in Jupyter a loop runs while a cell does; what a magic runs within it, such as `%%capture`, needs none."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return needs_loop(source, **more)

    shell.should_run_async = in_a_loop
    shell.system = shell.system_raw  # `!commands` without a terminal: there may be none that is the submission's own
    shell.showtraceback = shell.showsyntaxerror = _nothing  # laying out a traceback can take seconds
    return shell


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _remember_modules() -> Callable[[], None]:
    """Note what every module holds now; returns what puts all of it back."""
    loaded = dict(sys.modules)
    held = [
        (vars(module), {name: value for name, value in vars(module).items() if callable(value)})
        for module in loaded.values()
        if isinstance(module, ModuleType)
    ]
    here, depth, update = os.getcwd(), sys.getrecursionlimit(), dict.update

    def put_back() -> None:
        update(sys.modules, loaded)
        for names, values in held:
            update(names, values)
        import torch

        torch.set_default_dtype(torch.float32)
        torch.set_default_device("cpu")
        with contextlib.suppress(OSError):  # it has removed its own folder
            os.chdir(here)
        sys.setrecursionlimit(max(depth, sys.getrecursionlimit()))  # an answer may need what it has asked for

    return put_back


def _remember_checks() -> dict[str, Any]:
    """Let every check of the notebook note what it was given: exercise -> the newest answer."""
    from llmlab.exercises import Exercise

    checked: dict[str, Any] = {}
    check = Exercise.check

    def noting(self: Exercise, answer: Any, **options: Any) -> Any:
        checked[self.id] = answer
        return check(self, answer, **options)

    Exercise.check = noting  # type: ignore[method-assign]  # of every exercise in this process
    return checked


def _answers(namespace: dict, names: dict[str, list[str]], checked: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The answers by exercise, and the exercises whose names got another value after the check.

    A cell for trying things may use a name again: what the check was last given is the answer then.
    """
    answers, replaced = {}, []
    for id, wanted in names.items():
        values = [namespace[name] for name in wanted if name in namespace]
        whole = len(values) == len(wanted)
        if id in checked and checked[id] is not None and checked[id] is not ...:
            given = checked[id] if len(wanted) > 1 else (checked[id],)
            same = whole and isinstance(given, tuple | list) and len(given) == len(values)
            if not (same and all(one is other or _equal(one, other) for one, other in zip(given, values, strict=True))):
                answers[id] = checked[id]
                replaced += [id] if whole else []
                continue
        if whole:
            answers[id] = values[0] if len(values) == 1 else tuple(values)
    return answers, replaced


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and type(one) in (int, float, str, bool) and one == other


def _run_cells(shell: Any, job: dict, report: Report) -> None:
    """Run each cell that is not to be skipped, and report what stops one."""
    for cell in job["cells"]:
        if str(cell["place"]) in job["skipped"]:
            continue
        report("cell", place=cell["place"])
        error = _run(shell, cell["source"])
        if _is_memory(error):  # what it holds may leave no room for anything else: start again without this cell
            report("memory")
            _wait()
        if error is not None and not cell["may_raise"]:
            report("stopped", place=cell["place"], error=_describe(error))


def _run(shell: Any, source: str) -> BaseException | None:
    try:
        result = shell.run_cell(source, store_history=False, silent=True)
        return result.error_before_exec or result.error_in_exec
    except BaseException as error:  # sys.exit and the like
        return error


def _is_memory(error: BaseException | None) -> bool:
    with contextlib.suppress(Exception):
        return isinstance(error, MemoryError) or "can't allocate memory" in str(error)
    return False


def _describe(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())[:200]
    except Exception:  # a class of the submission's own
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


if __name__ == "__main__":
    main()
