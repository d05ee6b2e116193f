"""Where a lesson can be opened: Colab, Binder, its source. Plain about a copy of the course that has no address yet.

The address stands once, in pyproject.toml under [project.urls]; `make links REPO=owner/name` moves it. Until somebody
has done so it is a name that nobody has published, and a link to it would lead nowhere.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNPUBLISHED = "llmlab/llmlab"
GITHUB = "https://github.com/"


def written_address() -> str:
    """The `owner/name` in pyproject.toml, published or not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix(GITHUB)


def public_address() -> str | None:
    """The `owner/name` that links can lead to; None where there is none.

    In a workflow GitHub itself says where the repository is, so there the written address is known to be true.
    """
    written = written_address()
    return written if written != UNPUBLISHED or os.environ.get("GITHUB_REPOSITORY") == written else None


def colab(address: str, lesson: str) -> str:
    """The address that opens a lesson's notebook in Colab."""
    return f"https://colab.research.google.com/github/{address}/blob/main/notebooks/{lesson}.ipynb"


def binder(address: str, lesson: str) -> str:
    """The address that opens a lesson's notebook on Binder."""
    return f"https://mybinder.org/v2/gh/{address}/HEAD?urlpath=lab/tree/notebooks/{lesson}.ipynb"


def file(address: str, path: str) -> str:
    """The address of a file of the repository."""
    return f"{GITHUB}{address}/blob/main/{path}"


def edit(address: str, path: str) -> str:
    """The address where a file of the repository can be changed."""
    return f"{GITHUB}{address}/edit/main/{path}"
