"""How nbval's kernels are started and listened to: no port that another process could take, and no failure unheard.

`make_nbval_strict` is called before nbval runs: by the plugin of `llmlab check`, and by the conftest.py of the
repository for `pytest --nbval notebooks`.
"""

from __future__ import annotations

import functools
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from queue import Empty
from typing import Any

ATTEMPTS = 3
NEVER_ANSWERED = ("Kernel died", "Kernel didn't respond")
BETWEEN_LOOKS = 1.0  # seconds; how often a kernel that is at work is looked after


def make_nbval_strict() -> None:
    """Change nbval where it is installed; a second call changes nothing.

    - Kernels talk through files instead of ports. Jupyter picks a kernel's ports a moment before the kernel binds
      them; when several notebooks start at once another process may take one in between, and the kernel then dies, or
      listens where nobody speaks. Windows has no such files: there a second start has to do.
    - A kernel that never answered is started again. No cell has run by then, so no result is repeated.
    - A cell is judged by the kernel's reply, too. An unknown magic is answered with an error, but what is printed is an
      ordinary line of text, and nbval looks at what is printed alone.
    - A kernel that dies in a cell is noticed at once, not when the cell's time is over.
    """
    try:
        import nbval.kernel
        import nbval.plugin
    except ImportError:  # the tests of the package alone need no nbval
        return
    if hasattr(nbval.kernel.start_new_kernel, "__wrapped__"):
        return
    nbval.kernel.start_new_kernel = start_again(nbval.kernel.start_new_kernel)
    nbval.kernel.KernelManager = functools.partial(manager_without_ports, nbval.kernel.KernelManager)
    nbval.kernel.RunningKernel.await_reply = _await_reply
    nbval.plugin.IPyNbCell.runtest = _judged_by_the_reply(nbval.plugin.IPyNbCell.runtest)


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


def manager_without_ports(kind: type, **arguments: Any) -> Any:
    """A kernel manager whose sockets are files, in a folder of its own that goes when the manager goes.

    Of kernels that start at the same time two may choose the same port, and one dies of it. Windows has only ports.
    """
    if sys.platform == "win32":
        return kind(**arguments)
    folder = tempfile.TemporaryDirectory(prefix="llmlab-kernel-")
    manager = kind(transport="ipc", ip=f"{folder.name}/socket", **arguments)
    weakref.finalize(manager, folder.cleanup)
    return manager


def _await_reply(kernel: Any, msg_id: str, timeout: float | None = None) -> None:
    """Wait for the reply to a request, keep it as `kernel.reply`, and look whether the kernel is still alive.

    Raises:
        queue.Empty: no reply within `timeout` seconds.
        RuntimeError: the kernel died, or refused the request.
    """
    kernel.reply = {}
    end = time.monotonic() + (float("inf") if timeout is None else timeout)
    while True:
        try:
            message = kernel.get_message("shell", timeout=max(0.0, min(BETWEEN_LOOKS, end - time.monotonic())))
        except Empty:
            if not kernel.is_alive():
                raise RuntimeError("the kernel died: a cell ended it, or it took more memory than there is") from None
            if time.monotonic() >= end:
                raise
            continue
        if message["parent_header"].get("msg_id") == msg_id:
            if message["content"]["status"] == "aborted":
                raise RuntimeError("the kernel refused to run the cell")
            kernel.reply = message["content"]
            return


def _judged_by_the_reply(run: Callable) -> Callable:
    """nbval's run of a cell, failing also where the kernel's reply is an error that the cell may not raise."""

    @functools.wraps(run)
    def runtest(cell: Any) -> None:
        cell.parent.kernel.reply = {}  # a cell that is passed over is not judged by the reply to the one before
        # nbval compares nothing in a cell that was not run when the notebook was saved. Its output is none, as shown.
        cell.cell.execution_count = cell.cell.get("execution_count") or 0
        try:
            run(cell)
        finally:
            reply = cell.parent.kernel.reply
            if reply.get("status") == "error" and not cell.options["check_exception"]:
                lines = reply.get("traceback") or [f"{reply['ename']}: {reply['evalue']}"]
                cell.raise_cell_error("Cell execution caused an exception", "\n" + "\n".join(lines))

    return runtest
