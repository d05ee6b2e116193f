"""The shape and parameter tracer (lesson 07): every tensor of a GPT's forward pass, and what it costs."""

from llmlab.explorers.shape_tracer.explorer import ShapeTracer

__all__ = ["ShapeTracer"]
