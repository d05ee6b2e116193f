"""The embedding bench (lessons 04 and 05): a sentence as vectors, at any moment of training, with and without places.

Two tables to choose from: a random one, as a model has it on its first day, and one from a recorded run of word2vec on
the toy world, at any of its checkpoints; each width is a run of its own. On top of the words, one of four ways to say
where each of them stands. The learner's function adds the two tables; rotary positions turn what it returns.
"""

from llmlab.explorers.embedding_bench.explorer import EmbeddingBench
from llmlab.explorers.embedding_bench.picture import render
from llmlab.explorers.embedding_bench.recorded import SEEDS, WIDTHS, Run, recorded_run, save_runs, train_run, train_runs
from llmlab.explorers.embedding_bench.values import BenchTrace, compute
from llmlab.explorers.embedding_bench.words import describe

__all__ = [
    "SEEDS",
    "WIDTHS",
    "BenchTrace",
    "EmbeddingBench",
    "Run",
    "compute",
    "describe",
    "recorded_run",
    "render",
    "save_runs",
    "train_run",
    "train_runs",
]
