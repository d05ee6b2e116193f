"""The cache meter (lesson 09): the memory that keys and values take while a model generates."""

from llmlab.explorers.cache_meter.explorer import CacheMeter

__all__ = ["CacheMeter"]
