"""The window map (lesson 03): stride, context length, batch size, shuffle and drop_last over a line of text."""

from llmlab.explorers.window_map.explorer import WindowMap

__all__ = ["WindowMap"]
