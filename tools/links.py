"""Give the course a public address, or another one: `make links REPO=owner/name`.

The address stands once, in pyproject.toml under [project.urls]. Badges, "open in Colab", "launch on Binder" and the
line that installs llmlab in a notebook are made from it (address.py); this script puts them all in place, in texts and
notebooks, and changes not one byte besides. It executes nothing, and needs nothing but Python.

`python tools/links.py --check` ends with an error where there is no address yet: the first thing a workflow asks.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from address import (
    ADDRESS,
    GITHUB,
    PLACEHOLDER,
    REMEDY,
    badges,
    clone_line,
    install_line,
    launch_links,
    public_address,
)

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("pyproject.toml", "README.md", "CITATION.cff", "SECURITY.md", "docs", "notebooks", "llmlab", ".github")
SUFFIXES = {".cff", ".css", ".ipynb", ".js", ".json", ".md", ".py", ".toml", ".yml", ""}

METADATA = ("pyproject.toml", "CITATION.cff")

# A template, in texts of a copy without an address: brackets make it a link that leads nowhere.
TEMPLATE = "<owner>/<name>"
URL = re.compile(rb"""(?:https?://|git@github\.com:)(?:<owner>/<name>|[^\s"'<>\\])+""")


def linked_files(root: Path = ROOT) -> Iterator[Path]:
    """The files that may link to the repository."""
    for place in PLACES:
        start = root / place
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                yield path


def move_links(new: str | None, root: Path = ROOT) -> list[Path]:
    """Rewrite every link to the present address so that it points to `new`; return the files that changed.

    Args:
        new: owner/name; None takes the address away again.
        root: the folder of the course.

    Raises:
        ValueError: `new` is not of the form owner/name, or pyproject.toml names no address.
    """
    if new is not None and not ADDRESS.fullmatch(new):
        raise ValueError(f"REPO must be owner/name as on GitHub, for example REPO=ada/llmlab; got {new!r}")
    old = public_address(root)
    changed = []
    for path in linked_files(root):
        before = path.read_bytes()
        after = _with_address(before, path.relative_to(root), old, new)
        if after != before:
            path.write_bytes(after)
            changed.append(path)
    return changed


def _with_address(content: bytes, path: Path, old: str | None, new: str | None) -> bytes:
    """What a file says, with the new address in place of the old one, or of the words that there is none."""
    if path.name in METADATA:
        return _links_moved(content, _url(old), _url(new))
    for made in (badges, clone_line, install_line, lambda address: launch_links(address, path.as_posix())):
        content = content.replace(_written(made(old), path), _written(made(new), path))
    return _links_moved(content, old or TEMPLATE, new or TEMPLATE)


def _links_moved(content: bytes, old: str, new: str) -> bytes:
    """The same with `new` for `old` in each URL, but where it is only the beginning of a longer name."""
    there = re.compile(rb"(?<![\w.-])" + re.escape(old).encode() + rb"(?![\w-]|\.(?!git\b)\w)")
    return URL.sub(lambda url: there.sub(new.encode(), url[0]), content)


def _url(address: str | None) -> str:
    return PLACEHOLDER if address is None else GITHUB + address


def _written(text: str, path: Path) -> bytes:
    """A text as it stands in a file: in a notebook, as JSON writes it."""
    return (json.dumps(text, ensure_ascii=False)[1:-1] if path.suffix == ".ipynb" else text).encode()


def main(arguments: list[str]) -> None:
    """The command line: one argument, the new owner/name, or --check."""
    try:
        if arguments == ["--check"]:
            sys.exit(REMEDY if public_address(ROOT) is None else None)
        changed = move_links(arguments[0] if arguments else "")
    except ValueError as error:
        sys.exit(f"{error}\nusage: make links REPO=owner/name")
    for path in changed:
        print(path.relative_to(ROOT).as_posix())
    print(f"{len(changed)} files now link to {GITHUB}{public_address(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
