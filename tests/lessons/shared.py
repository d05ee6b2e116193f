"""What the tests of all lessons do: read a lesson, run one of its cells, compare the known mistakes of its checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TypeVar

import nbformat
import torch

from tests import ROOT, notebooks

T = TypeVar("T")


@dataclass(frozen=True)
class Lesson:
    """A lesson's text and its executed notebook, the student's or with the solutions."""

    number: str
    solved: bool = False

    @property
    def source(self) -> str:
        (path,) = (ROOT / "lessons").glob(f"{self.number}_*.py")
        return path.read_text(encoding="utf-8")

    def cells(self, kind: str = "code") -> list[nbformat.NotebookNode]:
        return [cell for cell in _notebook(self.number, self.solved).cells if cell.cell_type == kind]

    def cell(self, part: str, kind: str = "code") -> nbformat.NotebookNode:
        """The one cell with `part` in it."""
        (cell,) = [cell for cell in self.cells(kind) if part in cell.source]
        return cell

    def output(self, part: str) -> str:
        """What the one cell with `part` in it printed."""
        return "".join(out.get("text", "") for out in self.cell(part).outputs)


@cache
def _notebook(number: str, solved: bool) -> nbformat.NotebookNode:
    folder = notebooks() / ("solutions" if solved else "")
    (path,) = folder.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def quiet(*values: object) -> None:
    """Stands for `print` where a cell is run for what it asserts."""


def alike(results: Iterable[tuple[str, T]], close: Callable[[T, T], bool]) -> list[tuple[str, str]]:
    """Pairs of ideas whose results agree: a wrong answer that agrees with both could not be named."""
    return [(one, other) for (one, a), (other, b) in combinations(results, 2) if one != other and close(a, b)]


def near(atol: float) -> Callable[[torch.Tensor, torch.Tensor], bool]:
    """Whether two tensors have one shape and nearly the same values, NaN included."""
    return lambda a, b: a.shape == b.shape and torch.allclose(a, b, atol=atol, equal_nan=True)
