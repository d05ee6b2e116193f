"""Render a file only if what it is made from has changed: its sources are found by following imports, none is run."""

from __future__ import annotations

import ast
import fcntl
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from course_files import ROOT, write

_PACKAGE = ROOT / "llmlab"
_IN_NO_FRAME = {".pyc", ".css"}


class Changes:
    """The files of one folder, and the digests of their sources, which stand in it too.

    Args:
        folder: where the files are.

    Attributes:
        rendered: the files that were made anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._list = folder / ".digests.json"
        self._digests = json.loads(self._list.read_text()) if self._list.exists() else {}
        self._now: dict[str, str] = {}
        self.rendered: list[Path] = []

    def file(
        self, name: str, modules: Iterable[str], others: Iterable[Path], content: Callable[[], str], plan: object = ""
    ) -> None:
        """Write a file anew if a source of these modules, another file or the plan has changed since."""
        if self.is_new(name, modules, others, plan):
            self.keep(name, {name: content()})

    def is_new(self, name: str, modules: Iterable[str], others: Iterable[Path], plan: object = "") -> bool:
        """Whether a file was made from something else, or by another plan, or is not there."""
        self._now[name] = digest_of(modules, others, repr(plan))
        return self._digests.get(name) != self._now[name] or not (self._folder / name).exists()

    def keep(self, name: str, texts: Mapping[str, str]) -> None:
        """Write what was made anew, and remember from what, at once: who is stopped goes on here."""
        for file, text in texts.items():
            write(self._folder / file, text)
            self.rendered.append(self._folder / file)
        self._digests[name] = self._now[name]
        write(self._list, json.dumps(self._digests, indent=1))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process at a time renders into a folder; the next one finds what the first has made."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".rendering", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest_of(modules: Iterable[str], others: Iterable[Path] = (), plan: str = "") -> str:
    """A digest of the sources of modules, of all that these import of the course, of other files and of a plan."""
    digest = hashlib.sha256(plan.encode())
    for path in sorted({*sources(tuple(modules)), *others}):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def sources(modules: tuple[str, ...]) -> frozenset[Path]:
    """Files of the package that modules need: theirs, what they import, also within functions, and data beside them.

    A package counts as a whole, with what lies in its folder. Imports for type checkers are not followed.
    """
    found: set[Path] = set()
    waiting = list(modules)
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in _files_of(name):
            if path not in found:
                found.add(path)
                waiting += _imports(path) if path.suffix == ".py" else []
    return frozenset(found)


def _files_of(module: str) -> list[Path]:
    path = ROOT.joinpath(*module.split("."))
    if path.with_suffix(".py").is_file():
        return [path.with_suffix(".py")]
    if not (path / "__init__.py").is_file():
        return []  # it is a name in a module, not a module
    if path.name in ("llmlab", "explorers", "exercises"):
        return [path / "__init__.py"]  # what they import, they import when it is asked for
    return [one for one in path.iterdir() if one.is_file() and one.suffix not in _IN_NO_FRAME]


@cache
def _imports(path: Path) -> list[str]:
    """The modules of the course that a file imports, and what might be modules among the names that it imports."""
    names = []
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        waiting += ast.iter_child_nodes(node)
    return [name for name in names if name.split(".")[0] == _PACKAGE.name]
