"""The cache meter (lesson 13): the memory that keys and values take while a model generates.

Nothing is built here: the bytes follow from the sizes alone. The weights beside the cache are those of a GPT with
blocks as in lesson 09 (fewer key and value heads make two of its projections smaller), a vocabulary of 32,000 with tied
weights, 16 bits per number. 1 GB is 10⁹ bytes.
"""

from llmlab.explorers.cache_meter.explorer import CacheMeter
from llmlab.explorers.cache_meter.picture import describe, render
from llmlab.explorers.cache_meter.values import CacheTrace, Variant, compute

__all__ = ["CacheMeter", "CacheTrace", "Variant", "compute", "describe", "render"]
