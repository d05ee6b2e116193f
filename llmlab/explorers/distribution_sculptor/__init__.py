"""The distribution sculptor (lesson 09): from logits to the probabilities that the next token is drawn from."""

from llmlab.explorers.distribution_sculptor.explorer import DistributionSculptor

__all__ = ["DistributionSculptor"]
