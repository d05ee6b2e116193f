"""A GPT: embeddings, a stack of transformer blocks, and a head that turns vectors into logits (lesson 07).

The architecture is GPT-2's, number for number: pre-norm blocks, GELU in its tanh form, learned positions, a final norm.
With its sizes, a bias in the query/key/value projection and tied weights, `GPT` has its 124,439,808 parameters and
computes its logits.

What is not here: the loss and the loop (`llmlab.training`), choosing tokens (`llmlab.generation`), and rotary
positions, which `llmlab.embeddings.apply_rope` shows.

Sources: Radford et al. 2019, "Language models are unsupervised multitask learners"; Ba et al. 2016 for the norm;
Hendrycks and Gimpel 2016 for GELU; Press and Wolf 2017 for tied weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from llmlab._checks import require_count, require_dropout, require_kind
from llmlab.attention import KVCache, MultiHeadAttention
from llmlab.embeddings import InputEmbedding


@dataclass(frozen=True)
class GPTConfig:
    """The sizes of a GPT. GPT-2's are `GPTConfig(50257, 1024, 768, 12, 12, qkv_bias=True, tie_weights=True)`.

    Args:
        vocab_size: V.
        context_length: the longest sequence that the model reads.
        d_model: D, the width of a token's vector from the first layer to the last.
        n_heads: H, the query heads of each layer; must divide `d_model`.
        n_layers: the number of blocks.
        dropout: share of the numbers dropped, in training mode, after the embedding, on attention weights, and on what
            each half of a block adds.
        qkv_bias: whether the projection to queries, keys and values adds a bias.
        n_kv_heads: heads of keys and values; None for `n_heads`, fewer for grouped-query attention.
        tie_weights: whether the head uses the token embedding's table, turned around.

    Raises:
        TypeError, ValueError: sizes that are not counts or do not divide, a switch that is neither True nor False.
    """

    vocab_size: int
    context_length: int
    d_model: int
    n_heads: int
    n_layers: int
    dropout: float = 0.0
    qkv_bias: bool = False
    n_kv_heads: int | None = None
    tie_weights: bool = False

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context_length", "d_model", "n_heads", "n_layers"):
            require_count(name, getattr(self, name))
        if self.n_kv_heads is not None:
            require_count("n_kv_heads", self.n_kv_heads)
        require_dropout(self.dropout)
        for name in ("qkv_bias", "tie_weights"):  # "no" would count as True
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.d_model % self.n_heads:
            raise ValueError(f"the heads share d_model equally: n_heads={self.n_heads} does not divide {self.d_model}")
        if self.n_heads % self.kv_heads:
            raise ValueError(f"n_kv_heads={self.n_kv_heads} does not divide n_heads={self.n_heads}")

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values, whether named or not."""
        return self.n_heads if self.n_kv_heads is None else self.n_kv_heads


class LayerNorm(nn.Module):
    """Each vector with mean 0 and variance 1, then stretched and moved by two trained vectors.

    scale · (x - mean) / √(variance + eps) + shift, over the last axis, with the variance divided by D (not by D - 1).
    PyTorch's function computes it in one pass; lesson 07 writes it out.
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        require_count("d_model", d_model)
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(d_model))
        self.shift = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        _require_vectors(x, len(self.scale))
        return F.layer_norm(x, self.scale.shape, self.scale, self.shift, self.eps)


class FeedForward(nn.Module):
    """Each vector by itself, out to four times the width, through GELU, and back: (..., D) -> (..., D)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        require_count("d_model", d_model)
        self.expand = nn.Linear(d_model, 4 * d_model)
        self.contract = nn.Linear(4 * d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        _require_vectors(x, self.expand.in_features)
        return self.contract(F.gelu(self.expand(x), approximate="tanh"))


class TransformerBlock(nn.Module):
    """Attention, then feed-forward: each reads a normed copy of the stream of vectors and adds its result to it."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        _require_config(config)
        self.norm_attention = LayerNorm(config.d_model)
        self.attention = MultiHeadAttention(
            config.d_model,
            config.d_model,
            config.context_length,
            config.n_heads,
            dropout=config.dropout,
            qkv_bias=config.qkv_bias,
            n_kv_heads=config.n_kv_heads,
        )
        self.norm_feed_forward = LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, cache: KVCache | None = None) -> Tensor:
        """(B, T, D) -> (B, T, D); mask and cache as in `MultiHeadAttention`."""
        x = x + self.dropout(self.attention(self.norm_attention(x), mask, cache=cache))
        return x + self.dropout(self.feed_forward(self.norm_feed_forward(x)))


class GPT(nn.Module):
    """Token ids to logits: for every position, a score for each token of the vocabulary to come next.

    Weights start from N(0, 0.02²), those that add to the stream smaller by √(2 · n_layers), as in GPT-2; they are drawn
    from PyTorch's global generator.

    >>> model = GPT(GPTConfig(vocab_size=11, context_length=7, d_model=12, n_heads=3, n_layers=2))
    >>> model(torch.tensor([[1, 5, 2, 10], [0, 0, 3, 9]])).shape
    torch.Size([2, 4, 11])
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        _require_config(config)
        self.config = config
        self.embedding = InputEmbedding(
            config.vocab_size, config.d_model, config.context_length, dropout=config.dropout
        )
        self.blocks = nn.ModuleList(TransformerBlock(config) for _ in range(config.n_layers))
        self.norm = LayerNorm(config.d_model)
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
        for block in self.blocks:
            for adds in (block.attention.out_proj, block.feed_forward.contract):
                adds.weight /= math.sqrt(2 * self.config.n_layers)

    def forward(
        self,
        ids: Tensor,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
        *,
        positions: Tensor | None = None,
    ) -> Tensor:
        """(B, T) token ids -> (B, T, V) logits.

        Args:
            ids: int64, (B, T); with a cache, only the tokens that it does not hold yet.
            mask: bool, broadcastable to (B, T, T_key), True = may attend; combined with the causal one by AND.
            cache: what earlier calls have computed; this one adds to it.
            positions: the position of each token, integers (T,) or (B, T); None counts on from the cache.

        Raises:
            TypeError: ids that are not a tensor of integers.
            ValueError: an id outside the vocabulary, more tokens than fit in the context, or shapes that do not fit.
        """
        start = 0 if cache is None else len(cache)
        if positions is None and isinstance(ids, Tensor) and ids.dim():  # the embedding refuses all others
            positions = torch.arange(start, start + ids.shape[-1], device=ids.device)
        caches = [None] * len(self.blocks) if cache is None else cache.layers(len(self.blocks))
        x = self.embedding(ids, at=positions)  # (B, T, D)
        for block, layer_cache in zip(self.blocks, caches, strict=True):
            x = block(x, mask, layer_cache)  # (B, T, D)
        return self.head(self.norm(x))  # (B, T, V)


@torch.no_grad()
def attention_maps(model: GPT, ids: Tensor) -> Tensor:
    """What every head of every layer looks at: (B, T) token ids -> (B, n_layers, H, T, T), rows sum to 1 where no
    dropout is at work.

    >>> model = GPT(GPTConfig(vocab_size=11, context_length=7, d_model=12, n_heads=3, n_layers=2)).eval()
    >>> attention_maps(model, torch.tensor([[1, 5, 2, 10]])).shape
    torch.Size([1, 2, 3, 4, 4])
    """
    require_kind("model", model, GPT, "a GPT")
    found, x = [], model.embedding(ids)  # (B, T, D)
    for block in model.blocks:
        _, weights = block.attention(block.norm_attention(x), return_weights=True)  # (B, H, T, T)
        found.append(weights)
        x = block(x)
    return torch.stack(found, dim=1)


@dataclass(frozen=True)
class ParameterCount:
    """Trained numbers of a GPT, part by part; `attention`, `feed_forward` and `norms` are those of all layers."""

    token_embedding: int
    position_embedding: int
    attention: int
    feed_forward: int
    norms: int
    head: int

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return sum(astuple(self))


def count_parameters(config: GPTConfig) -> ParameterCount:
    """Count the parameters of `GPT(config)` without building it. Tied weights count once, as the token embedding.

    >>> gpt2 = GPTConfig(50257, 1024, 768, n_heads=12, n_layers=12, qkv_bias=True, tie_weights=True)
    >>> count_parameters(gpt2).total
    124439808
    """
    _require_config(config)
    V, T, D, layers = config.vocab_size, config.context_length, config.d_model, config.n_layers
    qkv = D + 2 * config.kv_heads * (D // config.n_heads)  # numbers that the fused projection makes of a vector
    return ParameterCount(
        token_embedding=V * D,
        position_embedding=T * D,
        attention=layers * (D * qkv + config.qkv_bias * qkv + D * D + D),
        feed_forward=layers * (D * 4 * D + 4 * D + 4 * D * D + D),
        norms=(2 * layers + 1) * 2 * D,
        head=0 if config.tie_weights else D * V,
    )


def _require_config(config: GPTConfig) -> None:
    if not isinstance(config, GPTConfig):
        raise TypeError(f"config must be a GPTConfig, got {type(config).__name__}: GPTConfig(vocab_size=50_257, ...)")


def _require_vectors(x: Tensor, width: int) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(f"x must be a float tensor of shape (..., {width}), got {kind}: token ids are embedded first")
    if x.shape[-1:] != (width,):
        raise ValueError(f"x must be {width} wide, shape (..., {width}), got shape {tuple(x.shape)}")


# Where our tensors stand in Hugging Face's GPT-2. Four of its weights are (in, out); `nn.Linear` has (out, in).
_OUTSIDE_THE_BLOCKS = {
    "embedding.token.weight": "wte.weight",
    "embedding.position.weight": "wpe.weight",
    "norm.scale": "ln_f.weight",
    "norm.shift": "ln_f.bias",
}
_IN_A_BLOCK = {
    "norm_attention.scale": "ln_1.weight",
    "norm_attention.shift": "ln_1.bias",
    "attention.qkv.weight": "attn.c_attn.weight",
    "attention.qkv.bias": "attn.c_attn.bias",
    "attention.out_proj.weight": "attn.c_proj.weight",
    "attention.out_proj.bias": "attn.c_proj.bias",
    "norm_feed_forward.scale": "ln_2.weight",
    "norm_feed_forward.shift": "ln_2.bias",
    "feed_forward.expand.weight": "mlp.c_fc.weight",
    "feed_forward.expand.bias": "mlp.c_fc.bias",
    "feed_forward.contract.weight": "mlp.c_proj.weight",
    "feed_forward.contract.bias": "mlp.c_proj.bias",
}
_TURNED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def load_gpt2_weights(model: GPT, hugging_face_state_dict: Mapping[str, Tensor]) -> None:
    """Copy GPT-2 weights, as the library `transformers` names them, into `model`.

    Args:
        model: a GPT of the same sizes, with `qkv_bias=True`; with tied weights, or else it gets a copy of the table.
        hugging_face_state_dict: of `GPT2Model` or `GPT2LMHeadModel`.

    Raises:
        TypeError: `model` is not a GPT, or the weights are not a mapping.
        KeyError: a tensor is missing.
        ValueError: shapes that differ, layers that are left over, or a model that GPT-2's weights do not fit.
    """
    require_kind("model", model, GPT, "a GPT")
    if not isinstance(hugging_face_state_dict, Mapping):
        raise TypeError(
            "hugging_face_state_dict must map names to tensors, as `model.state_dict()` does, "
            f"got {type(hugging_face_state_dict).__name__}"
        )
    config = model.config
    if not config.qkv_bias or config.kv_heads != config.n_heads:
        raise ValueError(
            "GPT-2 has a bias in its query/key/value projection and as many key/value heads as query heads: "
            "build the model with qkv_bias=True and without n_kv_heads"
        )
    theirs = {name.removeprefix("transformer."): tensor for name, tensor in hugging_face_state_dict.items()}
    n_layers = 1 + max((int(name.split(".")[1]) for name in theirs if name.startswith("h.")), default=-1)
    if n_layers != config.n_layers:
        raise ValueError(f"the weights are of {n_layers} layers, the model has {config.n_layers}")

    names = dict(_OUTSIDE_THE_BLOCKS)
    for layer in range(config.n_layers):
        names |= {f"blocks.{layer}.{ours}": f"h.{layer}.{name}" for ours, name in _IN_A_BLOCK.items()}
    names["head.weight"] = "lm_head.weight" if "lm_head.weight" in theirs else "wte.weight"

    loaded = {}
    for ours, parameter in model.state_dict().items():
        name = names[ours]
        if name not in theirs:
            raise KeyError(f"the weights have no tensor {name!r}: are they GPT-2's, from `model.state_dict()`?")
        tensor = theirs[name].T if name.endswith(_TURNED) else theirs[name]
        if tensor.shape != parameter.shape:
            raise ValueError(
                f"{name} makes a tensor of shape {tuple(tensor.shape)}, the model expects {tuple(parameter.shape)} "
                f"for {ours}: compare the sizes of its GPTConfig"
            )
        loaded[ours] = tensor
    model.load_state_dict(loaded)
