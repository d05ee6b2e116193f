"""A GPT as one writes it for speed in plain PyTorch: the peer of `benchmarks/gpt.py` for a training step.

One fused projection, `scaled_dot_product_attention`, norms without a bias, nothing checked, nothing but the forward
pass. The architecture is ours otherwise, so that a GPT's weights fit (its norms' shifts are zero at the start) and the
logits agree.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmlab.gpt import GPT, GPTConfig


class Norm(nn.Module):
    """LayerNorm with a scale and no shift."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.scale.shape, self.scale, None, 1e-5)


class Block(nn.Module):
    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        D = config.d_model
        self.n_heads = config.n_heads
        self.norm_1, self.norm_2 = Norm(D), Norm(D)
        self.qkv = nn.Linear(D, 3 * D, bias=config.qkv_bias)
        self.out = nn.Linear(D, D)
        self.expand, self.contract = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)

    def forward(self, x: Tensor) -> Tensor:
        B, T, D = x.shape
        q, k, v = self.qkv(self.norm_1(x)).split(D, dim=2)
        q, k, v = (part.view(B, T, self.n_heads, D // self.n_heads).transpose(1, 2) for part in (q, k, v))
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, d_head)
        x = x + self.out(heads.transpose(1, 2).reshape(B, T, D))
        return x + self.contract(F.gelu(self.expand(self.norm_2(x)), approximate="tanh"))


class PlainGPT(nn.Module):
    """(B, T) token ids -> (B, T, V) logits."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.tokens = nn.Embedding(config.vocab_size, config.d_model)
        self.places = nn.Embedding(config.context_length, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.norm = Norm(config.d_model)
        self.head = nn.Linear(config.d_model, config.vocab_size, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


@torch.no_grad()
def plain_gpt(ours: GPT) -> PlainGPT:
    """The plain model with our weights."""
    model = PlainGPT(ours.config)
    model.tokens.weight.copy_(ours.embedding.token.weight)
    model.places.weight.copy_(ours.embedding.position.weight)
    model.head.weight.copy_(ours.head.weight)
    model.norm.scale.copy_(ours.norm.scale)
    for plain, block in zip(model.blocks, ours.blocks, strict=True):
        plain.norm_1.scale.copy_(block.norm_attention.scale)
        plain.norm_2.scale.copy_(block.norm_feed_forward.scale)
        plain.qkv.load_state_dict(block.attention.qkv.state_dict())
        plain.out.load_state_dict(block.attention.out_proj.state_dict())
        plain.expand.load_state_dict(block.feed_forward.expand.state_dict())
        plain.contract.load_state_dict(block.feed_forward.contract.state_dict())
    return model
