"""Where words lie on the two maps of the embedding bench: directions and scales that no checkpoint and no table moves.

The large map looks along the two directions in which all words of a run differ most at its last checkpoint. The small
one looks at the plane of king, man and woman, at the last checkpoint too; there every word is drawn equally long, as
an analogy asks for directions alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from llmlab.explorers.embedding_bench.recorded import Run

FOUR = ("king", "queen", "man", "woman")
SHAPE = 1.3  # a map is so many times as wide as high
MAP_WIDTH = 600  # pixels for which names are chosen: as many as find room
LETTER, _LINE = 7, 15  # pixels: about a letter's width, and a line's height


@dataclass(frozen=True)
class Box:
    """How far a map goes: its edges, in the units of the vectors."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True)
class Plane:
    """The maps of one run.

    Attributes:
        directions: (D, 2) of the large map.
        box: how far the large map goes: as far as any word comes at any checkpoint.
        named: ids of the words whose names are written there: as many as find room at the last checkpoint.
        analogy: (D, 2) directions of the small map; None without its words.
        analogy_reach: how far that one goes from its middle.
    """

    directions: np.ndarray
    box: Box
    named: frozenset[int]
    analogy: np.ndarray | None
    analogy_reach: float


@lru_cache(maxsize=16)
def plane_of(run: Run) -> Plane:
    """The maps of a run."""
    directions = _principal(run.snapshots[-1])
    places = run.snapshots.numpy() @ directions  # (R, V, 2); NumPy's, as PyTorch is slow where one side is so narrow
    (left, bottom), (right, top) = places.min(axis=(0, 1)), places.max(axis=(0, 1))
    box = _in_shape(left, right, bottom, top)
    analogy, analogy_reach = None, 1.0
    ids = four(run)
    if ids is not None:
        king, _, man, woman = _equally_long(run.snapshots[-1], ids)
        steps = torch.stack([woman - man, king - man], dim=1)  # (D, 2)
        basis = torch.linalg.qr(steps).Q
        analogy = (basis * (basis * steps).sum(dim=0).sign()).numpy()  # from man to woman is to the right, to king up
        found = [np.abs(analogy_places(table, ids, analogy)).max().item() for table in run.snapshots]
        analogy_reach = max(found) or 1.0
    named = _with_room(run.vocabulary, places[-1], box)
    return Plane(directions, box, named, analogy, analogy_reach)


def four(run: Run) -> list[int] | None:
    """The ids of king, queen, man and woman, if the run has them."""
    return [run.vocabulary.index(word) for word in FOUR] if set(FOUR) <= set(run.vocabulary) else None


def analogy_places(table: Tensor, ids: list[int], directions: np.ndarray) -> np.ndarray:
    """(len(ids) + 1, 2) on the small map: the words of `ids`, which begin with the four, and king - man + woman."""
    words = _equally_long(table, ids)
    king, man, woman = words[0], words[2], words[3]
    middle = (king + man + woman) / 3
    return (torch.cat([words, (king - man + woman)[None]]) - middle).numpy() @ directions


def _equally_long(table: Tensor, ids: list[int]) -> Tensor:
    """The words of `ids`, each as long as king, man and woman are on average."""
    words = table[ids].double()
    return F.normalize(words, dim=-1) * words[[0, 2, 3]].norm(dim=-1).mean()


def _in_shape(left: float, right: float, bottom: float, top: float) -> Box:
    """A box around these edges, with a margin, in the shape that every map has: the page keeps its place."""
    height = 1.08 * max(top - bottom, (right - left) / SHAPE, 1e-6)
    x, y = (left + right) / 2, (bottom + top) / 2
    return Box(x - SHAPE * height / 2, x + SHAPE * height / 2, y - height / 2, y + height / 2)


def _principal(words: Tensor) -> np.ndarray:
    """(D, 2): the principal directions of (V, D) vectors, signed so that the strongest entry of each is positive."""
    width = words.shape[1]
    if len(words) < 2:
        return np.eye(width, 2)
    centred = (words - words.mean(dim=0)).double()
    found = torch.linalg.svd(centred, full_matrices=False).Vh[:2]  # (at most 2, D)
    strongest = found.gather(1, found.abs().argmax(dim=1, keepdim=True))
    return F.pad(found * strongest.sign(), (0, 0, 0, 2 - len(found))).T.numpy()


def _with_room(vocabulary: tuple[str, ...], places: np.ndarray, box: Box) -> frozenset[int]:
    """Words whose names do not cover each other's: those of the analogy first, then by id."""
    scale = MAP_WIDTH / box.width
    taken: list[tuple[float, float, float]] = []  # left end, right end, middle
    chosen = []
    for id in sorted(range(len(vocabulary)), key=lambda id: (vocabulary[id] not in FOUR, id)):
        x, y = (places[id] * scale).tolist()
        end = x + 10 + LETTER * len(vocabulary[id])
        covers = (x <= other_end and end >= start and abs(y - line) <= _LINE for start, other_end, line in taken)
        if end < box.right * scale and not any(covers):
            taken.append((x, end, y))
            chosen.append(id)
    return frozenset(chosen)
