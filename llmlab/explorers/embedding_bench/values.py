"""The values of the embedding bench: words with their places as vectors, what an order changes, and where they lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from llmlab.embeddings import apply_rope, sinusoidal_positions
from llmlab.explorers.embedding_bench.plane import Plane, analogy_places, four, plane_of
from llmlab.explorers.embedding_bench.recorded import Run, recorded_run
from llmlab.explorers.host.learner import is_written

MAX_WORDS = 8  # rows that fit beside each other as a table of cosines; also the context length of the position tables
SENTENCE = "the king sees the queen"  # a word that occurs twice: without positions nothing tells the two apart
SCHEMES = ("none", "learned", "sinusoidal", "rotary")
NEAREST = 5
SAME = 1e-4  # numbers that differ by less are the same up to rounding

Embed = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class BenchTrace:
    """What one setting of the controls makes of the words. T words shown, d numbers each.

    Attributes:
        words: (T,) in the order shown.
        order: (T,) for each word shown, its place in the sentence as typed.
        vectors: (T, d) words with their positions.
        token_lengths: (T,) the lengths of the word vectors alone.
        changes: (T,) the largest change of each word's numbers against the sentence as typed.
        mean_change: the largest change of the mean of all rows.
        cosines: (T, T).
        still_nearest: (T,) whether each vector is nearer to its own word in the table than to any other word.
        nearest_word: (T,) the word of the table that each vector is nearest to, by cosine.
        map: (T, 2) the vectors along the two directions of `plane`.
        words_map: (V, 2) every word of the table, without its place.
        trails: (R, T, 2) the words shown, without their places, at each checkpoint up to the one chosen.
        plane: the directions and the scale of the maps: they belong to the run, and nothing moves them.
        vocabulary: (V,) the words of the table.
        near: the word that is looked at; empty where the vocabulary does not have it.
        neighbours: the words nearest to it in the table, and their cosines.
        analogy: the word nearest to king - man + woman in this table, and its cosine; None without these words.
        analogy_map: (6, 2) on the small map: king, queen, man, woman, that nearest word, and king - man + woman.
        step: training steps behind the table; None for a random one.
        loss: the mean loss of the last steps of the run that the table is from; None for a random one, or not known.
        positions: which of `SCHEMES`.
        seed_used: whether anything here is drawn at random: the table, learned positions, or another order.
        unknown: words that the vocabulary does not have.
        left_out: how many words there was no room for.
        own_function: whether the learner's function added the tables.
    """

    words: tuple[str, ...]
    order: tuple[int, ...]
    vectors: np.ndarray
    token_lengths: np.ndarray
    changes: np.ndarray
    mean_change: float
    cosines: np.ndarray
    still_nearest: np.ndarray
    nearest_word: tuple[str, ...]
    map: np.ndarray
    words_map: np.ndarray
    trails: np.ndarray
    plane: Plane
    vocabulary: tuple[str, ...]
    near: str
    neighbours: tuple[tuple[str, float], ...]
    analogy: tuple[str, float] | None
    analogy_map: np.ndarray | None
    step: int | None
    loss: float | None
    positions: str
    seed_used: bool
    unknown: tuple[str, ...]
    left_out: int
    own_function: bool

    @property
    def repeated(self) -> tuple[tuple[int, int], ...]:
        """Pairs of places that hold the same word."""
        places = range(len(self.words))
        return tuple((i, j) for i in places for j in places if i < j and self.words[i] == self.words[j])

    @property
    def told_apart(self) -> bool:
        """Each word that occurs more than once has a vector of its own at each place."""
        return all(np.abs(self.vectors[i] - self.vectors[j]).max() > SAME for i, j in self.repeated)

    @property
    def lengths(self) -> np.ndarray:
        """(T,) the lengths of the vectors."""
        return np.linalg.norm(self.vectors, axis=1)

    @property
    def same_length(self) -> np.ndarray:
        """(T,) whether each vector is as long as its word's vector alone."""
        return np.isclose(self.lengths, self.token_lengths, rtol=1e-3)

    @property
    def lengths_kept(self) -> bool:
        """Every vector is as long as its word's vector alone."""
        return bool(self.same_length.all())

    @property
    def moved(self) -> tuple[int, ...]:
        """The places whose word stands elsewhere in the sentence as typed."""
        return tuple(place for place, typed in enumerate(self.order) if typed != place)

    @property
    def noticed(self) -> tuple[int, ...]:
        """Those of `moved` whose vector is another one than as typed."""
        return tuple(place for place in self.moved if self.changes[place] > SAME)


def compute(state: dict[str, Any], embed: Embed | None = None, run: Run | None = None) -> BenchTrace:
    """The trace of a state of the embedding bench.

    Args:
        state: words, near, table, checkpoint, d_model, seed, positions and shuffle.
        embed: the learner's `embed_input(ids, token_table, position_table)`; None, or a function that is not written
            yet (it returns None or ...), lets llmlab's own stand in.
        run: the checkpoints, whose width then holds; None takes the recorded run of the width that the state asks for.

    Raises:
        ValueError: the function returned something other than a (1, T, d) tensor.
        Exception: whatever the function raises.
    """
    run = run or recorded_run(int(state["d_model"]))
    trained = state["table"] == "trained"
    id_of = {word: id for id, word in enumerate(run.vocabulary)}
    typed = state["words"].split()
    known = [id_of[word] for word in typed if word in id_of]
    ids = known[:MAX_WORDS]
    token_table = _token_table(state, run)  # (V, d)
    width = token_table.shape[1]
    position_table = _position_table(state["positions"], width, state["seed"])  # (MAX_WORDS, d)
    own_function = False

    def vectors_of(ids: list[int]) -> Tensor:
        nonlocal own_function
        found = embed(torch.tensor([ids]), token_table.clone(), position_table.clone()) if embed is not None else None
        own_function = is_written(found)
        if not own_function:
            found = token_table[ids][None] + position_table[: len(ids)]
        if not isinstance(found, Tensor) or found.shape != (1, len(ids), width):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(
                f"for ids of shape (1, {len(ids)}) the result must be (1, {len(ids)}, {width}), got {shape}"
            )
        vectors = found[0].detach().float()
        return apply_rope(vectors, torch.arange(len(ids))) if state["positions"] == "rotary" else vectors

    order = shuffled(len(ids), state["seed"]) if state["shuffle"] else list(range(len(ids)))
    shown_ids = [ids[place] for place in order]
    if ids:
        typed_vectors, vectors = vectors_of(ids), vectors_of(shown_ids)  # (T, d)
    else:
        typed_vectors = vectors = torch.zeros(0, width)
    unit, unit_table = F.normalize(vectors, dim=-1), F.normalize(token_table, dim=-1)
    found = (unit @ unit_table.T).argmax(dim=-1).tolist() if ids else []
    near = state["near"] if state["near"] in id_of else ""
    analogy = _analogy(unit_table, id_of, run.vocabulary)
    plane = plane_of(run)
    behind = run.snapshots[: state["checkpoint"] + 1] if trained else token_table[None]  # (R, V, d)
    return BenchTrace(
        words=tuple(run.vocabulary[id] for id in shown_ids),
        order=tuple(order),
        vectors=vectors.numpy(),
        token_lengths=token_table[shown_ids].norm(dim=-1).numpy(),
        changes=(vectors - typed_vectors[order]).abs().amax(dim=-1).numpy() if ids else np.zeros(0),
        mean_change=float((vectors.mean(dim=0) - typed_vectors.mean(dim=0)).abs().max()) if ids else 0.0,
        cosines=(unit @ unit.T).numpy(),
        still_nearest=np.array([one == other for one, other in zip(found, shown_ids, strict=True)], dtype=bool),
        nearest_word=tuple(run.vocabulary[id] for id in found),
        map=vectors.numpy() @ plane.directions,
        words_map=token_table.numpy() @ plane.directions,
        trails=behind[:, shown_ids].numpy() @ plane.directions,
        plane=plane,
        vocabulary=run.vocabulary,
        near=near,
        neighbours=_neighbours(unit_table, id_of[near], run.vocabulary) if near else (),
        analogy=analogy,
        analogy_map=_analogy_map(run, token_table, plane, id_of[analogy[0]]) if analogy else None,
        step=run.steps[state["checkpoint"]] if trained else None,
        loss=run.loss if trained else None,
        positions=state["positions"],
        seed_used=not trained or state["positions"] == "learned" or state["shuffle"],
        unknown=tuple(dict.fromkeys(word for word in typed if word not in id_of)),
        left_out=len(known) - len(ids),
        own_function=own_function,
    )


def _token_table(state: dict[str, Any], run: Run) -> Tensor:
    """(V, d): drawn from N(0, 1), or a checkpoint of the run; as wide as the run."""
    if state["table"] == "random":
        V, width = run.snapshots.shape[1:]
        return torch.randn(V, width, generator=torch.Generator().manual_seed(state["seed"]))
    return run.snapshots[state["checkpoint"]]


def _position_table(scheme: str, width: int, seed: int) -> Tensor:
    """(MAX_WORDS, d). A learned table is shown as it is before any training: drawn from N(0, 1)."""
    if scheme == "sinusoidal":
        return sinusoidal_positions(MAX_WORDS, width)
    if scheme == "learned":
        return torch.randn(MAX_WORDS, width, generator=torch.Generator().manual_seed(1_000 + seed))
    return torch.zeros(MAX_WORDS, width)


def shuffled(n: int, seed: int) -> list[int]:
    """Another order than 0, 1, 2 ..., if there is one."""
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).tolist()
    return order if order != sorted(order) else [*order[1:], *order[:1]]


def _neighbours(unit: Tensor, id: int, vocabulary: Sequence[str]) -> tuple[tuple[str, float], ...]:
    cosines = unit @ unit[id]
    cosines[id] = -2.0
    best = cosines.topk(min(NEAREST, len(vocabulary) - 1))
    found = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return tuple((vocabulary[other], cosine) for other, cosine in found)


def _analogy(unit: Tensor, id_of: dict[str, int], vocabulary: Sequence[str]) -> tuple[str, float] | None:
    if not {"king", "man", "woman"} <= id_of.keys():
        return None
    king, man, woman = id_of["king"], id_of["man"], id_of["woman"]
    cosines = F.cosine_similarity(unit, unit[king] - unit[man] + unit[woman], dim=-1)
    cosines[[king, man, woman]] = -2.0
    best = int(cosines.argmax())
    return vocabulary[best], float(cosines[best])


def _analogy_map(run: Run, table: Tensor, plane: Plane, found: int) -> np.ndarray | None:
    ids = four(run)
    if ids is None or plane.analogy is None:
        return None
    return analogy_places(table, [*ids, found], plane.analogy)
