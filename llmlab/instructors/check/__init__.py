"""`llmlab check`: run notebooks again and say which cells differ from what the notebook holds.

The engine is nbval, with the course's settings: the current environment, the CPU, 120 s a cell, two notebooks at a
time. A notebook is

- **compared** when it is as it was built: its cells are those with which its outputs were made, on Linux with the
  versions of requirements.lock. Then every output must come out the same.
- **executed** otherwise (cells edited since, other versions, another system, no outputs): no cell may raise.

A notebook of the course is also *stale* when its lesson generates other cells than it holds.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from llmlab.course.checkout import PACKAGE

CELL_TIMEOUT = 120  # seconds
REPORTS = "llmlab.instructors.check.nbval_reports"
EDITED, STALE = "edited since it was built", "stale"
NEEDED = {"nbval": "nbval", "pytest": "pytest", "xdist": "pytest-xdist", "jupytext": "jupytext"}  # module -> package
# The packages whose version shows in an output.
SHOWN = ("torch", "numpy", "matplotlib", "ipython", "ipywidgets", "anywidget", "tiktoken", "regex")


class CannotCheck(Exception):
    """Nothing could be checked; the message says why, and how to mend it."""


@dataclass(frozen=True)
class Planned:
    """A notebook and how it will be checked: `compare` its outputs, or execute it only, with the reason in `note`."""

    notebook: Path
    compare: bool
    cells: int
    note: str = ""


@dataclass(frozen=True)
class Checked:
    """What came of one cell, or of a whole notebook (`cell` None); all is well when `trouble` is empty.

    Attributes:
        notebook: the file.
        cell: the number of the code cell, counted from 1.
        source: the cell's first line of code.
        trouble: what is wrong, in a few words: "stdout differs", "raises", "stale".
        expected: what the notebook holds.
        got: what came out.
        seconds: how long the cell took.
    """

    notebook: Path
    cell: int | None
    source: str = ""
    trouble: str = ""
    expected: str = ""
    got: str = ""
    seconds: float = 0.0


def missing() -> list[str]:
    """Names of the packages that checking needs and that are not installed."""
    return [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]


def as_built(notebook: Any) -> bool:
    """Whether a notebook's cells are those with which it was built: their digest stands in its metadata."""
    # The same three lines as in tools/lesson_notebooks.py, which a wheel does not carry; a test compares them.
    cells = [(c.cell_type, c.source, c.metadata.get("tags", []), c.metadata.get("exercise")) for c in notebook.cells]
    digest = hashlib.sha256(json.dumps(cells, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return notebook.metadata.get("llmlab", {}).get("sources") == digest


def why_not_compared(root: Path | None) -> str:
    """Why outputs cannot be expected to come out the same on this machine; empty when they can."""
    if platform.system() != "Linux":
        return f"outputs are compared on Linux only, this is {platform.system()}"
    lock = root / "requirements.lock" if root else None
    if lock is None or not lock.is_file():
        return "outputs are compared with the versions of requirements.lock only, and there is none here"
    pins = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
    for name in SHOWN:
        here = importlib.metadata.version(name).partition("+")[0]
        if name in pins and here != pins[name]:
            return f"{name} is {here}, the outputs come from {pins[name]}"
    return ""


def plan(notebooks: Sequence[Path], root: Path | None) -> tuple[list[Planned], list[Checked]]:
    """How each notebook will be checked, and a finding for each file that is no notebook."""
    import nbformat

    everywhere = why_not_compared(root)
    planned, unreadable = [], []
    for path in notebooks:
        try:
            notebook = nbformat.read(path, as_version=4)
            code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        except Exception as error:  # nbformat raises many kinds, for text that is no JSON and JSON that is no notebook
            unreadable.append(
                Checked(path, None, trouble="is no notebook", got=f"{type(error).__name__}: {error}"[:160])
            )
            continue
        if not as_built(notebook):
            note = EDITED
        elif not any(cell.outputs for cell in code):
            note = "holds no outputs"
        else:
            note = everywhere
        planned.append(Planned(path, not note, len(code), note))
    return planned, unreadable


def stale(root: Path) -> list[Checked]:
    """The notebooks of the course that are not what their lessons generate; nothing is executed.

    Raises:
        CannotCheck: the lessons cannot be read.
    """
    tool = root / "tools" / "build_notebooks.py"
    done = subprocess.run([sys.executable, str(tool), "--check"], cwd=root, capture_output=True, encoding="utf-8")
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise CannotCheck(f"{tool.relative_to(root)} --check failed:\n{done.stderr.strip()[-600:]}")
    findings = []
    for line in done.stderr.splitlines():
        place, _, problem = line.partition(" ")
        if problem and not line.startswith("To bring them up to date"):
            findings.append(
                Checked(root / place.rstrip(":,"), None, trouble=STALE, got=problem.removeprefix("is stale: "))
            )
    return findings


def execute(planned: Sequence[Planned], root: Path | None) -> Iterator[Checked]:
    """Run the notebooks, two at a time, and yield one result a cell as it comes.

    Raises:
        CannotCheck: pytest did not get as far as running them.
    """
    for compare in (True, False):
        chosen = [one.notebook for one in planned if one.compare is compare and one.cells]
        if chosen:
            yield from _run_nbval(chosen, "--nbval" if compare else "--nbval-lax", root)


def _run_nbval(notebooks: Sequence[Path], mode: str, root: Path | None) -> Iterator[Checked]:
    workers = ["-n", "2", "--dist", "loadscope"] if len(notebooks) > 1 else []
    options = ["--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}", "--color=no", *workers]
    quiet = [
        "-p",
        "no:terminalreporter",
        "-p",
        "no:cacheprovider",
        "--capture=no",
        "-p",
        "llmlab.instructors.check.nbval_reports",
    ]
    command = [sys.executable, "-m", "pytest", mode, *options, *quiet, *map(str, notebooks)]
    checkout = [str(root)] if root and (root / "llmlab").is_dir() else []
    search = [*checkout, str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    # The committed outputs come from the CPU.
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(search)}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        with subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        ) as process:
            for line in process.stdout:
                if line.startswith("{"):
                    entry = json.loads(line)
                    yield Checked(**entry | {"notebook": Path(entry["notebook"])})
        if process.returncode not in (0, 1):
            errors.seek(0)
            raise CannotCheck(f"pytest ended with code {process.returncode}:\n{errors.read().strip()[-1000:]}")


def write_junit(results: Sequence[Checked], file: Path, root: Path | None) -> None:
    """Write all results as JUnit XML, the form that CI services read."""
    suite = ElementTree.Element("testsuite", name="llmlab check", tests=str(len(results)))
    suite.set("failures", str(sum(bool(one.trouble) for one in results)))
    suite.set("time", f"{sum(one.seconds for one in results):.3f}")
    for one in results:
        case = ElementTree.SubElement(suite, "testcase", classname=shown_path(one.notebook, root))
        case.set("name", f"cell {one.cell}: {one.source}" if one.cell else one.trouble)
        case.set("time", f"{one.seconds:.3f}")
        if one.trouble:
            failure = ElementTree.SubElement(case, "failure", message=_printable(one.trouble))
            failure.text = _printable(f"expected: {one.expected}\ngot: {one.got}" if one.expected else one.got)
    file.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    """`text` without the control characters that XML cannot hold."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")


def shown_path(path: Path, root: Path | None) -> str:
    """A path as people write it: from the course's root, or from the current folder, where it lies inside."""
    for base in (root, Path.cwd()):
        if base and path.resolve().is_relative_to(base):
            return path.resolve().relative_to(base).as_posix()
    return str(path)
