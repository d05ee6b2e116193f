"""The pipeline map (lesson 00): one text on its way through a small trained GPT, from characters to probabilities."""

from llmlab.explorers.pipeline_map.explorer import PipelineMap

__all__ = ["PipelineMap"]
