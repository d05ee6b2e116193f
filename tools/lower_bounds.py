"""Print pyproject.toml's lower bounds as exact versions: `name>=1.2` as `name==1.2`, one a line.

CI installs exactly these in one job, so that each bound is a version that was tried; what they bring themselves must
fit them, and is bounded from above where it does not.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WITH_THEM = ["click<8.3"]  # typer 0.16 asks for no bound, and its options lose their names with a newer click


def lower_bounds() -> list[str]:
    """The run-time dependencies, each at its lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [dependency.replace(">=", "==") for dependency in project["dependencies"]]


if __name__ == "__main__":
    print(*lower_bounds(), *WITH_THEM, sep="\n")
