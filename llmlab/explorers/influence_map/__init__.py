"""The influence map (lesson 06): perturb a token and see which outputs move."""

from llmlab.explorers.influence_map.explorer import InfluenceMap

__all__ = ["InfluenceMap"]
