"""The merge player (lesson 02): byte pair encoding on one line of text, merge by merge, forwards and backwards.

The learner's `count_pairs` and `merge` do the work where they are written. A run over a text is kept, and grows only as
far as somebody has looked: stepping back costs nothing, and an error at merge 17 leaves merges 0 to 16 to be seen.
"""

from llmlab.explorers.merge_player.explorer import MergePlayer
from llmlab.explorers.merge_player.picture import describe, render
from llmlab.explorers.merge_player.run import CountedPair, count_by_zip, merge_left_to_right
from llmlab.explorers.merge_player.values import MergeTrace, compute

__all__ = [
    "CountedPair",
    "MergePlayer",
    "MergeTrace",
    "compute",
    "count_by_zip",
    "describe",
    "merge_left_to_right",
    "render",
]
