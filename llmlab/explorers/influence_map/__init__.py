"""The influence map (lessons 07 and 08): perturb a token and see which outputs move.

It drives the learner's `attend`, or one of twelve versions of it with a single wrong line (`llmlab.attention._bugs`).
A cell of the map holds how far output i moves when token j is perturbed. What the map cannot see, three more looks do.
"""

from llmlab.explorers.influence_map.explorer import InfluenceMap
from llmlab.explorers.influence_map.measuring import attend_with_mask
from llmlab.explorers.influence_map.picture import render
from llmlab.explorers.influence_map.values import InfluenceTrace, compute
from llmlab.explorers.influence_map.words import describe

__all__ = ["InfluenceMap", "InfluenceTrace", "attend_with_mask", "compute", "describe", "render"]
