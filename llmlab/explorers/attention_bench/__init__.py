"""The attention bench (lesson 05): a few words, their queries, keys and values, and each step to the context."""

from llmlab.explorers.attention_bench.explorer import AttentionBench

__all__ = ["AttentionBench"]
