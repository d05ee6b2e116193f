"""The process in which one submission is run and checked; `attempt` starts it and may end it at any time.

It reads one job from standard input and writes events, one JSON object a line, to what was its standard output; the
submission itself sees neither. The pristine exercises are imported before any of the submission's code runs and are
then taken out of `sys.modules`: what the submission imports, and may change, is another copy. Before the checks the
pristine modules, and every function and class that a module held at the start, are put back.
"""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from llmlab.instructors.grade.guard import confine, limit_memory
from llmlab.instructors.grade.submissions import binds

Report = Callable[..., None]

# What a check says of code that it had to stop -> the status of the row.
_STOPPED = {"not-finished": "timeout", "memory-filled": "out_of_memory"}


def main() -> None:
    """Do the job on standard input, then wait to be ended: what a submission started is found while this lives."""
    job = json.loads(sys.stdin.readline())
    report = _open_channel(job["token"])
    try:
        report("guard", **confine(Path(job["folder"])))
        limit_memory(job["memory_mb"])
        exercises = _pristine_exercises(job["lesson"])
        shell = _shell()
        put_back = _remember_modules()
    except Exception as error:
        report("broken", message=f"{type(error).__name__}: {error}")
        os._exit(1)
    _mute_checks()
    stopped = _run_cells(shell, job, report)
    put_back()
    for one in exercises:
        if one.id in job["undecided"]:
            report("check", id=one.id)
            report("result", id=one.id, **_judge(one, shell.user_ns, job, stopped))
    report("done")
    _wait()


def _wait() -> None:
    while True:
        time.sleep(60)


def _open_channel(token: str) -> Report:
    """Events go to the old standard output; whatever the submission prints, also from C or another program, nowhere."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    sys.stdin = sys.__stdin__ = open(os.devnull, encoding="utf-8")
    sys.stdout = sys.__stdout__ = sys.stderr = sys.__stderr__ = open(os.devnull, "w", encoding="utf-8")
    dumps, write, flush = json.dumps, channel.write, channel.flush

    def report(event: str, **values: Any) -> None:
        write(dumps({"token": token, "event": event, **values}) + "\n")
        flush()

    return report


def _pristine_exercises(lesson: str) -> tuple:
    from llmlab.exercises.engine.catalogue import of_lesson

    return of_lesson(lesson)  # all that a check needs is in memory before the submission runs


def _shell() -> Any:
    """IPython, so that magics, `!commands` and top-level `await` are what they are in a notebook."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None  # laying out a traceback can take seconds
    return shell


def _remember_modules() -> Callable[[], None]:
    """Note what every module holds now, hide the course's own; returns what puts all of it back."""
    loaded = dict(sys.modules)
    held = [
        (vars(module), {name: value for name, value in vars(module).items() if callable(value)})
        for module in loaded.values()
        if isinstance(module, ModuleType)
    ]
    own = [name for name in loaded if name.partition(".")[0] == "llmlab"]
    for name in own:
        del sys.modules[name]
    here, depth, update = os.getcwd(), sys.getrecursionlimit(), dict.update

    def put_back() -> None:
        update(sys.modules, loaded)
        for names, values in held:
            update(names, values)
        import torch

        torch.set_default_dtype(torch.float32)
        torch.set_default_device("cpu")
        os.chdir(here)
        sys.setrecursionlimit(depth)

    return put_back


def _mute_checks() -> None:
    """In the submission's copy a check answers at once: what it would say decides nothing, and it may never end."""
    from llmlab.exercises import Exercise, Result

    def check(self: Exercise, answer: Any) -> Result:
        return Result("not_attempted", "Checked when the whole notebook has run.")

    Exercise.check = check


def _run_cells(shell: Any, job: dict, report: Report) -> dict[int, str]:
    """Run each cell that is not to be skipped; returns place -> what stopped it."""
    stopped = {}
    for cell in job["cells"]:
        if str(cell["place"]) in job["skipped"]:
            continue
        report("cell", place=cell["place"])
        error = _run(shell, cell["source"])
        if _is_memory(error):  # what it holds may leave no room for anything else: start again without this cell
            report("memory")
            _wait()
        if error is not None and not cell["may_raise"]:
            stopped[cell["place"]] = _describe(error)
            report("stopped", place=cell["place"], error=stopped[cell["place"]])
    return stopped


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


def _judge(one: Any, namespace: dict, job: dict, stopped: dict[int, str]) -> dict[str, Any]:
    names = job["names"][one.id]
    missing = [name for name in names if name not in namespace]
    if missing:
        return _why_missing(one.id, missing, job, stopped)
    values = tuple(namespace[name] for name in names)
    result = one.check(values[0] if len(values) == 1 else values)
    if result.misconception in _STOPPED:
        return _verdict(_STOPPED[result.misconception], result.message)
    if result.status == "error" and re.search(r"raised MemoryError|can't allocate memory", result.message):
        return _verdict("out_of_memory", result.message)
    return {"status": result.status, "misconception": result.misconception, "message": result.message}


def _why_missing(id: str, missing: list[str], job: dict, stopped: dict[int, str]) -> dict[str, Any]:
    """The last cell that would have defined the name and did not come to its end, else that there is none."""
    named = " and ".join(f"`{name}`" for name in missing)
    skipped = {int(place): status for place, status in job["skipped"].items()}
    for cell in reversed(job["cells"]):
        place = cell["place"]
        if any(binds(name, cell["source"]) for name in missing):
            if place in skipped:
                return _verdict(skipped[place], f"Cell {place}, which defines {named}, did not come to its end.")
            if place in stopped:
                return _verdict("error", f"Cell {place}, which defines {named}, stopped: {stopped[place]}")
    others = sorted(_names_checked(id, job["cells"]) - set(job["names"][id]))
    hint = f" Its check is given {' and '.join(f'`{name}`' for name in others)}." if others else ""
    return _verdict("missing_name", f"Nothing is called {named} when the notebook has run.{hint}")


def _names_checked(id: str, cells: list[dict]) -> set[str]:
    """What the notebook's own check cells hand over: another name there tells of a renamed answer."""
    found = "".join(
        call
        for cell in cells
        for call in re.findall(rf"""exercise\(\s*["']{re.escape(id)}["']\s*\)\s*\.check\(([^)\n]*)""", cell["source"])
    )
    return {name for name in re.findall(r"[A-Za-z_]\w*", found) if not hasattr(builtins, name)}


def _verdict(status: str, message: str) -> dict[str, Any]:
    return {"status": status, "misconception": None, "message": message}


if __name__ == "__main__":
    main()
