"""A pytest plugin for `llmlab check`: one line of JSON on standard output for each notebook cell that nbval has run.

`llmlab check` loads it by name (`-p llmlab.instructors.check.nbval_reports`) in the process that it starts. With
pytest-xdist a cell runs in a worker; what is known only there travels to the printing process in the report's
`user_properties`.
The root conftest.py uses `start_kernels_again` for `pytest --nbval notebooks`.
"""

from __future__ import annotations

import functools
import json
import re
import sys
import tempfile
import weakref
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import pytest

NOTHING = "(nothing)"
LONGEST = 160  # characters of a differing line that are shown
ATTEMPTS = 3
NEVER_ANSWERED = ("Kernel died", "Kernel didn't respond")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def pytest_configure(config: pytest.Config) -> None:
    """Print in one process only: the one that is no worker of pytest-xdist."""
    start_kernels_again()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Printer(), "llmlab-printer")


def start_again(start: Callable) -> Callable:
    """`start`, tried up to three times while it says that the kernel died or never answered."""

    @functools.wraps(start)
    def attempt(*args: Any, **options: Any) -> Any:
        for left in reversed(range(ATTEMPTS)):
            try:
                return start(*args, **options)
            except RuntimeError as error:
                if not left or not str(error).startswith(NEVER_ANSWERED):
                    raise

    return attempt


def start_kernels_again() -> None:
    """Let nbval talk to its kernels through files instead of ports, and start one anew that never answered.

    Jupyter picks a kernel's ports a moment before the kernel binds them. When several notebooks start at once another
    process may take one in between; the kernel then dies, or listens where nobody speaks. Windows has no such files:
    there the second attempt has to do. No cell has run by then, so no result is repeated.
    """
    try:
        import nbval.kernel
    except ImportError:  # the tests of the package alone need no nbval
        return
    if not hasattr(nbval.kernel.start_new_kernel, "__wrapped__"):
        nbval.kernel.start_new_kernel = start_again(nbval.kernel.start_new_kernel)
        if sys.platform != "win32":
            nbval.kernel.KernelManager = functools.partial(_manager_without_ports, nbval.kernel.KernelManager)


def _manager_without_ports(kind: type, **arguments: Any) -> Any:
    """A kernel manager whose sockets are files, in a folder of its own that goes when the manager goes."""
    folder = tempfile.TemporaryDirectory(prefix="llmlab-kernel-")
    manager = kind(transport="ipc", ip=f"{folder.name}/socket", **arguments)
    weakref.finalize(manager, folder.cleanup)
    return manager


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
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            print(json.dumps(dict(report.user_properties)["llmlab"]), flush=True)


def first_line(source: str) -> str:
    """The first line of a cell that is code.

    >>> first_line("# a comment\\nx = 1\\ny = 2")
    'x = 1'
    """
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0] if lines else source.partition("\n")[0]


def trouble(item: Any, error: BaseException) -> dict[str, str]:
    """What went wrong in a cell, in nbval's terms: an output that differs, an exception, a kernel that is gone."""
    if isinstance(error, pytest.skip.Exception):
        return {}
    outputs = item.test_outputs or []
    raised = [output for output in outputs if output.output_type == "error"]
    if str(error) == "Cell outputs differ":
        kind, expected, got = first_difference(item.cell.outputs, outputs, item.parent.skip_compare)
        return {"trouble": f"{kind} differs", "expected": expected, "got": got}
    if raised and "imeout" not in str(error):
        return {"trouble": "raises", "got": clip(COLOUR.sub("", f"{raised[-1].ename}: {raised[-1].evalue}"))}
    return {"trouble": "does not run", "got": clip(str(error))}


def first_difference(expected: list, got: list, skipped: tuple[str, ...]) -> tuple[str, str, str]:
    """The first kind of output that differs ("stdout", "text/html", …), and its first differing line on both sides.

    Args:
        expected: the notebook's outputs.
        got: the outputs of this run.
        skipped: kinds that nbval does not compare.
    """
    sides = _by_kind(expected, skipped), _by_kind(got, skipped)
    for kind in dict.fromkeys([*sides[0], *sides[1]]):
        pairs = zip_longest(*(side.get(kind, []) for side in sides))
        for one, other in pairs:
            if one != other:
                return kind, *_first_line_that_differs(one, other)
    return "output", "", ""


def _by_kind(outputs: list, skipped: tuple[str, ...]) -> dict[str, list[str]]:
    from nbval.plugin import coalesce_streams, transform_streams_for_comparison

    found: dict[str, list[str]] = {}
    for output in transform_streams_for_comparison(coalesce_streams(outputs)):
        for key, value in output.items():
            for kind, text in value.items() if key == "data" else [(key, value)]:
                if kind not in skipped:
                    found.setdefault(kind, []).append(text if isinstance(text, str) else json.dumps(text))
    return found


def _first_line_that_differs(one: str | None, other: str | None) -> tuple[str, str]:
    if one is None or other is None:
        return tuple(NOTHING if text is None else clip(text.strip("\n").partition("\n")[0]) for text in (one, other))
    for left, right in zip_longest(one.split("\n"), other.split("\n")):
        if left != right:
            start = next((i for i, (a, b) in enumerate(zip(left or "", right or "", strict=False)) if a != b), 0)
            return tuple(NOTHING if text is None else clip(text, start) for text in (left, right))
    return "", ""


def clip(text: str, start: int = 0) -> str:
    """At most `LONGEST` characters of a line, with those from `start` on among them.

    >>> clip("short")
    'short'
    >>> clip("x" * 200 + "difference" + "y" * 200, 200)[:30]
    '…xxxxxxxxxxxxxxxxxxxxdifferenc'
    """
    begin = max(0, start - 20) if len(text) > LONGEST else 0
    end = begin + LONGEST
    return ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
