"""Headings of lesson 09 that a misconception points to."""

NORM = "LayerNorm: every vector at the same scale"
STREAM = "The residual stream"
BLOCK = "The pre-norm block"
LOGITS = "Logits, softmax, probabilities"
LOSS = "The first loss: ln V"
TYING = "Weight tying"
