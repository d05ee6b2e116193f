"""Byte pair encoding: learn merges from a text, then encode any text with them, as GPT-2 does (lesson 02).

A text is cut into chunks (pre-tokenization), a chunk becomes its UTF-8 bytes, and neighbouring symbols are merged in
the order in which training learned the merges. `train_bpe` learns them, `BPETokenizer` applies them, and
`BPETokenizer.gpt2()` applies GPT-2's, from the merge table that travels with the course. `gpt2_encoding()` gives the
same ids through tiktoken, which is faster and normally downloads that table when it first runs.

`training` and `encoding` hold the two. What they do in steps has modules of its own: `_special` and `_chunks` cut the
text, `_learning` finds the merges, `_merging` applies them to a chunk, `_stream` decodes ids that come one by one,
`_files` and `_foreign` read files. WordPiece, unigram models and text normalisation are not here.

The method: Gage 1994 (compression), Sennrich et al. 2016 (words), Radford et al. 2019 (bytes and the pattern).
"""

from llmlab.bpe._gpt2 import GPT2_PATTERN, gpt2_encoding
from llmlab.bpe.encoding import BPETokenizer
from llmlab.bpe.training import train_bpe

__all__ = ["GPT2_PATTERN", "BPETokenizer", "gpt2_encoding", "train_bpe"]
