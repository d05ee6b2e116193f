"""Headings of lesson 04 that a misconception points to."""

LOOKUP = "One-hot times matrix is a lookup"
MOVES = "How the table starts, and which rows move"
NEIGHBOURS = "Meaning from neighbours: word2vec"
COSINE = "Near in direction: the cosine"
