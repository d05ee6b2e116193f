"""Generating text: from logits to a chosen token, one token at a time, with a cache (lessons 12 and 13).

    ids = generate(model, torch.tensor([tokenizer.encode("The queen")]), max_new_tokens=20)

Each step computes logits for the last position, turns them into probabilities (temperature, then top-k, then top-p) and
draws from them. With the cache a step computes one token; without it, all tokens anew. Both choose the same. With
`slide=True` the text goes on past the context length, each token chosen from the newest that fit.

What is not here: beam search, penalties for repetition, speculative decoding.

Sources: Fan et al. 2018 for top-k; Holtzman et al. 2020 for top-p, "nucleus sampling".
"""

from typing import TYPE_CHECKING

from llmlab.generation.costs import cache_bytes
from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.generation._tiled import online_attention, online_softmax
    from llmlab.generation.decoding import generate
    from llmlab.generation.sampling import sampling_probabilities

__all__ = ["cache_bytes", "generate", "online_attention", "online_softmax", "sampling_probabilities"]

__getattr__, __dir__ = lazily(
    __name__,
    _tiled=["online_attention", "online_softmax"],
    decoding=["generate"],
    sampling=["sampling_probabilities"],
)
