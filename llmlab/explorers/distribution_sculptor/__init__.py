"""The distribution sculptor (lesson 12): from logits to the probabilities that the next token is drawn from.

The logits are those of a counted model: the logarithm of how often each token followed the last two words in the toy
world's text, mixed with how often it followed the last one and how often it stands anywhere, so that every token has a
chance. Such a model has the long tail that trained ones have too, and knows which tokens have never come next.
"""

from llmlab.explorers.distribution_sculptor.counted import CONTEXTS, counted_model
from llmlab.explorers.distribution_sculptor.explorer import DistributionSculptor
from llmlab.explorers.distribution_sculptor.picture import describe, render
from llmlab.explorers.distribution_sculptor.values import SculptorTrace, compute

__all__ = ["CONTEXTS", "DistributionSculptor", "SculptorTrace", "compute", "counted_model", "describe", "render"]
