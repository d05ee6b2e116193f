"""Move every link to the repository's public address: `make links REPO=owner/name`.

The address stands once, in pyproject.toml under [project.urls]. Badges, "open in Colab", "launch on Binder" and the
line that installs llmlab in a notebook contain it because a person or a tool wrote it there; this script rewrites them
all. It changes the address and not one byte besides, notebooks included, and executes nothing.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("pyproject.toml", "README.md", "docs", "lessons", "notebooks", "llmlab", "binder", ".github")
SUFFIXES = {".css", ".ipynb", ".js", ".json", ".md", ".py", ".toml", ".yml", ""}

GITHUB = "https://github.com/"
ADDRESS = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/(?!\.+$)(?!.*\.git$)[A-Za-z0-9._-]{1,100}")
URL = re.compile(rb"""(?:https?://|git@github\.com:)[^\s"'<>\\]+""")


def current_address(root: Path = ROOT) -> str:
    """The `owner/name` under [project.urls] in pyproject.toml."""
    url = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
    return url.removeprefix(GITHUB)


def linked_files(root: Path = ROOT) -> Iterator[Path]:
    """The files that may link to the repository."""
    for place in PLACES:
        start = root / place
        for path in sorted(start.rglob("*")) if start.is_dir() else [start]:
            if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                yield path


def move_links(new: str, root: Path = ROOT) -> list[Path]:
    """Rewrite every link to the present address so that it points to `new`; return the files that changed.

    Raises:
        ValueError: `new` is not of the form owner/name.
    """
    if not ADDRESS.fullmatch(new):
        raise ValueError(f"REPO must be owner/name as on GitHub, for example REPO=ada/llmlab; got {new!r}")
    # In a URL, after a slash (or the colon of git@github.com:), and not as the beginning of a longer name.
    old = re.compile(rb"(?<=[/:])" + re.escape(current_address(root)).encode() + rb"(?![\w-]|\.(?!git\b)\w)")
    changed = []
    for path in linked_files(root):
        before = path.read_bytes()
        after = URL.sub(lambda url: old.sub(new.encode(), url[0]), before)
        if after != before:
            path.write_bytes(after)
            changed.append(path)
    return changed


def main(arguments: list[str]) -> None:
    """The command line: one argument, the new owner/name."""
    try:
        changed = move_links(arguments[0] if arguments else "")
    except ValueError as error:
        sys.exit(f"{error}\nusage: make links REPO=owner/name")
    for path in changed:
        print(path.relative_to(ROOT).as_posix())
    print(f"{len(changed)} files now link to {GITHUB}{current_address()}")


if __name__ == "__main__":
    main(sys.argv[1:])
