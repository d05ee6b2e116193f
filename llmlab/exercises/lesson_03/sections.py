"""Headings of lesson 03 that a misconception points to."""

LABEL = "The next token is the label"
MANY = "One window, many predictions"
SLIDE = "Slide the window"
STRIDE = "Stride: overlap and gaps"
BATCHES = "From windows to batches"
SHUFFLE = "Shuffle and the last batch"
ONE_SHIFT = "One shift, not two"
