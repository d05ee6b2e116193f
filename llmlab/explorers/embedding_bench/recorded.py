"""The recorded runs of the embedding bench: how they were trained, how they are kept, how they are read.

Every width is a run of its own, trained from its own random vectors. With seed 0 all checkpoints are kept, with the
other seeds only the vectors at the end: how much of what one run shows is chance? `save_runs(train_runs())` makes the
file anew, in a minute on one core; another processor's rounding gives slightly other numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from llmlab.corpus._toyworld import SEPARATOR, toy_world
from llmlab.embeddings import SkipGram
from llmlab.tokenizers import WordTokenizer

RECORDED = Path(__file__).with_name("embedding_bench.npz")
RECORDED_STEPS = (0, 20, 40, 60, 80, 100, 150, 200, 300, 500, 1000)  # close together where most happens
WIDTHS = (2, 4, 8, 16, 32)
SEEDS = (0, 1, 2, 3)
SENTENCES, MEAN_OVER = 10_000, 100  # of the toy world; the last steps whose mean loss is kept
_GRID = 256  # numbers are kept as multiples of 1/256: half the size, and finer than what another processor changes


@dataclass(frozen=True, eq=False)  # known by itself: what is computed of a run is kept
class Run:
    """Checkpoints of a word2vec run.

    Attributes:
        vocabulary: the words, by id.
        steps: (R,) after how many training steps each checkpoint was taken.
        snapshots: (R, V, D) the word vectors at each checkpoint.
        loss: the mean loss of the last 100 steps; None where it is not known.
    """

    vocabulary: tuple[str, ...]
    steps: tuple[int, ...]
    snapshots: Tensor
    loss: float | None = None


def train_run(d_model: int = 16, seed: int = 0) -> Run:
    """Train word vectors on the toy world, as lesson 04 does, and keep the checkpoints of `RECORDED_STEPS`."""
    documents = toy_world(SENTENCES).split(SEPARATOR)
    sentences = [sentence for document in documents for sentence in document.split(".") if sentence.strip()]
    tokenizer = WordTokenizer.from_text(" ".join(sentences))
    model = SkipGram(len(tokenizer), d_model, seed)
    ids = [tokenizer.encode(sentence) for sentence in sentences]
    every = 10
    history = model.fit(ids, steps=RECORDED_STEPS[-1], record_every=every, progress=False)
    chosen = [history.steps.index(step) for step in RECORDED_STEPS]
    last = history.losses[-(MEAN_OVER // every) :]
    return Run(tuple(tokenizer.vocabulary.values()), RECORDED_STEPS, history.snapshots[chosen], sum(last) / len(last))


def train_runs() -> dict[tuple[int, int], Run]:
    """A run for each of `WIDTHS` and `SEEDS`, by width and seed."""
    return {(width, seed): train_run(width, seed) for width in WIDTHS for seed in SEEDS}


def save_runs(runs: Mapping[tuple[int, int], Run], path: Path = RECORDED) -> None:
    """Write the runs as the file that the bench brings along."""
    first = runs[WIDTHS[0], SEEDS[0]]
    arrays = {f"checkpoints_{width}": _kept(runs[width, SEEDS[0]].snapshots) for width in WIDTHS}
    arrays |= {
        f"ends_{width}": _kept(torch.stack([runs[width, seed].snapshots[-1] for seed in SEEDS[1:]])) for width in WIDTHS
    }
    np.savez_compressed(
        path,
        vocabulary=np.array(first.vocabulary),
        steps=np.array(first.steps),
        losses=np.array([[runs[width, seed].loss for seed in SEEDS] for width in WIDTHS]),
        provenance=np.array(
            f"llmlab.explorers.embedding_bench.train_runs(): SkipGram on toy_world({SENTENCES}), widths {WIDTHS}, "
            f"seeds {SEEDS}, PyTorch {torch.__version__}, on a CPU"
        ),
        **arrays,  # type: ignore[arg-type]  # none of them is called allow_pickle, the one option that is no array
    )


def _kept(vectors: Tensor) -> np.ndarray:
    return (vectors * _GRID).round().short().numpy()


@cache
def recorded_run(d_model: int = 16, seed: int = 0) -> Run:
    """A run that the bench brings along: the same numbers on every machine.

    Args:
        d_model: its width, one of `WIDTHS`.
        seed: one of `SEEDS`. With 0 all checkpoints are there, with another only the last.

    Raises:
        ValueError: there is no such run.

    >>> recorded_run(d_model=8, seed=3).snapshots.shape
    torch.Size([1, 201, 8])
    """
    if d_model not in WIDTHS or seed not in SEEDS:
        raise ValueError(
            f"the recorded runs have a width of {', '.join(map(str, WIDTHS))} and a seed of "
            f"{', '.join(map(str, SEEDS))}, got d_model={d_model!r}, seed={seed!r}"
        )
    with np.load(RECORDED) as file:
        steps, words = tuple(file["steps"].tolist()), tuple(file["vocabulary"].tolist())
        loss = float(file["losses"][WIDTHS.index(d_model), SEEDS.index(seed)])
        if seed == SEEDS[0]:
            kept = file[f"checkpoints_{d_model}"]
        else:
            kept, steps = file[f"ends_{d_model}"][SEEDS.index(seed) - 1][None], steps[-1:]
    return Run(words, steps, torch.from_numpy(kept).float() / _GRID, loss)
