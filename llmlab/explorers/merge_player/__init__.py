"""The merge player (lesson 02): byte pair encoding on one line of text, merge by merge, forwards and backwards."""

from llmlab.explorers.merge_player.explorer import MergePlayer

__all__ = ["MergePlayer"]
