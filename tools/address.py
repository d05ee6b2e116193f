"""The public address of the course, and every text that is made from it.

It stands once, in pyproject.toml under [project.urls]. A copy that nobody has published has a placeholder there, in a
domain that can never exist: nothing opens or installs what an unknown account offers. `make links REPO=owner/name`
(links.py) puts an address in, and these texts in place of those that say that there is none.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from languages import language_of, words

GITHUB = "https://github.com/"
PLACEHOLDER = "https://example.invalid/OWNER/llmlab"
ADDRESS = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/(?!\.+$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}")
REMEDY = "this copy of the course has no public address yet: run `make links REPO=owner/name`, commit what it changes"


def repository_url(root: Path) -> str:
    """What pyproject.toml names as Repository, an address or the placeholder.

    Raises:
        ValueError: it names none, or something else.
    """
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        url = project["urls"]["Repository"]
    except (ValueError, LookupError, TypeError) as error:  # not text, not TOML, other TOML
        raise ValueError(f"pyproject.toml does not name the Repository under [project.urls] ({error})") from None
    known = isinstance(url, str) and (url == PLACEHOLDER or ADDRESS.fullmatch(url.removeprefix(GITHUB)))
    if not known or not url.startswith((GITHUB, PLACEHOLDER)):
        raise ValueError(f"[project.urls] Repository must be {GITHUB}owner/name, or {PLACEHOLDER}; got {url}")
    return url


def public_address(root: Path) -> str | None:
    """`owner/name` on GitHub; None for a copy that has no public address."""
    url = repository_url(root)
    return None if url == PLACEHOLDER else url.removeprefix(GITHUB)


def in_colab(address: str, path: str) -> str:
    """The address that opens a notebook in Colab."""
    return f"https://colab.research.google.com/github/{address}/blob/main/{path}"


def on_binder(address: str, path: str) -> str:
    """The address that opens a notebook in JupyterLab on Binder."""
    return f"https://mybinder.org/v2/gh/{address}/HEAD?urlpath=lab/tree/{path}"


def on_kaggle(address: str, path: str) -> str:
    """The address that opens a notebook on Kaggle."""
    return f"https://kaggle.com/kernels/welcome?src={GITHUB}{address}/blob/main/{path}"


def in_codespaces(address: str) -> str:
    """The address that opens the whole course in GitHub's Codespaces."""
    return f"https://codespaces.new/{address}?quickstart=1"


def launch_links(address: str | None, path: str) -> str:
    """Where the notebook at `path` can be opened without installing anything; without an address, that it cannot.

    In the language of the notebook.
    """
    say = words(language_of(path))
    if address is None:
        return say.no_address
    ways = {"Colab": in_colab, "Binder": on_binder, "Kaggle": on_kaggle}
    return " · ".join(f"[{say.open_in.format(place=name)}]({way(address, path)})" for name, way in ways.items())


def install_line(address: str | None) -> str:
    """The line of a notebook's first cell that runs where llmlab is missing."""
    if address is None:
        told = "llmlab is missing, and this copy of the course has no address to get it from"
        return f'    raise ModuleNotFoundError("{told}") from None'
    return f'    %pip install --quiet "llmlab-course @ git+{GITHUB}{address}"'


def clone_line(address: str | None) -> str:
    """How README gets the course onto a machine."""
    return f"git clone {GITHUB + address if address else '<address of this repository>'} llmlab"


def badges(address: str | None) -> str:
    """README's line of badges."""
    if address is None:
        return (
            "*Launch links for Colab, Binder and Codespaces stand here once this copy of the course has a public "
            "address: `make links REPO=owner/name`.*"
        )
    first = "notebooks/00_welcome.ipynb"
    return "\n".join(
        f"[![{words}]({picture})]({target})"
        for words, picture, target in (
            (
                "Open in Colab",
                "https://colab.research.google.com/assets/colab-badge.svg",
                in_colab(address, first),
            ),
            ("Open in Binder", "https://mybinder.org/badge_logo.svg", on_binder(address, first)),
            ("Open in Codespaces", "https://github.com/codespaces/badge.svg", in_codespaces(address)),
            (
                "Tests",
                f"{GITHUB}{address}/actions/workflows/test.yml/badge.svg",
                f"{GITHUB}{address}/actions/workflows/test.yml",
            ),
        )
    )
