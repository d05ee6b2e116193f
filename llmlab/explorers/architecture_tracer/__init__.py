"""The architecture tracer (lesson 14): what changed since GPT-2, part by part, in published models and in between.

It is the shape tracer with the parts of a `GPTConfig` as controls. Nothing is built here either: shapes, parameters and
operations follow from the sizes, so that a model of 47 billion parameters is traced as fast as one of a million.
`PUBLISHED` has the settings of published models; they are pressed in the picture.
"""

from llmlab.explorers.architecture_tracer.explorer import ArchitectureTracer
from llmlab.explorers.architecture_tracer.picture import describe, render
from llmlab.explorers.architecture_tracer.values import PUBLISHED, compute, config_of

__all__ = ["PUBLISHED", "ArchitectureTracer", "compute", "config_of", "describe", "render"]
