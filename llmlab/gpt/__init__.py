"""A GPT: embeddings, a stack of transformer blocks, and a head that turns vectors into logits (lessons 09, 10, 14).

The architecture is GPT-2's, number for number: pre-norm blocks, GELU in its tanh form, learned positions, a final norm.
With its sizes, a bias in the query/key/value projection and tied weights, `GPT` has its 124,439,808 parameters and
computes its logits; `load_gpt2` reads the published files.

What changed since is a field of `GPTConfig` each: RMSNorm, SwiGLU, rotary positions, fewer key and value heads, no
biases, a mixture of experts. With the first five, `GPT` is a Llama, with all of them a Mixtral: the logits are equal
(`load_llama_weights`, `load_mixtral_weights`).

What is not here: the loss and the loop (`llmlab.training`), and choosing tokens (`llmlab.generation`).

Sources stand in the modules: `model`, `norms`, `feed_forward`, `experts`, `weights`, `llama_weights`.
"""

from typing import TYPE_CHECKING

from llmlab.gpt.config import GPTConfig
from llmlab.gpt.costs import OperationCount, ParameterCount, count_operations, count_parameters
from llmlab.utils.lazy import lazily

if TYPE_CHECKING:
    from llmlab.gpt.experts import Experts, balance_loss, expert_loads, route
    from llmlab.gpt.feed_forward import FeedForward, SwiGLU
    from llmlab.gpt.llama_weights import load_llama_weights, load_mixtral_weights
    from llmlab.gpt.model import GPT, TransformerBlock, attention_maps
    from llmlab.gpt.norms import LayerNorm, RMSNorm
    from llmlab.gpt.pretrained import load_gpt2
    from llmlab.gpt.weights import load_gpt2_weights

__all__ = [
    "GPT",
    "Experts",
    "FeedForward",
    "GPTConfig",
    "LayerNorm",
    "OperationCount",
    "ParameterCount",
    "RMSNorm",
    "SwiGLU",
    "TransformerBlock",
    "attention_maps",
    "balance_loss",
    "count_operations",
    "count_parameters",
    "expert_loads",
    "load_gpt2",
    "load_gpt2_weights",
    "load_llama_weights",
    "load_mixtral_weights",
    "route",
]

__getattr__, __dir__ = lazily(
    __name__,
    experts=["Experts", "balance_loss", "expert_loads", "route"],
    feed_forward=["FeedForward", "SwiGLU"],
    llama_weights=["load_llama_weights", "load_mixtral_weights"],
    model=["GPT", "TransformerBlock", "attention_maps"],
    norms=["LayerNorm", "RMSNorm"],
    pretrained=["load_gpt2"],
    weights=["load_gpt2_weights"],
)
