"""GPT-2's published weights, put where they belong in our model."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from llmlab.gpt.config import GPTConfig
from llmlab.gpt.model import GPT
from llmlab.utils.arguments import require_kind
from llmlab.utils.modules import unwrapped

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
_BUFFERS = ("attn.bias", "attn.masked_bias")  # causal masks, which older files hold beside the weights
_TURNED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def load_gpt2_weights(model: GPT, hugging_face_state_dict: Mapping[str, Tensor]) -> None:
    """Copy GPT-2 weights, as the library `transformers` names them, into `model`.

    Args:
        model: a GPT of the same sizes, with `qkv_bias=True`; with tied weights, or else it gets a copy of the table.
        hugging_face_state_dict: of `GPT2Model` or `GPT2LMHeadModel`.

    Raises:
        TypeError: `model` is not a GPT, or the weights are not a mapping of names to float tensors.
        KeyError: a tensor is missing.
        ValueError: shapes that differ, tensors that are left over, or a model that GPT-2's weights do not fit.
    """
    model = unwrapped(model)
    require_kind("model", model, GPT, "a GPT")
    theirs = without_prefix(hugging_face_state_dict)
    config = model.config
    if not config.qkv_bias or config.kv_heads != config.n_heads:
        raise ValueError(
            "GPT-2 has a bias in its query/key/value projection and as many key/value heads as query heads: "
            "build the model with qkv_bias=True and without n_kv_heads"
        )
    require_parts(config, "GPT-2", norm="layer", mlp="gelu", positions="learned", bias=True, n_experts=None)
    if count_layers(theirs) != config.n_layers:
        raise ValueError(f"the weights are of {count_layers(theirs)} layers, the model has {config.n_layers}")

    names = dict(_OUTSIDE_THE_BLOCKS)
    for layer in range(config.n_layers):
        names |= {f"blocks.{layer}.{ours}": f"h.{layer}.{name}" for ours, name in _IN_A_BLOCK.items()}
    has_head = "lm_head.weight" in theirs
    names["head.weight"] = "lm_head.weight" if has_head else "wte.weight"
    _require_all_used(theirs, {*names.values(), "lm_head.weight"})

    loaded = {}
    for ours, parameter in model.state_dict().items():
        name = names[ours]
        if name not in theirs:
            raise KeyError(f"the weights have no tensor {name!r}: are they GPT-2's, from `model.state_dict()`?")
        loaded[ours] = theirs[name].T if name.endswith(_TURNED) else theirs[name]
        require_shape(name, loaded[ours], ours, parameter)
    if config.tie_weights and has_head and not torch.equal(theirs["lm_head.weight"], theirs["wte.weight"]):
        raise ValueError(
            "lm_head.weight is another table than wte.weight, and the model has one for both: build it with "
            "tie_weights=False"
        )
    model.load_state_dict(loaded)


def without_prefix(
    state_dict: Mapping[str, Tensor], prefix: str = "transformer.", buffers: tuple[str, ...] = _BUFFERS
) -> dict[str, Tensor]:
    """The tensors by the names of `GPT2Model`: `GPT2LMHeadModel` puts "transformer." in front."""
    is_named = isinstance(state_dict, Mapping) and all(isinstance(name, str) for name in state_dict)
    if not is_named or not all(isinstance(tensor, Tensor) for tensor in state_dict.values()):
        raise TypeError(
            "hugging_face_state_dict must map names to tensors, as `model.state_dict()` does, "
            f"got {type(state_dict).__name__}"
        )
    for name, tensor in state_dict.items():
        if not tensor.is_floating_point() and not name.endswith(buffers):
            raise TypeError(f"{name} must be a float tensor, got {tensor.dtype}: weights are not whole numbers")
    return {name.removeprefix(prefix): tensor for name, tensor in state_dict.items()}


def count_layers(theirs: Mapping[str, Tensor], called: str = "h") -> int:
    """One more than the largest N among names of the form "h.N.…"."""
    found = (re.match(rf"{called}\.(\d+)\.", name) for name in theirs)
    return 1 + max((int(match[1]) for match in found if match), default=-1)


def require_parts(config: GPTConfig, whose: str, **parts: str | bool | int | None) -> None:
    """Raise unless a model has the parts that these weights are of."""
    wrong = {name: getattr(config, name) for name, value in parts.items() if getattr(config, name) != value}
    if wrong:
        raise ValueError(
            f"{whose} has {_listed({name: parts[name] for name in wrong})}, and the model was built with "
            f"{_listed(wrong)}: build it as {whose} is"
        )


def require_shape(name: str, tensor: Tensor, ours: str, parameter: Tensor) -> None:
    """Raise unless their tensor `name` fits our `parameter`."""
    if tensor.shape != parameter.shape:
        raise ValueError(
            f"{name} makes a tensor of shape {tuple(tensor.shape)}, the model expects {tuple(parameter.shape)} "
            f"for {ours}: compare the sizes of its GPTConfig"
        )


def _listed(parts: Mapping[str, str | bool | int | None]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in parts.items())


def _require_all_used(theirs: Mapping[str, Tensor], used: set[str]) -> None:
    left_over = [name for name in theirs if name not in used and not name.endswith(_BUFFERS)]
    if left_over:
        raise ValueError(
            f"the weights hold {left_over[0]!r}, which GPT-2 does not have: is it another architecture, or are its "
            "layers adapted? Merge adapters first"
        )
