"""Embeddings: from token ids to vectors that also say where each token stands (lessons 04 and 05).

A token embedding is a table with one row per token id; looking a row up is multiplying by a one-hot vector, only
faster. Because rows know nothing of order, something has to say which place a token has: a second table (learned),
fixed waves (sinusoidal), or a rotation of queries and keys (rotary). Word vectors that are trained on their own,
word2vec's `SkipGram`, live in `_skipgram`.

Nothing here tokenizes, and nothing mixes tokens: what comes out at a place depends on that place alone.

Tokens + learned positions as in GPT-2 (Radford et al. 2019); sinusoidal positions: Vaswani et al. 2017, section 3.5
(https://arxiv.org/abs/1706.03762); rotary positions: Su et al. 2021 (https://arxiv.org/abs/2104.09864).
"""

from llmlab.embeddings._skipgram import SkipGram, SkipGramHistory
from llmlab.embeddings.positions import apply_rope, sinusoidal_positions
from llmlab.embeddings.tokens import InputEmbedding, one_hot_lookup

__all__ = ["InputEmbedding", "SkipGram", "SkipGramHistory", "apply_rope", "one_hot_lookup", "sinusoidal_positions"]
