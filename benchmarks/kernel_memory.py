"""Memory of each notebook's kernel: how much a student needs. Measured from outside the kernel's process (Linux).

    python benchmarks/kernel_memory.py             every notebook of the course
    python benchmarks/kernel_memory.py 03 09       the lessons named

A notebook runs from top to bottom in a kernel of its own, and every 50 ms two figures are read: the resident memory of
the kernel's process (goal: at most 700 MB), and the same with what the processes that it started (workers of a data
loader) have for themselves alone (USS). JupyterLab's server takes its own share: measured as well, idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import nbformat
import psutil
from _pairs import RESULTS
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
GOAL, MB = 700, 2**20
INTERVAL = 0.05  # seconds


def family(process: psutil.Process) -> int:
    """Bytes that a process has resident, and those that its children do not share with it."""
    total = process.memory_info().rss
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += child.memory_full_info().uss
    return total


async def peaks_of(path: Path) -> dict[str, int]:
    """The most memory, in MB, that a notebook takes: its kernel alone, and with all that it started."""
    notebook = nbformat.read(path, as_version=4)
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(notebook, km=kernel, timeout=300)
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    started = {"cwd": str(path.parent), "env": os.environ | {"PYTHONPATH": search}, "stderr": subprocess.DEVNULL}
    async with client.async_setup_kernel(**started):  # a kernel's warnings about its own end are of no use here
        process, done = psutil.Process(kernel.provisioner.pid), asyncio.Event()
        kernel_mb = family_mb = 0.0

        async def watch() -> None:
            nonlocal kernel_mb, family_mb
            while not done.is_set():
                kernel_mb = max(kernel_mb, process.memory_info().rss / MB)
                family_mb = max(family_mb, family(process) / MB)
                await asyncio.sleep(INTERVAL)

        watching = asyncio.create_task(watch())
        for position, cell in enumerate(notebook.cells):
            await client.async_execute_cell(cell, position)
        done.set()
        await watching
    return {"kernel": round(kernel_mb), "with_workers": round(family_mb)}


def idle_server() -> int:
    """Bytes of a JupyterLab server without a kernel, ten seconds after it answered first."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--no-browser", f"--port={port}", "--allow-root", f"--ServerApp.root_dir={folder}"]
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            for _ in range(120):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.5)
            time.sleep(10)
            return family(psutil.Process(server.pid))
        finally:
            server.terminate()
            server.wait()


def main(wanted: list[str]) -> None:
    paths = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks/solutions").glob("*.ipynb"))
    chosen = [path for path in paths if not wanted or path.stem.startswith(tuple(wanted))]
    peaks = {
        path.relative_to(ROOT / "notebooks").as_posix(): asyncio.run(peaks_of(path))
        for path in tqdm(chosen, unit="notebook")
    }
    record = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {package: version(package) for package in ("torch", "ipykernel", "jupyterlab")},
        "kernels_mb": peaks,
        "idle_server_mb": round(idle_server() / MB),
        "goal_mb": GOAL,
    }
    print(as_table(record))
    if not wanted:
        (RESULTS / "kernel_memory.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        (RESULTS / "kernel_memory.md").write_text(as_table(record) + "\n", encoding="utf-8")
    if above := [path for path, peak in peaks.items() if peak["kernel"] > GOAL]:
        sys.exit(f"above {GOAL} MB: {', '.join(above)}")


def as_table(record: dict) -> str:
    versions = ", ".join(f"{package} {number}" for package, number in record["versions"].items())
    peaks = record["kernels_mb"]
    lines = [
        "# Memory of each notebook's kernel",
        "",
        f"{record['date']}, Python {record['python']}, {record['machine']}, {versions}. The most memory in MB, read "
        f"from outside the process every {INTERVAL * 1000:.0f} ms: the kernel's resident memory (goal: at most "
        f"{record['goal_mb']}), and with what its workers have for themselves alone.",
        "",
        "| lesson | kernel, student | kernel, solved | with workers, student | with workers, solved |",
        "|---|--:|--:|--:|--:|",
    ]
    for name in sorted({Path(path).name for path in peaks}):
        both = peaks[name], peaks[f"solutions/{name}"]
        cells = [one[kind] for kind in ("kernel", "with_workers") for one in both]
        lines.append(f"| {Path(name).stem} | {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, "", f"JupyterLab's server without a kernel: {record['idle_server_mb']} MB."])


if __name__ == "__main__":
    main(sys.argv[1:])
