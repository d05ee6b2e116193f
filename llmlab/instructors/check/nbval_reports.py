"""A pytest plugin for `llmlab check`: one line on standard output for each notebook cell that nbval has run.

`execution.py` loads it by name in the process that it starts, and reads the lines that begin with the mark which the
environment holds; the notebooks' kernels, which may print to the same place, are not told the mark. With pytest-xdist
a cell runs in a worker; what is known only there travels to the printing process in the report's `user_properties`.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest

from llmlab.instructors.check.differences import clip, first_difference
from llmlab.instructors.check.execution import MARK
from llmlab.instructors.check.kernels import make_nbval_strict

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def pytest_configure(config: pytest.Config) -> None:
    """Print in one process only: the one that is no worker of pytest-xdist."""
    make_nbval_strict()
    mark = os.environ.pop(MARK, "")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Printer(mark), "llmlab-printer")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any, call: pytest.CallInfo) -> Any:
    """Put what `llmlab check` wants to know beside nbval's own report."""
    report = yield
    entry = {"notebook": str(item.path), "cell": item.cell_num + 1, "source": first_line(item.cell.source)}
    if call.excinfo is not None:
        entry |= trouble(item, call.excinfo.value)
    elif hasattr(report, "wasxfail"):
        entry |= {"trouble": "not judged", "got": "a cell before it ran out of time"}
    report.user_properties.append(("llmlab", entry | {"seconds": round(call.duration, 3)}))
    return report


class _Printer:
    def __init__(self, mark: str) -> None:
        self.mark = mark

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        entry = dict(report.user_properties).get("llmlab")  # none for a cell that took its worker with it
        if entry and (report.when == "call" or not report.passed):
            # On a line of its own: a cell may have left one without an end.
            print(f"\n{self.mark}{json.dumps(entry)}", flush=True)


def first_line(source: str) -> str:
    """The first line of a cell that is code.

    >>> first_line("# a comment\\nx = 1\\ny = 2")
    'x = 1'
    """
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0] if lines else source.partition("\n")[0]


def trouble(item: Any, error: BaseException) -> dict[str, Any]:
    """What went wrong in a cell, in nbval's terms: an output that differs, an exception, a kernel that is gone."""
    if isinstance(error, pytest.skip.Exception):
        return {"skipped": True}
    outputs = item.test_outputs or []
    raised = [output for output in outputs if output.output_type == "error"]
    if str(error) == "Cell outputs differ":
        kind, expected, got = first_difference(item.cell.outputs, outputs, item.parent.skip_compare)
        return {"trouble": f"{kind} differs", "expected": expected, "got": got}
    last = raised[-1] if raised else item.parent.kernel and item.parent.kernel.reply
    if last and "ename" in last and "imeout" not in str(error):
        return {"trouble": "raises", "got": clip(COLOUR.sub("", f"{last['ename']}: {last['evalue']}"))}
    return {"trouble": "does not run", "got": clip(str(error))}
