"""The embedding bench (lesson 04): a sentence as vectors, before and after training, with and without places."""

from llmlab.explorers.embedding_bench.explorer import EmbeddingBench

__all__ = ["EmbeddingBench"]
