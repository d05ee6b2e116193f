"""Where a lesson can be opened: Colab, Binder, Kaggle, its source. None in a copy of the course without an address.

The address stands once, in pyproject.toml under [project.urls]; `make links REPO=owner/name` puts it there.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tools"))  # the notebooks are built with the same addresses

import address  # noqa: E402
from address import GITHUB  # noqa: E402


def public_address() -> str | None:
    """The `owner/name` that links can lead to; None where there is none."""
    return address.public_address(ROOT)


def colab(repository: str, lesson: str) -> str:
    """The address that opens a lesson's notebook in Colab."""
    return address.in_colab(repository, f"notebooks/{lesson}.ipynb")


def binder(repository: str, lesson: str) -> str:
    """The address that opens a lesson's notebook on Binder."""
    return address.on_binder(repository, f"notebooks/{lesson}.ipynb")


def file(repository: str, path: str) -> str:
    """The address of a file of the repository."""
    return f"{GITHUB}{repository}/blob/main/{path}"


def edit(repository: str, path: str) -> str:
    """The address where a file of the repository can be changed."""
    return f"{GITHUB}{repository}/edit/main/{path}"
