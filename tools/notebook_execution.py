"""Execute a notebook on the CPU and make its outputs fit to be committed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from lesson_notebooks import set_metadata
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from llmlab.course import progress
from llmlab.instructors.check.kernels import manager_without_ports

CELL_TIMEOUT = 120  # seconds
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Two names after a slash that follows neither a word, a slash (URL) nor "<" (HTML end tag); C:\…; file://…; ~/…
ABSOLUTE_PATH = re.compile(r"(?<![\w./<])/[A-Za-z][\w.-]*/[\w.-]+|\b[A-Za-z]:\\\w+|file://\S+|(?<!\w)~/\w+")
EMBEDDED_DATA = re.compile(r"data:[\w/+.;=-]+;base64,[A-Za-z0-9+/=]+")


class BuildError(Exception):
    """A notebook could not be built; the message says which, where and why."""


async def execute(generated: NotebookNode, folder: Path, checkout: Path, tick: Callable[[], object]) -> NotebookNode:
    """A copy of the notebook with its outputs, run as a student would: in its own folder, and on the CPU.

    Args:
        generated: the notebook to execute; it stays as it is.
        folder: where the notebook stands.
        checkout: the folder whose `llmlab` the notebook imports, even if another one is installed.
        tick: called after each code cell, to show progress.

    Raises:
        BuildError: a cell raised (without the tag raises-exception), took too long, or killed the kernel.
    """
    notebook = nbformat.from_dict(generated)
    # No kernel folders: the kernel of this Python, whatever "python3" is registered elsewhere on the machine.
    specs = KernelSpecManager(kernel_dirs=[])
    kernel = manager_without_ports(AsyncKernelManager, kernel_name="python3", kernel_spec_manager=specs)
    client = NotebookClient(
        notebook,
        km=kernel,
        timeout=CELL_TIMEOUT,
        store_widget_state=False,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=40"],  # errors only: its warnings about transport would alarm
    )
    search = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": search, progress.VARIABLE: progress.OFF}
    async with client.async_setup_kernel(cwd=str(folder), env=environment, cleanup_kc=True):
        with contextlib.suppress(RuntimeError):  # nbclient's own handler would keep Ctrl-C from ending the build
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        for position, cell in enumerate(notebook.cells):
            first_line = cell.source.partition("\n")[0]
            where = f"cell {position + 1} (`{first_line}`)"
            try:
                await client.async_execute_cell(cell, position)
            except CellExecutionError as error:
                raise BuildError(f"{where}: {error.ename}: {error.evalue}") from None
            except CellTimeoutError:
                raise BuildError(f"{where}: it ran longer than {CELL_TIMEOUT} s") from None
            except DeadKernelError:
                raise BuildError(f"{where}: the kernel died") from None
            if cell.cell_type == "code":
                cell.outputs = clean(cell.outputs, where)
                tick()
    set_metadata(notebook)
    return notebook


def clean(outputs: list[NotebookNode], where: str) -> list[NotebookNode]:
    """The outputs as they are committed: without live widgets, tracebacks and scattered streams.

    Raises:
        BuildError: an output holds an absolute path, which would tie the notebook to this machine.
    """
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
            continue
        if output.output_type == "error":
            # The frames name files of this machine, and nbval does not compare them: only the message is kept.
            output.traceback = [f"{output.ename}: {output.evalue}"]
        if "data" in output:
            output.data.pop(WIDGET_VIEW, None)  # without its state, a live view is only "model not found"
            if not output.data:
                continue
        kept.append(output)
    for text in texts(kept):
        if found := ABSOLUTE_PATH.search(EMBEDDED_DATA.sub("", text)):
            raise BuildError(f"{where}: its output holds an absolute path, {found[0]!r}; print a relative one")
    return kept


def texts(outputs: list[NotebookNode]) -> Iterator[str]:
    """Every text in the outputs that a reader could see; pictures in binary formats are left out."""
    for output in outputs:
        yield output.get("text", "")
        yield output.get("evalue", "")
        for kind, value in output.get("data", {}).items():
            if kind not in ("image/png", "image/jpeg"):
                yield value if isinstance(value, str) else json.dumps(value)
