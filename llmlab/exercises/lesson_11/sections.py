"""Headings of lesson 11 that a misconception points to."""

POSITIONS = "A loss for every position"
SOFTMAX = "One softmax too many"
DESCENT = "Gradient descent"
LOOP = "The loop"
SCHEDULE = "Warm-up and cosine"
VALIDATION = "Training text and validation text"
CURVES = "Reading curves"
