"""Headings of lesson 09 that a misconception points to."""

NORM = "LayerNorm: every vector at the same scale"
FEED_FORWARD = "GELU and the feed-forward layer"
STREAM = "The residual stream"
BLOCK = "The pre-norm block"
LOGITS = "Logits, softmax, probabilities"
LOSS = "The first loss: ln V"
