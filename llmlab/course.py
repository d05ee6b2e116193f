"""What every notebook needs before its first idea: set-up, a device, a report on the machine, figures with alt text."""

from __future__ import annotations

import base64
import importlib.metadata
import io
import os
import platform
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import llmlab
from llmlab import _doctor
from llmlab._data import data_path

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure

# What the doctor looks at: everything whose version has ever decided whether a notebook runs.
_PACKAGES = (
    "torch",
    "numpy",
    "matplotlib",
    "ipywidgets",
    "anywidget",
    "tiktoken",
    "regex",
    "ipython",
    "ipykernel",
    "jupyterlab",
)


def setup() -> None:
    """Look whether the course's data is there, and say so. Safe to call again.

    Raises:
        FileNotFoundError: the bundled data is missing from the installation.
    """
    for name in ("story.txt", "gpt2/vocab.bpe"):
        data_path(name)
    print(f"llmlab {llmlab.__version__} is ready. Story and GPT-2 merges are on this machine: no network needed.")


def device() -> torch.device:
    """The fastest device here: CUDA, then Apple's MPS, then the CPU.

    >>> device().type in {"cuda", "mps", "cpu"}
    True
    """
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


@dataclass(frozen=True)
class Report:
    """What `doctor` found: a block of text to read, or to paste into a bug report.

    Attributes:
        facts: name -> finding.
        problems: what would keep a lesson from running, each with its remedy; empty when all is well.
    """

    facts: dict[str, str]
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        width = max(map(len, self.facts))
        lines = [f"{name:<{width}}  {finding}" for name, finding in self.facts.items()]
        lines += [f"PROBLEM: {problem}" for problem in self.problems] or ["No problem found."]
        return "\n".join(lines)


def doctor() -> Report:
    """Look at versions, device, memory, data, widgets and kernel, and report; nothing is changed or sent."""
    facts = {
        "llmlab": llmlab.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": str(os.cpu_count()),
    }
    problems = []
    for name in _PACKAGES:
        try:
            facts[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            facts[name] = "not installed"
            if name not in {"jupyterlab", "ipykernel"}:  # Colab and VS Code bring a front end of their own
                problems.append(f"{name} is not installed: run `pip install {name}` in this environment")
    try:
        import torch

        facts["torch"] = torch.__version__  # with its build, such as +cpu, which the list of packages may leave out
        facts["device"] = str(device())
    except (ImportError, OSError) as error:  # OSError: a system library that PyTorch needs is missing
        facts["device"] = f"unknown ({error})"
        problems.append(f"PyTorch cannot be loaded: {error}")
    try:
        data_path("story.txt"), data_path("gpt2/vocab.bpe")
        facts["data"] = "story and GPT-2 merges found"
    except FileNotFoundError as error:
        facts["data"] = "missing"
        problems.append(str(error))
    for look in (_doctor.memory, _doctor.small_model, _doctor.widgets, _doctor.kernel):
        facts[look.__name__.replace("_", " ")], problem = look()
        problems += [problem] if problem else []
    return Report(facts, tuple(problems))


class _Picture:
    """An `<img>` with alt text; the figure is an SVG inside it, so that it is sharp, comparable and self-contained."""

    def __init__(self, svg: bytes, alt: str) -> None:
        self.svg, self.alt = svg, alt

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_html_(self) -> str:
        source = base64.b64encode(self.svg).decode("ascii")
        return (
            f'<img alt="{escape(self.alt)}" style="max-width: 100%; height: auto" '
            f'src="data:image/svg+xml;base64,{source}">'
        )


def show(figure: Figure, *, alt: str) -> _Picture:
    """A matplotlib figure as a deterministic SVG image with alternative text; the figure is closed.

    Args:
        figure: the figure to show.
        alt: what the picture says, for those who cannot see it.

    Raises:
        TypeError: `figure` is not a figure, or `alt` not a str.
        ValueError: `alt` is empty.
    """
    if not isinstance(alt, str):
        raise TypeError(f"alt must be a str that says what the picture shows, got {type(alt).__name__}")
    if not alt.strip():
        raise ValueError("alt must say what the picture shows, got an empty text")
    import matplotlib
    from matplotlib import pyplot
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        remedy = ": pass axes.figure" if isinstance(figure, matplotlib.axes.Axes) else ", the first of plt.subplots()"
        raise TypeError(f"figure must be a matplotlib Figure, got {type(figure).__name__}{remedy}")
    buffer = io.BytesIO()
    # A fixed salt and no date: the same figure gives the same bytes, so a re-executed notebook can be compared.
    with matplotlib.rc_context({"svg.hashsalt": "llmlab"}):
        figure.savefig(buffer, format="svg", bbox_inches="tight", facecolor="white", metadata={"Date": None})
    pyplot.close(figure)
    return _Picture(buffer.getvalue(), alt)
