"""Run notebooks with nbval in processes of its own, and take in one result a cell as it comes."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmlab.course import progress
from llmlab.course.checkout import PACKAGE
from llmlab.instructors.check.results import CannotCheck, Checked, Planned

CELL_TIMEOUT = 120  # seconds
REPORTS = "llmlab.instructors.check.nbval_reports"
MARK = "LLMLAB_CHECK_MARK"  # of the environment: what the plugin's lines begin with


def execute(planned: Sequence[Planned], root: Path | None) -> Iterator[Checked]:
    """Run the notebooks, two at a time, and yield one result a cell as it comes.

    Raises:
        CannotCheck: pytest did not get as far as running them.
    """
    for compare in (True, False):
        chosen = [one for one in planned if one.compare is compare and one.cells]
        if chosen:
            yield from _run_nbval(chosen, "--nbval" if compare else "--nbval-lax", root)


def _run_nbval(chosen: Sequence[Planned], mode: str, root: Path | None) -> Iterator[Checked]:
    mark = secrets.token_hex(16)
    heard: Counter[Path] = Counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        with subprocess.Popen(
            _command([one.notebook for one in chosen], mode),
            cwd=root,
            env=_environment(root, len(chosen)) | {MARK: mark},
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            errors="replace",  # a cell may print anything
        ) as process:
            assert process.stdout is not None  # a pipe was asked for
            for line in process.stdout:
                if line.startswith(mark):
                    entry = json.loads(line.removeprefix(mark))
                    one = Checked(**entry | {"notebook": Path(entry["notebook"])})
                    heard[one.notebook] += 1
                    yield one
        if process.returncode > 1:  # below 0 a signal ended it, sent by a cell: said below, cell by cell
            errors.seek(0)
            raise CannotCheck(f"pytest ended with code {process.returncode}:\n{errors.read().strip()[-1000:]}")
    for plan in chosen:
        if heard[plan.notebook] < plan.cells:
            got = f"only {heard[plan.notebook]} of its {plan.cells} code cells gave a result: a cell ended the process"
            yield Checked(plan.notebook, None, trouble="does not run to its end", got=got)


def _command(notebooks: Sequence[Path], mode: str) -> list[str]:
    workers = ["-n", "2", "--dist", "loadscope"] if len(notebooks) > 1 else []
    options = ["--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}", "--color=no", *workers]
    quiet = ["-p", "no:terminalreporter", "-p", "no:cacheprovider", "--capture=no", "-p", REPORTS]
    # Options of the folder that the notebooks lie in are meant for other tests.
    return [sys.executable, "-m", "pytest", mode, *options, *quiet, "-o", "addopts=", *map(str, notebooks)]


def _environment(root: Path | None, n_notebooks: int = 1) -> dict[str, str]:
    """The caller's, with this package on the path, the CPU (committed outputs come from it), no options of pytest.

    What a learner has passed is neither read nor written: outputs must not depend on it. Two notebooks at once have one
    thread each for what a lesson does not set itself: more would mostly wait for each other.
    """
    checkout = [str(root)] if root and (root / "llmlab").is_dir() else []
    search = [*checkout, str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(search), progress.VARIABLE: progress.OFF}
    threads = {"OMP_NUM_THREADS": "1"} if n_notebooks > 1 else {}
    return threads | {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"} | ours
