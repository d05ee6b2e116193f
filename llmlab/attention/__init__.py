"""Attention: from similarity scores to multi-head causal attention with a cache (lessons 06 to 08).

A ladder. `simplified_attention` has no weights to train; `scaled_dot_product_attention` is the whole method in one
function; `SelfAttention` makes queries, keys and values from one input; `CausalAttention` hides the future;
`MultiHeadAttention` asks several questions at once, and is what the GPT of lesson 09 is built from.

Shapes: `B` batch, `T` tokens, `D` width, `H` heads; leading dimensions are free. Weights are (..., T_query, T_key),
every row sums to 1, and a row that may attend to nothing is zeros. Masks are bool, True = may attend.

There is no positional information in here, unless `MultiHeadAttention` is built with `rope_theta` (lesson 14), and no
cross-attention module: `scaled_dot_product_attention` takes queries from one sequence and keys and values from another.

Sources: Vaswani et al. 2017, "Attention is all you need"; Shazeer 2019 and Ainslie et al. 2023 for fewer key and value
heads; the ladder is that of Raschka, "Build a Large Language Model (From Scratch)", chapter 3.
"""

from llmlab.attention._cache import KVCache
from llmlab.attention._influence import influence_map
from llmlab.attention._masks import causal_mask, padding_mask, prefix_mask
from llmlab.attention.functions import AttentionResult, scaled_dot_product_attention, simplified_attention
from llmlab.attention.modules import CausalAttention, MultiHeadAttention, SelfAttention

__all__ = [
    "AttentionResult",
    "CausalAttention",
    "KVCache",
    "MultiHeadAttention",
    "SelfAttention",
    "causal_mask",
    "influence_map",
    "padding_mask",
    "prefix_mask",
    "scaled_dot_product_attention",
    "simplified_attention",
]
