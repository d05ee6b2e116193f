"""What `course.doctor()` looks at beyond versions: each function returns a finding, and the problem that it means."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
from pathlib import Path

from llmlab.utils.bundled import data_path

Finding = tuple[str, str | None]

MB = 1_000_000
ONE_KERNEL = 700 * MB  # no lesson takes more
OLDEST_JUPYTERLAB = 4  # the explorers were moved by keys and mouse in 4.0.0, 4.1.0, 4.2.0 and the locked version


def memory() -> Finding:
    """Memory of the machine, and how much of it is free for a kernel."""
    try:
        import psutil  # comes with ipykernel
    except ImportError:
        return "unknown (psutil is not installed)", None
    now = psutil.virtual_memory()
    finding = f"{now.total / 1e9:.1f} GB, {now.available / 1e9:.1f} GB available"
    if now.available < ONE_KERNEL:
        return finding, f"{now.available // MB} MB of memory are free, a lesson takes up to 700: close other programs"
    return finding, None


def small_model() -> Finding:
    """Whether the small trained GPT in data/tiny is complete: its config.json names its other files."""
    try:
        folder = data_path("tiny")
        config = folder / "config.json"
        files = [str(name) for name in json.loads(config.read_text(encoding="utf-8"))["files"].values()]
    except FileNotFoundError as error:
        return "missing", f"the small model is missing ({error}): restore data/tiny, or install llmlab again"
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:  # not text, not JSON, other JSON
        return (
            "broken",
            f"{config} does not name the model's files ({error}): restore it, or install llmlab again",
        )
    absent = [name for name in files if not (folder / name).is_file()]
    if absent:
        return "incomplete", f"data/tiny lacks {', '.join(absent)}: restore it, or install llmlab again"
    return "data/tiny is complete", None


def widgets() -> Finding:
    """Whether JupyterLab will find what draws the widgets; other front ends bring their own."""
    if importlib.util.find_spec("jupyterlab") is None:
        return "left to the front end (no JupyterLab here)", None
    from jupyter_core.paths import jupyter_path

    if (found := _jupyterlab()) and int(found.partition(".")[0]) < OLDEST_JUPYTERLAB:
        again = "run `pip install --upgrade jupyterlab` and start it again"
        tried = f"the explorers were tried in JupyterLab {OLDEST_JUPYTERLAB} and newer"
        return f"{tried} only", f"{tried}, this is {found}: {again}"
    wanted = {"@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets", "anywidget": "anywidget"}
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    absent = [package for name, package in wanted.items() if not any((one / name).is_dir() for one in folders)]
    if absent:
        again = f"`pip install --force-reinstall {' '.join(absent)}`, then start JupyterLab again"
        return f"JupyterLab lacks {', '.join(absent)}", f"JupyterLab finds no extension of {', '.join(absent)}: {again}"
    return "JupyterLab finds its widget manager and anywidget", None


def _jupyterlab() -> str | None:
    """The version of JupyterLab here; None where nothing says it."""
    try:
        return importlib.metadata.version("jupyterlab")
    except importlib.metadata.PackageNotFoundError:
        return None


def kernel() -> Finding:
    """Whether the notebooks' kernel, "python3", is the Python that runs now."""
    if importlib.util.find_spec("ipykernel") is None:
        return "none (no ipykernel here)", None
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return "python3 is missing", "there is no kernel python3: run `python -m ipykernel install --sys-prefix`"
    # Jupyter runs a bare "python" with the Python that it runs on itself.
    bare = not os.path.dirname(program) and program.startswith("python")
    if bare or os.path.realpath(program) == os.path.realpath(sys.executable):
        return "python3 is this Python", None
    return (
        "python3 is another Python",
        f"the kernel python3 runs {program}, which is not this Python: run `python -m ipykernel install --sys-prefix`",
    )
