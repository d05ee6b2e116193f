"""The pipeline map (lesson 00): one text on its way through a small trained GPT, from characters to probabilities.

The model is the one in data/tiny, which has read sentences of the toy world and nothing else. Each of its documents
begins with <|endoftext|>, so the map puts that token in front of the text, and each stage shows what the model holds
there: no number is made up for the picture. A text is computed once; `written` lets the model go on by itself, a pass a
token; the other controls only choose what is shown.
"""

from llmlab.explorers.pipeline_map.explorer import PipelineMap
from llmlab.explorers.pipeline_map.passes import bundled, compute
from llmlab.explorers.pipeline_map.picture import render
from llmlab.explorers.pipeline_map.values import PipelineTrace
from llmlab.explorers.pipeline_map.words import describe

__all__ = ["PipelineMap", "PipelineTrace", "bundled", "compute", "describe", "render"]
