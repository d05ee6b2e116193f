"""Explorers: vary the controls, and see what your own function does (the host is `host.py`, one module an explorer)."""

from llmlab.explorers.merge_player import MergePlayer
from llmlab.explorers.tokenizer_microscope import TokenizerMicroscope
from llmlab.explorers.window_map import WindowMap

__all__ = ["MergePlayer", "TokenizerMicroscope", "WindowMap"]
