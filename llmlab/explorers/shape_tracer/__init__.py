"""The shape and parameter tracer (lessons 09, 10): every tensor of a GPT's forward pass, what it trains and costs.

Nothing is built and nothing is multiplied here: shapes, parameters and operations follow from the sizes alone, so that
models of any size can be traced. Operations (FLOPs) are those of the matrix products of one forward pass, two for each
multiply-and-add, with all T × T scores of attention; additions, norms, softmax and GELU are left out, as is custom.
"""

from llmlab.explorers.shape_tracer.explorer import ShapeTracer
from llmlab.explorers.shape_tracer.picture import describe, render
from llmlab.explorers.shape_tracer.steps import Step
from llmlab.explorers.shape_tracer.values import ShapeTrace, compute

__all__ = ["ShapeTrace", "ShapeTracer", "Step", "compute", "describe", "render"]
