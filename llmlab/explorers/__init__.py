"""Explorers: vary the controls, and see what your own function does. `host/` is what they share, a folder an explorer.

An explorer is imported when it is asked for.
"""

from typing import TYPE_CHECKING

from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.explorers.answer_bench import AnswerBench
    from llmlab.explorers.architecture_tracer import ArchitectureTracer
    from llmlab.explorers.attention_bench import AttentionBench
    from llmlab.explorers.cache_meter import CacheMeter
    from llmlab.explorers.distribution_sculptor import DistributionSculptor
    from llmlab.explorers.embedding_bench import EmbeddingBench
    from llmlab.explorers.influence_map import InfluenceMap
    from llmlab.explorers.merge_player import MergePlayer
    from llmlab.explorers.pipeline_map import PipelineMap
    from llmlab.explorers.shape_tracer import ShapeTracer
    from llmlab.explorers.tokenizer_microscope import TokenizerMicroscope
    from llmlab.explorers.training_curve import TrainingCurve
    from llmlab.explorers.training_replay import TrainingReplay
    from llmlab.explorers.window_map import WindowMap

__all__ = [
    "AnswerBench",
    "ArchitectureTracer",
    "AttentionBench",
    "CacheMeter",
    "DistributionSculptor",
    "EmbeddingBench",
    "InfluenceMap",
    "MergePlayer",
    "PipelineMap",
    "ShapeTracer",
    "TokenizerMicroscope",
    "TrainingCurve",
    "TrainingReplay",
    "WindowMap",
]

__getattr__, __dir__ = lazily(
    __name__,
    answer_bench=["AnswerBench"],
    architecture_tracer=["ArchitectureTracer"],
    attention_bench=["AttentionBench"],
    cache_meter=["CacheMeter"],
    distribution_sculptor=["DistributionSculptor"],
    embedding_bench=["EmbeddingBench"],
    influence_map=["InfluenceMap"],
    merge_player=["MergePlayer"],
    pipeline_map=["PipelineMap"],
    shape_tracer=["ShapeTracer"],
    tokenizer_microscope=["TokenizerMicroscope"],
    training_curve=["TrainingCurve"],
    training_replay=["TrainingReplay"],
    window_map=["WindowMap"],
)
