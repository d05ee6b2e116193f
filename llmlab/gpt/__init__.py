"""A GPT: embeddings, a stack of transformer blocks, and a head that turns vectors into logits (lesson 09).

The architecture is GPT-2's, number for number: pre-norm blocks, GELU in its tanh form, learned positions, a final norm.
With its sizes, a bias in the query/key/value projection and tied weights, `GPT` has its 124,439,808 parameters and
computes its logits; `load_gpt2` reads the published files.

What is not here: the loss and the loop (`llmlab.training`), choosing tokens (`llmlab.generation`), and rotary
positions, which `llmlab.embeddings.apply_rope` shows.

Sources: Radford et al. 2019, "Language models are unsupervised multitask learners"; Ba et al. 2016 for the norm;
Hendrycks and Gimpel 2016 for GELU; Press and Wolf 2017 for tied weights.
"""

from typing import TYPE_CHECKING

from llmlab.gpt.config import GPTConfig
from llmlab.gpt.costs import ParameterCount, count_parameters
from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.gpt.model import GPT, FeedForward, LayerNorm, TransformerBlock, attention_maps
    from llmlab.gpt.pretrained import load_gpt2
    from llmlab.gpt.weights import load_gpt2_weights

__all__ = [
    "GPT",
    "FeedForward",
    "GPTConfig",
    "LayerNorm",
    "ParameterCount",
    "TransformerBlock",
    "attention_maps",
    "count_parameters",
    "load_gpt2",
    "load_gpt2_weights",
]

__getattr__, __dir__ = lazily(
    __name__,
    model=["GPT", "FeedForward", "LayerNorm", "TransformerBlock", "attention_maps"],
    pretrained=["load_gpt2"],
    weights=["load_gpt2_weights"],
)
