"""The block, the whole model, and what its heads look at; the parts of a block stand in the modules beside this one.

Sources: Radford et al. 2019, "Language models are unsupervised multitask learners"; Press and Wolf 2017 for tied
weights; Su et al. 2021 for rotary positions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from llmlab.attention import KVCache, MultiHeadAttention
from llmlab.attention._cache import restores_cache
from llmlab.embeddings import InputEmbedding
from llmlab.gpt.config import GPTConfig, require_config
from llmlab.gpt.experts import Experts
from llmlab.gpt.feed_forward import feed_forward_of
from llmlab.gpt.norms import norm_of
from llmlab.utils.arguments import require_kind
from llmlab.utils.modules import unwrapped


class TransformerBlock(nn.Module):
    """Attention, then feed-forward: each reads a normed copy of the stream of vectors and adds its result to it."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        require_config(config)
        self.norm_attention = norm_of(config)
        self.attention = MultiHeadAttention(
            config.d_model,
            config.d_model,
            config.context_length,
            config.n_heads,
            dropout=config.dropout,
            qkv_bias=config.qkv_bias,
            n_kv_heads=config.n_kv_heads,
            out_bias=config.bias,
            rope_theta=config.rope_theta if config.positions == "rotary" else None,
        )
        self.norm_feed_forward = norm_of(config)
        self.feed_forward = feed_forward_of(config) if config.n_experts is None else Experts(config)
        self.dropout = nn.Dropout(config.dropout)

    @restores_cache
    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
        positions: Tensor | int | None = None,
    ) -> Tensor:
        """(B, T, D) -> (B, T, D); mask, cache and, where they are rotary, positions as in `MultiHeadAttention`."""
        x = x + self.dropout(self.attention(self.norm_attention(x), mask, cache=cache, positions=positions))
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))


class GPT(nn.Module):
    """Token ids to logits: for every position, a score for each token of the vocabulary to come next.

    The parts are those that the config names, by default GPT-2's. Weights start from N(0, 0.02²), those that add to the
    stream smaller by √(2 · n_layers), as in GPT-2; they are drawn from PyTorch's global generator.

    >>> model = GPT(GPTConfig(vocab_size=11, context_length=7, d_model=12, n_heads=3, n_layers=2))
    >>> model(torch.tensor([[1, 5, 2, 10], [0, 0, 3, 9]])).shape
    torch.Size([2, 4, 11])
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        require_config(config)
        self.config = config
        self.embedding = InputEmbedding(
            config.vocab_size,
            config.d_model,
            config.context_length,
            positions="learned" if config.positions == "learned" else None,  # rotary ones are the layers' own
            dropout=config.dropout,
        )
        self.blocks = nn.ModuleList(TransformerBlock(config) for _ in range(config.n_layers))
        self.norm = norm_of(config)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self._start_small()
        if config.tie_weights:
            self.head.weight = self.embedding.token.weight

    @torch.no_grad()
    def _start_small(self) -> None:
        """Logits near 0 at first, so that the first loss is about ln V: no token is preferred before training."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                module.weight.normal_(std=0.02)
            if isinstance(module, nn.Linear) and module.bias is not None:
                module.bias.zero_()
        for name, weight in self.blocks.named_parameters():
            if name.endswith(("out_proj.weight", "contract.weight")):  # what adds to the stream
                weight.div_(math.sqrt(2 * self.config.n_layers))

    @restores_cache
    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
        *,
        positions: Tensor | int | None = None,
    ) -> Tensor:
        """(B, T) token ids -> (B, T, V) logits.

        Args:
            ids: int64, (B, T); with a cache, only the tokens that it does not hold yet.
            mask: bool, broadcastable to (B, T, T_key), True = may attend; combined with the causal one by AND.
            cache: what earlier calls have computed; this one adds to it.
            positions: the position of the first token, or of each, integers (T,) or (B, T); None counts on from the
                cache.

        Raises:
            TypeError: ids that are not a tensor of integers.
            ValueError: an id outside the vocabulary, more tokens than fit in the context, or shapes that do not fit.
        """
        if positions is None and cache is not None:
            positions = len(cache)
        caches = [None] * len(self.blocks) if cache is None else cache.layers(len(self.blocks))
        x = self.embedding(ids, at=positions)  # (B, T, D)
        if self.config.positions == "learned":
            positions = None  # they are in the vectors now
        for block, layer_cache in zip(self.blocks, caches, strict=True):
            x = block(x, mask, layer_cache, positions)  # (B, T, D)
        return self.head(self.norm(x))  # (B, T, V)


@torch.no_grad()
def attention_maps(model: GPT, ids: Tensor) -> Tensor:
    """What every head of every layer looks at: (..., T) token ids -> (..., n_layers, H, T, T), rows sum to 1 where no
    dropout is at work.

    >>> model = GPT(GPTConfig(vocab_size=11, context_length=7, d_model=12, n_heads=3, n_layers=2)).eval()
    >>> attention_maps(model, torch.tensor([[1, 5, 2, 10]])).shape
    torch.Size([1, 2, 3, 4, 4])
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    found, x = [], model.embedding(ids)  # (B, T, D)
    for block in cast("Iterable[TransformerBlock]", model.blocks):
        _, weights = block.attention(block.norm_attention(x), return_weights=True)  # (B, H, T, T)
        found.append(weights)
        x = block(x)
    return torch.stack(found, dim=-4)
