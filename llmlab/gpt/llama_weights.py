"""Llama's and Mixtral's weights, put where they belong in our model (lesson 14).

Two things stand otherwise in Hugging Face's files than here. Queries, keys and values have a matrix each, where ours
have one for all. And rotary positions pair other numbers: theirs turn number i of a head with number i + d/2, ours
number 2i with 2i + 1. Which numbers make a pair is a matter of naming, so the rows of the query and key matrices are
put in our order; scores, and with them all that follows, stay the same.

What no weight tells has to be given to GPTConfig, from the file config.json that lies beside them: n_heads
(num_attention_heads there), norm_eps (rms_norm_eps), rope_theta, experts_per_token (num_experts_per_tok). Positions
that are scaled for longer texts (rope_scaling, Llama 3.1 and later) are not computed here.

Sources: Touvron et al. 2023, "Llama 2"; Jiang et al. 2024, "Mixtral of experts"; Su et al. 2021 for rotary positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from llmlab.gpt.config import GPTConfig
from llmlab.gpt.model import GPT
from llmlab.gpt.weights import count_layers, require_parts, require_shape, without_prefix
from llmlab.utils.arguments import require_kind
from llmlab.utils.modules import unwrapped

_NORMS = {"norm_attention": "input_layernorm", "norm_feed_forward": "post_attention_layernorm"}
_ATTENTION = {"attention.out_proj": "self_attn.o_proj"}
_QKV = tuple(f"self_attn.{name}_proj" for name in "qkv")
_FEED_FORWARD = {"gate": "gate", "expand": "up", "contract": "down"}
_EXPERT = {"gate": "w1", "expand": "w3", "contract": "w2"}
_BUFFERS = ("rotary_emb.inv_freq",)  # frequencies, which older files hold beside the weights


def load_llama_weights(model: GPT, hugging_face_state_dict: Mapping[str, Tensor]) -> None:
    """Copy the weights of a Llama, as the library `transformers` names them, into `model`.

    Args:
        model: a GPT of the same sizes, with `norm="rms"`, `mlp="swiglu"`, `positions="rotary"`, and for most files
            `bias=False`; with the `n_heads`, `norm_eps` and `rope_theta` of their config.json, which no weight tells.
        hugging_face_state_dict: of `LlamaForCausalLM`, or of another model of its architecture, such as Mistral 7B or
            Qwen 2 (which has `qkv_bias=True`).

    Raises:
        TypeError: `model` is not a GPT, or the weights are not a mapping of names to float tensors.
        KeyError: a tensor is missing.
        ValueError: shapes that differ, tensors that are left over, or a model that Llama's weights do not fit.
    """
    _load(model, hugging_face_state_dict, "a Llama", n_experts=None)


def load_mixtral_weights(model: GPT, hugging_face_state_dict: Mapping[str, Tensor]) -> None:
    """Copy the weights of a Mixtral, as the library `transformers` names them, into `model`.

    Args:
        model: as for `load_llama_weights`, and with `n_experts` and `experts_per_token`.
        hugging_face_state_dict: of `MixtralForCausalLM`, with the experts of a layer in one tensor or, as in published
            files, each by itself.

    Raises:
        TypeError: `model` is not a GPT, or the weights are not a mapping of names to float tensors.
        KeyError: a tensor is missing.
        ValueError: shapes that differ, tensors that are left over, or a model that Mixtral's weights do not fit.
    """
    require_kind("model", unwrapped(model), GPT, "a GPT")
    n_experts = unwrapped(model).config.n_experts
    _load(model, hugging_face_state_dict, "a Mixtral", n_experts=8 if n_experts is None else n_experts)


def _load(model: GPT, state_dict: Mapping[str, Tensor], whose: str, n_experts: int | None) -> None:
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    theirs = dict(_each_expert(without_prefix(state_dict, "model.", _BUFFERS)))
    config = model.config
    require_parts(config, whose, norm="rms", mlp="swiglu", positions="rotary", n_experts=n_experts)
    if count_layers(theirs, "layers") != config.n_layers:
        raise ValueError(f"the weights are of {count_layers(theirs, 'layers')} layers, the model has {config.n_layers}")

    parameters = model.state_dict()
    names = {ours: names for ours, names in _names(config).items() if ours in parameters}
    if config.tie_weights and "lm_head.weight" not in theirs:
        names["head.weight"] = names["embedding.token.weight"]
    _require_all_used(theirs, {name for group in names.values() for name in group})
    loaded = {}
    for ours, group in names.items():
        if missing := [name for name in group if name not in theirs]:
            remedy = "are they all, from every file of the model?"
            if missing == ["lm_head.weight"]:
                remedy = "build the model with tie_weights=True, if their config.json has tie_word_embeddings true"
            raise KeyError(f"the weights have no tensor {missing[0]!r}: {remedy}")
        parts = [_in_our_order(name, theirs[name], config) for name in group]
        loaded[ours] = torch.cat(parts)
        require_shape(" with ".join(group), loaded[ours], ours, parameters[ours])
    if config.tie_weights and not torch.equal(loaded["head.weight"], loaded["embedding.token.weight"]):
        raise ValueError(
            "lm_head.weight is another table than embed_tokens.weight, and the model has one for both: build it with "
            "tie_weights=False"
        )
    model.load_state_dict(loaded)


def _names(config: GPTConfig) -> dict[str, tuple[str, ...]]:
    """For each of our tensors, theirs: several where ours holds them one above the other."""
    names: dict[str, tuple[str, ...]] = {
        "embedding.token.weight": ("embed_tokens.weight",),
        "norm.scale": ("norm.weight",),
    }
    modules: dict[str, tuple[str, ...]] = {}
    for layer in range(config.n_layers):
        ours, theirs = f"blocks.{layer}.", f"layers.{layer}."
        names |= {f"{ours}{norm}.scale": (f"{theirs}{name}.weight",) for norm, name in _NORMS.items()}
        modules |= {f"{ours}{part}": (f"{theirs}{name}",) for part, name in _ATTENTION.items()}
        modules[f"{ours}attention.qkv"] = tuple(theirs + name for name in _QKV)
        ours += "feed_forward."
        modules |= {f"{ours}{part}": (f"{theirs}mlp.{name}_proj",) for part, name in _FEED_FORWARD.items()}
        modules[f"{ours}router"] = (f"{theirs}block_sparse_moe.gate",)
        for expert in range(config.n_experts or 0):
            at = f"{theirs}block_sparse_moe.experts.{expert}."
            modules |= {f"{ours}experts.{expert}.{part}": (at + name,) for part, name in _EXPERT.items()}
    for kind in ("weight", "bias"):
        names |= {f"{ours}.{kind}": tuple(f"{name}.{kind}" for name in group) for ours, group in modules.items()}
    return names | {"head.weight": ("lm_head.weight",)}


def _in_our_order(name: str, tensor: Tensor, config: GPTConfig) -> Tensor:
    """Rows of queries and keys so that the pairs that are turned stand side by side, other tensors as they are."""
    if ".self_attn.q_proj." not in name and ".self_attn.k_proj." not in name:
        return tensor
    if tensor.shape[0] % config.d_head:
        raise ValueError(
            f"{name} has {tensor.shape[0]} rows, which heads of {config.d_head} do not divide: compare d_model and "
            "n_heads of the GPTConfig with hidden_size, num_attention_heads and head_dim of their config.json"
        )
    halves = tensor.unflatten(0, (-1, 2, config.d_head // 2))  # (heads, 2, d/2, ...): the first of all pairs, then ...
    return halves.transpose(1, 2).flatten(0, 2)  # (heads · d/2 · 2, ...): ... now each first beside its second


def _each_expert(theirs: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Names as in published files of Mixtral, where each expert has tensors of its own."""
    for name, tensor in theirs.items():
        layer, _, part = name.partition(".mlp.")
        at = f"{layer}.block_sparse_moe."
        if part == "gate.weight":
            yield f"{at}{part}", tensor
        elif part == "experts.gate_up_proj":  # (n_experts, 2 · d_ff, D)
            for number, both in enumerate(tensor):
                for matrix, rows in zip(("w1", "w3"), both.chunk(2), strict=True):
                    yield f"{at}experts.{number}.{matrix}.weight", rows
        elif part == "experts.down_proj":  # (n_experts, D, d_ff)
            for number, rows in enumerate(tensor):
                yield f"{at}experts.{number}.w2.weight", rows
        else:
            yield name, tensor


def _require_all_used(theirs: Mapping[str, Tensor], used: set[str]) -> None:
    left_over = [name for name in theirs if name not in used and not name.endswith(_BUFFERS)]
    if not left_over:
        return
    remedy = "is it another architecture, or are its layers adapted? Merge adapters first"
    if left_over[0].endswith(".bias"):
        remedy = "build the model with qkv_bias=True for those of queries, keys and values, bias=True for all others"
    elif ".experts." in left_over[0] or "block_sparse_moe" in left_over[0]:
        remedy = "build the model with n_experts as many as there are, and use load_mixtral_weights"
    raise ValueError(f"the weights hold {left_over[0]!r}, for which the model has no place: {remedy}")
