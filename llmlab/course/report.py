"""The report for bug reports: `doctor()` looks at everything that has ever decided whether a notebook runs."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass

import llmlab
from llmlab.course import _findings
from llmlab.course.environment import device
from llmlab.utils.bundled import data_path

# Everything whose version has ever decided whether a notebook runs.
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
_FRONT_END = ("ipykernel", "jupyterlab")  # Colab and VS Code bring a front end of their own, and the first of these
_INSTALL = {"torch": "pip install torch --index-url https://download.pytorch.org/whl/cpu"}  # without CUDA


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
            if name not in _FRONT_END:
                problems.append(
                    f"{name} is not installed: run `{_INSTALL.get(name, f'pip install {name}')}` in this environment"
                )
    if all(facts.get(name) == "not installed" for name in _FRONT_END):
        problems.append("nothing here opens or runs a notebook: run `pip install jupyterlab` in this environment")
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
    for look in (_findings.memory, _findings.small_model, _findings.widgets, _findings.kernel):
        facts[look.__name__.replace("_", " ")], problem = look()
        problems += [problem] if problem else []
    return Report(facts, tuple(problems))


def print_report() -> int:
    """What `llmlab doctor` does: the report as a block to paste, and the exit code, 1 where there is a problem."""
    report = doctor()
    print(f"```\n{report}\n```")
    return 1 if report.problems else 0
