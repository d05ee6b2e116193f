"""The attention bench (lesson 06): a few words, their queries, keys and values, and each step to the context.

The learner's function gets q, k and v. A setting that it has no argument for (scaling off, a temperature) is handed
over inside the queries: scores are linear in them, so q · √d undoes a division by √d.
"""

from llmlab.explorers.attention_bench.explorer import AttentionBench
from llmlab.explorers.attention_bench.picture import describe, render
from llmlab.explorers.attention_bench.values import AttentionTrace, compute

__all__ = ["AttentionBench", "AttentionTrace", "compute", "describe", "render"]
