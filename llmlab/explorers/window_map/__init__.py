"""The window map (lesson 03): stride, context length, batch size, shuffle and drop_last over a line of text.

The learner's function is handed positions 0, 1, 2 ... instead of token ids. What comes back then says by itself where
in the text each input and each target lies, so a target that is shifted twice shows as a bar two rows lower.
"""

from llmlab.explorers.window_map.explorer import WindowMap
from llmlab.explorers.window_map.picture import describe, render
from llmlab.explorers.window_map.values import WindowTrace, compute

__all__ = ["WindowMap", "WindowTrace", "compute", "describe", "render"]
