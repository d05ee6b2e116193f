"""Which notebooks are compared, which are executed only and why; and which are not what their lessons generate."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmlab.instructors.check.results import EDITED, STALE, CannotCheck, Checked, Planned

NEEDED = {"nbval": "nbval", "pytest": "pytest", "xdist": "pytest-xdist", "jupytext": "jupytext"}  # module -> package
# The packages whose version shows in an output.
SHOWN = ("torch", "numpy", "matplotlib", "ipython", "ipywidgets", "anywidget", "tiktoken", "regex")
LOCK = "requirements.lock"


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
    """Why outputs cannot be expected to come out the same on this machine; empty when they can.

    Raises:
        CannotCheck: the lock file cannot be read.
    """
    if platform.system() != "Linux":
        return f"outputs are compared on Linux only, this is {platform.system()}"
    lock = root / LOCK if root else None
    if lock is None or not lock.is_file():
        return f"outputs are compared with the versions of {LOCK} only, and there is none here"
    try:
        text = lock.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCheck(f"{lock} cannot be read ({error}): restore it, as with git checkout {LOCK}") from None
    pins = dict(re.findall(r"^([a-z0-9-]+)==([\w.]+)", text, re.MULTILINE))
    if not pins.keys() & set(SHOWN):
        return f"{LOCK} pins no version of {SHOWN[0]} or any other package whose version shows: it is damaged"
    for name in SHOWN:
        here = importlib.metadata.version(name).partition("+")[0]
        if name in pins and here != pins[name]:
            return f"{name} is {here}, the outputs come from {pins[name]}"
    return ""


def plan(notebooks: Sequence[Path], root: Path | None) -> tuple[list[Planned], list[Checked]]:
    """How each notebook will be checked, and a finding for each file that is no notebook."""
    everywhere = why_not_compared(root)
    planned, unreadable = [], []
    for path in notebooks:
        try:
            planned.append(_planned(path, everywhere))
        except Exception as error:  # nbformat raises many kinds, for text that is no JSON and JSON that is no notebook
            found = f"{type(error).__name__}: {error}"[:160]
            unreadable.append(Checked(path, None, trouble="is no notebook", got=found))
    return planned, unreadable


def _planned(path: Path, everywhere: str) -> Planned:
    """The plan for one notebook; raises where the file has not what nbval needs of a notebook."""
    import nbformat

    if "[" in path.name or "::" in str(path):
        raise ValueError("its name is one that pytest cannot be given: rename the file, without [ and ::")
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        kinds = {"source": str, "metadata": dict, "outputs": list}
        if wrong := [name for name, kind in kinds.items() if not isinstance(cell.get(name), kind)]:
            raise ValueError(f"code cell {number} has no {' and no '.join(wrong)}: open and save it in JupyterLab")
    if not as_built(notebook):
        note = EDITED
    elif not any(cell.outputs for cell in code):
        note = "holds no outputs"
    else:
        note = everywhere
    return Planned(path, not note, len(code), note)


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
            got = problem.removeprefix("is stale: ")
            findings.append(Checked(root / place.rstrip(":,"), None, trouble=STALE, got=got))
    return findings
