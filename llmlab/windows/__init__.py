"""Sliding windows: from one long row of token ids to batches of inputs and targets (lesson 03).

A language model learns to predict the next token. Its training examples are windows over the token ids: the input is
`T` ids in a row, the target is the same row shifted by one. `loading` has the data set of such windows and the loader
that batches them, `counting` the arithmetic that says beforehand how many windows and batches there will be, `packing`
joins documents, `_encoding` asks a tokenizer for ids.

It does not tokenize beyond calling a tokenizer's `encode`, and it does not pad: a window is always full.

The method is the one of Raschka, "Build a Large Language Model (From Scratch)", chapter 2, kept as a view on a single
tensor rather than as a list of small ones.
"""

from typing import TYPE_CHECKING

from llmlab.utils.lazy import lazily
from llmlab.windows.counting import WindowStatistics, window_statistics
from llmlab.windows.packing import SEPARATOR, pack

if TYPE_CHECKING:
    from llmlab.windows.loading import SlidingWindowDataset, create_dataloader

__all__ = [
    "SEPARATOR",
    "SlidingWindowDataset",
    "WindowStatistics",
    "create_dataloader",
    "pack",
    "window_statistics",
]

__getattr__, __dir__ = lazily(__name__, loading=["SlidingWindowDataset", "create_dataloader"])
