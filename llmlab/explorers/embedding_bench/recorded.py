"""The recorded run of the embedding bench: how it was trained, how it is kept, how it is read."""

from __future__ import annotations

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
RECORDED_STEPS = (0, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 500, 1000)  # close together where most happens


@dataclass(frozen=True)
class Run:
    """Checkpoints of a word2vec run.

    Attributes:
        vocabulary: the words, by id.
        steps: (R,) after how many training steps each checkpoint was taken.
        snapshots: (R, V, D) the word vectors at each checkpoint.
    """

    vocabulary: tuple[str, ...]
    steps: tuple[int, ...]
    snapshots: Tensor


def train_run() -> Run:
    """Train word vectors on the toy world, as lesson 04 does, and keep the checkpoints of `RECORDED_STEPS`."""
    documents = toy_world(10_000).split(SEPARATOR)
    sentences = [sentence for document in documents for sentence in document.split(".") if sentence.strip()]
    tokenizer = WordTokenizer.from_text(" ".join(sentences))
    model = SkipGram(len(tokenizer), d_model=16)
    ids = [tokenizer.encode(sentence) for sentence in sentences]
    history = model.fit(ids, steps=RECORDED_STEPS[-1], record_every=10, progress=False)
    chosen = [history.steps.index(step) for step in RECORDED_STEPS]
    return Run(tuple(tokenizer.vocabulary.values()), RECORDED_STEPS, history.snapshots[chosen])


def save_run(run: Run, path: Path = RECORDED) -> None:
    """Write a run as the file that the bench brings along, in half precision: `save_run(train_run())`."""
    arrays = {"vocabulary": np.array(run.vocabulary), "steps": np.array(run.steps)}
    np.savez_compressed(path, snapshots=run.snapshots.half().numpy(), **arrays)


@cache
def recorded_run() -> Run:
    """The run that the bench brings along: the same numbers on every machine."""
    with np.load(RECORDED) as file:
        steps, words = file["steps"].tolist(), file["vocabulary"].tolist()
        return Run(tuple(words), tuple(steps), torch.from_numpy(file["snapshots"]).float())
